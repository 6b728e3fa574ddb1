//! `liftlock explain`: the page of a finding.

use liftlock_check::{Page, pages};
use liftlock_model::near;

use crate::cli::ExplainArgs;
use crate::exit::{Exit, Problem};
use crate::terminal;

pub fn run(arguments: &ExplainArgs) -> Result<Exit, Problem> {
    let pages = pages();
    let Some(code) = arguments.rule.as_deref().filter(|_| !arguments.list) else {
        terminal::print(&list(&pages));
        return Ok(Exit::Done);
    };
    match pages.iter().find(|page| page.code.0 == code) {
        Some(page) => {
            terminal::print(page.text);
            Ok(Exit::Done)
        }
        None => {
            let known = pages.iter().map(|page| page.code.0);
            let help = match near::nearest(code, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`liftlock explain --list` lists the pages".to_owned(),
            };
            Err(Problem::usage(format!("there is no page for `{code}`")).with_help(help))
        }
    }
}

/// The rules first: they are what a project can decide about.
fn list(pages: &[Page]) -> String {
    let width = pages.iter().map(|page| page.code.0.len()).max().unwrap_or(0);
    let lines = |is_rule: bool| -> Vec<String> {
        let of_kind = pages.iter().filter(|page| page.is_rule == is_rule);
        of_kind.map(|page| format!("  {:<width$}  {}", page.code.0, page.summary())).collect()
    };
    format!(
        "rules, which `# allow CODE -- REASON` can allow:\n{}\n\neverything else that is found:\n{}",
        lines(true).join("\n"),
        lines(false).join("\n"),
    )
}
