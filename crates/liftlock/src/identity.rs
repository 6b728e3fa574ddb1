//! Who runs this process. An identity is claimed here, not proven: whoever can write to the journal can say any name.

use std::process::Command;

use liftlock_engine::Who;

/// The person and the place of this process.
pub fn who(person: Option<&str>) -> Who {
    Who {
        by: person.map(str::to_owned).or_else(git_email).or_else(user).unwrap_or_else(|| "unknown".to_owned()),
        host: host(),
        process: std::process::id(),
    }
}

fn git_email() -> Option<String> {
    let output = Command::new("git").args(["config", "user.email"]).output().ok()?;
    let email = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !email.is_empty()).then_some(email)
}

fn user() -> Option<String> {
    ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.is_empty())
}

fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "unknown".to_owned() } else { name }
}
