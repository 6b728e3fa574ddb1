//! What a first pipeline needs to know: what was found, corrected by the one who asks where there is somebody to ask.

use crate::exit::Problem;
use crate::terminal;

use super::survey::{Survey, identifier};

/// Everything that the first pipeline is written from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub name: String,
    /// In the order in which they are entered; there is at least one.
    pub environments: Vec<String>,
    /// Who may let a release into the last environment; there is at least one.
    pub approvers: Vec<String>,
}

impl Answers {
    /// What is taken where nobody answers.
    pub fn of(survey: &Survey) -> Self {
        Answers {
            name: survey.name.clone(),
            environments: ["dev", "staging", "production"].map(str::to_owned).to_vec(),
            approvers: survey.people.clone(),
        }
    }

    /// Asks for each; an empty answer takes what is proposed.
    pub fn asked(survey: &Survey) -> Result<Self, Problem> {
        let mut answers = Answers::of(survey);
        answers.name = until(&format!("what is released? [{}] ", answers.name), &answers.name, |answer| {
            let name = identifier(answer);
            if name == answer { Ok(name) } else { Err(wrong_name(answer, &name)) }
        })?;
        let path = answers.environments.join(" ");
        answers.environments =
            until(&format!("through which environments, in this order? [{path}] "), &path, |answer| {
                let names: Vec<String> = words(answer).filter(|word| *word != "->").map(str::to_owned).collect();
                if let Some(wrong) = names.iter().find(|name| identifier(name) != **name) {
                    return Err(wrong_name(wrong, &identifier(wrong)));
                }
                let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
                match (twice, names.is_empty()) {
                    (Some((_, name)), _) => Err(format!("`{name}` is there twice")),
                    (None, true) => Err("there has to be one".to_owned()),
                    (None, false) => Ok(names),
                }
            })?;
        if let [.., _, last] = answers.environments.as_slice() {
            let people = answers.approvers.join(" ");
            let question = format!("who may let it into {last}, by e-mail address? [{people}] ");
            answers.approvers = until(&question, &people, |answer| {
                let people: Vec<String> = words(answer).map(str::to_owned).collect();
                let is_odd = |person: &&String| {
                    !person.contains('@') || person.contains(['"', '\\', '$']) || person.contains(char::is_control)
                };
                match (people.iter().find(is_odd), people.is_empty()) {
                    (Some(odd), _) => Err(format!("`{}` is no address", liftlock_report::plain(odd))),
                    (None, true) => Err("there has to be somebody".to_owned()),
                    (None, false) => Ok(people),
                }
            })?;
        }
        Ok(answers)
    }
}

/// Words with blanks or commas between them.
fn words(answer: &str) -> impl Iterator<Item = &str> {
    answer.split([' ', ',', '\t']).filter(|word| !word.is_empty())
}

fn wrong_name(answer: &str, name: &str) -> String {
    let answer = liftlock_report::plain(answer);
    let instead = if name.is_empty() { String::new() } else { format!(", such as `{name}`") };
    format!("`{answer}` is no name: it takes small letters, digits and `-`{instead}")
}

/// Asks until the answer can be used.
fn until<T>(question: &str, default: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Problem> {
    loop {
        let answer = terminal::ask(question)?;
        match read(if answer.is_empty() { default } else { &answer }) {
            Ok(value) => return Ok(value),
            Err(why) => terminal::say(&why),
        }
    }
}
