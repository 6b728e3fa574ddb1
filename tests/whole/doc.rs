//! `liftlock doc`.

use std::fs;

use crate::project::{Project, repository};

#[test]
fn a_runbook_that_was_kept_says_when_the_files_say_something_else() {
    let files = ["environments.release", "storefront.release"];
    let texts = files.map(|name| fs::read_to_string(repository().join("examples/storefront").join(name)).unwrap());
    let project = Project::with(&[(files[0], &texts[0]), (files[1], &texts[1])]);
    let check = ["doc", "--out", "RUNBOOK.md", "--check"];
    let ended = project.liftlock(&check).expect(1);
    assert!(ended.stderr.contains("there is no runbook `RUNBOOK.md`"), "{}", ended.stderr);
    project.liftlock(&["doc", "--out", "RUNBOOK.md"]).expect(0);
    project.liftlock(&check).expect(0);
    let kept = fs::read_to_string(project.path("RUNBOOK.md")).unwrap();
    assert!(kept.contains("needs the word of 1 person of `release-managers`: `ada@example.com`"), "{kept}");
    assert_eq!(project.liftlock(&["doc"]).expect(0).stdout, kept, "what is printed is what is written");

    project.write("storefront.release", &texts[1].replace("need = 1", "need = 2"));
    let ended = project.liftlock(&check).expect(1);
    assert!(ended.stdout.contains("\n+  - needs the word of 2 people of"), "{}", ended.stdout);
    assert!(ended.stderr.contains("help: `liftlock doc storefront --out RUNBOOK.md` writes it"), "{}", ended.stderr);
    assert_eq!(fs::read_to_string(project.path("RUNBOOK.md")).unwrap(), kept, "`--check` writes nothing");
}

#[test]
fn a_file_that_ends_in_html_is_a_page_by_itself() {
    let texts = ["environments.release", "storefront.release"]
        .map(|name| (name, fs::read_to_string(repository().join("examples/storefront").join(name)).unwrap()));
    let project = Project::with(&[(texts[0].0, &texts[0].1), (texts[1].0, &texts[1].1)]);
    project.liftlock(&["doc", "--out", "book.html"]).expect(0);
    let page = fs::read_to_string(project.path("book.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<svg"), "{page}");
    for outside in ["<script", "<link", "@import", "url(", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
}
