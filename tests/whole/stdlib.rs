//! The standard library: each module by a pipeline of its own in `tests/stdlib`, and the servers that a machine has for real.

mod faults;
mod haproxy;
mod kubernetes;
mod local;
mod nginx;
mod oci;
mod postgres;
mod prometheus;
mod site;
mod ssh;
mod strategies;
mod terraform;
mod told;

use std::collections::BTreeSet;

use crate::project::repository;
use site::{modules, site};

#[test]
fn every_module_is_sound_and_in_the_style_and_so_is_the_pipeline_that_calls_it() {
    for module in modules() {
        let site = site(&module);
        let ended = site.liftlock(&["check", "--output", "concise", &format!("{module}.release")]).expect(0);
        assert!(ended.stdout.is_empty(), "{module}: {}", ended.stdout);
    }
    let style = site("files");
    let path = |folder: &str| repository().join(folder).to_str().unwrap().to_owned();
    style.liftlock(&["fmt", "--check", &path("stdlib"), &path("tests/stdlib")]).expect(0);
}

#[test]
fn every_procedure_of_a_module_is_called_by_its_pipeline() {
    for module in modules() {
        let text = |folder: &str| std::fs::read_to_string(repository().join(folder).join(format!("{module}.release")));
        let (library, pipeline) = (text("stdlib").unwrap(), text("tests/stdlib").unwrap());
        let procedures: BTreeSet<&str> = library.lines().filter_map(|line| line.strip_prefix("procedure ")).collect();
        assert!(!procedures.is_empty(), "{module}");
        for procedure in procedures {
            let called = format!("{module}.{}", procedure.trim_end_matches(" {"));
            let is_called = pipeline.lines().any(|line| line.trim_start().starts_with(&format!("{called} ")));
            assert!(is_called, "nothing calls `{called}`");
        }
    }
}

/// What stands in `env` is not held against what a command names, as it is for scripts.
#[test]
fn every_program_that_a_step_evaluates_is_given_to_it() {
    for module in modules() {
        let library = std::fs::read_to_string(repository().join(format!("stdlib/{module}.release"))).unwrap();
        let lines: Vec<&str> = library.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            for rest in line.split("eval \"$").skip(1) {
                let name = rest.split('"').next().unwrap();
                // From the block that it stands in to the end of that.
                let begins =
                    lines[..at].iter().rposition(|line| line.starts_with("  ") && !line.starts_with("   ")).unwrap();
                let ends = at + lines[at..].iter().position(|line| *line == "  }").unwrap();
                let given = format!("{name} ");
                let is_given = lines[begins..ends].iter().any(|line| line.contains(&given) && line.contains('='));
                assert!(is_given, "{module}.release:{}: `{name}` is not in `env`", at + 1);
            }
        }
    }
}

#[test]
fn every_module_stands_in_the_index() {
    let index = std::fs::read_to_string(repository().join("stdlib/README.md")).unwrap();
    for module in modules() {
        assert!(index.contains(&format!("| [`{module}`]({module}.release) |")), "{module} is not in stdlib/README.md");
    }
}
