//! `liftlock graph`.

use std::fs;

use crate::project::{Project, repository};

const TWO: &str = r#"environment dev {}

artifact app {
  version = "1.0.0"
  sources = ["app.txt"]
  build   = `make`
  file    = "app-1.txt"
}

pipeline one {
  promote artifact.app through dev

  deploy {
    step scale { run = `ops/scale up` }
  }
}

pipeline two { promote artifact.app through dev }
"#;

#[test]
fn the_example_is_drawn_with_the_turns_of_its_undo() {
    let files = ["environments.release", "storefront.release"];
    let texts = files.map(|name| fs::read_to_string(repository().join("examples/storefront").join(name)).unwrap());
    let project = Project::with(&[(files[0], &texts[0]), (files[1], &texts[1])]);
    let drawn = project.liftlock_with(&["graph"], &[("LC_ALL", "C")]).expect(0).stdout;
    assert!(drawn.contains("\n  dev -> staging -> * production\n"), "{drawn}");
    // The service is restarted when its configuration and the link are back, and not before.
    assert!(drawn.contains("    link current      ^1    putting back what was there\n"), "{drawn}");
    assert!(drawn.contains("    refresh service   ^3    running once more\n"), "{drawn}");
    for (format, begins) in [("mermaid", "flowchart LR\n"), ("dot", "digraph \"storefront\" {"), ("svg", "<svg xmlns=")]
    {
        let drawn = project.liftlock(&["graph", "storefront", "--format", format]).expect(0).stdout;
        assert!(drawn.starts_with(begins), "{format}: {drawn}");
    }
}

#[test]
fn what_rules_find_is_drawn_as_well() {
    let project = Project::with(&[("app.release", TWO)]);
    project.liftlock(&["check"]).expect(1);
    let drawn = project.liftlock(&["graph", "one"]).expect(0).stdout;
    assert!(drawn.contains("step scale"), "{drawn}");
}

#[test]
fn which_pipeline_is_meant_has_to_be_said_for_a_picture() {
    let project = Project::with(&[("app.release", TWO)]);
    let both = project.liftlock(&["graph"]).expect(0).stdout;
    assert!(both.contains("one: app\n") && both.contains("two: app\n"), "{both}");
    let ended = project.liftlock(&["graph", "--format", "svg"]).expect(2);
    assert!(ended.stderr.contains("help: name one of `one`, `two`"), "{}", ended.stderr);
    let ended = project.liftlock(&["graph", "three"]).expect(2);
    assert!(ended.stderr.contains("there is no pipeline `three`"), "{}", ended.stderr);
    project.liftlock(&["graph", "one", "--output", "json"]).expect(2);
}
