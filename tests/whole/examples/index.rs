//! What all examples have in common.

use super::names;
use crate::project::{Project, repository};

#[test]
fn every_example_stands_in_the_index_and_has_a_readme_and_a_way_to_begin_again() {
    let folder = repository().join("examples");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for name in names() {
        assert!(index.contains(&format!("| [`{name}`]({name}/README.md) |")), "{name} is not in examples/README.md");
        let readme = std::fs::read_to_string(folder.join(&name).join("README.md")).unwrap();
        assert!(readme.lines().count() <= 100, "{name}/README.md is longer than a page or two");
        let reset = "ops/reset";
        assert!(readme.contains(reset) && folder.join(&name).join(reset).is_file(), "{name}: {reset}");
    }
}

#[test]
fn the_examples_have_no_findings_and_are_in_the_one_style() {
    let examples = repository().join("examples");
    let project = Project::with(&[]);
    for name in names() {
        let example = examples.join(&name).to_str().unwrap().to_owned();
        let ended = project.liftlock(&["check", "-C", &example, "--output", "concise"]).expect(0);
        assert_eq!(ended.stdout, "", "{name}");
        project.liftlock(&["fmt", "--check", &example]).expect(0);
    }
}
