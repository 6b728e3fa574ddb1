//! Programs that fail once, in the middle of what a procedure does.

use std::os::unix::fs::PermissionsExt as _;

use super::site::shell;
use crate::project::{Ended, Project};

/// Where in the call the program fails.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// It has done nothing.
    Before,
    /// It has done all, and says that it has not.
    After,
}

/// Puts a program in front of the real one that fails at its first call with `matching` among its arguments, once, in what
/// a step runs; what only looks is left alone.
pub fn fails_once(site: &Project, program: &str, matching: &str, when: When) {
    let real = shell(site, &format!("type -P {program}")).trim().to_owned();
    let done = match when {
        When::Before => "",
        When::After => "\"$real\" \"$@\"",
    };
    let armed = site.path(&format!("bin/{program}.armed"));
    let armed = armed.display();
    let script = format!(
        "#!/bin/sh\nreal='{real}'\ncase \"${{LIFTLOCK_KEY:+run}} $*\" in\n  ' '*) ;;\n  *'{matching}'*)\n    \
         if [ -e '{armed}' ]; then\n      /bin/rm '{armed}'\n      {done}\n      echo '{program} fails here' >&2\n      \
         exit 1\n    fi\n    ;;\nesac\nexec \"$real\" \"$@\"\n"
    );
    site.write(&format!("bin/{program}.armed"), "");
    put(site, program, &script);
}

/// Puts a program into the folder that is looked at first.
pub fn put(site: &Project, program: &str, script: &str) {
    let path = format!("bin/{program}");
    site.write(&path, script);
    std::fs::set_permissions(site.path(&path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The `PATH` with that folder in front.
pub fn path(site: &Project) -> String {
    format!("{}:{}", site.path("bin").display(), std::env::var("PATH").unwrap_or_default())
}

/// Runs the program with that folder in front of the others.
pub fn run(site: &Project, arguments: &[&str]) -> Ended {
    site.liftlock_with(arguments, &[("PATH", &path(site))])
}

/// Lets a release fail in the middle, and holds what is there against what was there.
pub fn goes_back(site: &Project, arguments: &[&str], fault: (&str, &str, When), state: &dyn Fn() -> String) {
    let before = state();
    let (program, matching, when) = fault;
    fails_once(site, program, matching, when);
    let ended = run(site, arguments).expect(1);
    assert!(ended.stdout.contains("is restored"), "{fault:?}\n{}\n{}", ended.stdout, ended.stderr);
    let armed = site.path(&format!("bin/{program}.armed"));
    assert!(!armed.exists(), "{fault:?}: it was never called");
    assert_eq!(state(), before, "{fault:?}\n{}\n{}", ended.stdout, ended.stderr);
    std::fs::remove_file(site.path(&format!("bin/{program}"))).unwrap();
}
