//! `liftlock explain`: the page of a rule.

use liftlock_check::RULES;
use liftlock_model::near;

use crate::cli::ExplainArgs;
use crate::exit::{Exit, Problem};
use crate::terminal;

pub fn run(arguments: &ExplainArgs) -> Result<Exit, Problem> {
    let Some(code) = arguments.rule.as_deref().filter(|_| !arguments.list) else {
        let lines: Vec<String> = RULES.iter().map(|rule| format!("{:<28} {}", rule.code.0, rule.summary())).collect();
        terminal::print(&lines.join("\n"));
        return Ok(Exit::Done);
    };
    match RULES.iter().find(|rule| rule.code.0 == code) {
        Some(rule) => {
            terminal::print(rule.page);
            Ok(Exit::Done)
        }
        None => {
            let known = RULES.iter().map(|rule| rule.code.0);
            let help = match near::nearest(code, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a finding without a page says all there is to say; `--list` lists the pages".to_owned(),
            };
            Err(Problem::usage(format!("there is no page for `{code}`")).with_help(help))
        }
    }
}
