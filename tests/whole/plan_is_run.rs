//! What a plan shows is what the run then does: effect by effect, and of files byte by byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use liftlock_names::Digest;
use serde_json::Value;

use crate::project::Project;

/// Every effect below a body, in the order in which they are written.
fn effects<'p>(nodes: &'p Value, found: &mut Vec<&'p Value>) {
    for node in nodes.as_array().unwrap() {
        match node.get("effect") {
            Some(effect) => found.push(effect),
            None => effects(&node.as_object().unwrap().values().next().unwrap()["body"], found),
        }
    }
}

fn text<'v>(value: &'v Value, at: &str) -> &'v str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("{at} of {value}"))
}

/// Saves a plan, runs it, and holds the one against the records of the other. Returns how many effects there are.
#[track_caller]
fn assert_run_is_plan(project: &Project, plan: &[&str], run: &[&str]) -> usize {
    project.liftlock(&[&["plan", "--quiet", "--out", "plan.json"], plan].concat()).expect(0);
    let saved: Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    project.liftlock(&[&["run", "plan.json", "--yes", "--quiet"], run].concat()).expect(0);

    let records = project.records();
    let started = &records[0]["event"];
    assert_eq!((text(started, "/event"), &started["plan_hash"]), ("run-started", &saved["hash"]));
    let mut of_effects: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in records.iter().map(|record| &record["event"]) {
        if let Some(effect) = event["effect"].as_str() {
            of_effects.entry(effect).or_default().push(event);
        }
    }
    let mut count = 0;
    for stage in saved["plan"]["waves"].as_array().unwrap().iter().flat_map(|wave| wave.as_array().unwrap()) {
        let mut planned = Vec::new();
        effects(&stage["body"], &mut planned);
        for effect in planned {
            count += 1;
            let address = text(effect, "/address");
            let done =
                of_effects.remove(address).unwrap_or_else(|| panic!("{address} was planned, and is not on record"));
            assert_is_done(project, effect, &done);
        }
    }
    assert!(of_effects.is_empty(), "not planned: {:?}", of_effects.keys());
    count
}

/// Holds one effect of the plan against what is on record of it, and against what is there now.
#[track_caller]
fn assert_is_done(project: &Project, effect: &Value, done: &[&Value]) {
    let said: Vec<&str> = done.iter().map(|event| text(event, "/event")).collect();
    let address = text(effect, "/address");
    match text(effect, "/change/change") {
        "in-place" => {
            assert_eq!(said, ["effect-in-place"], "{address}");
            assert_eq!(done[0]["state"], effect["observed"], "{address}");
        }
        "not-needed" => assert_eq!(said, ["effect-not-needed"], "{address}"),
        "diff" | "runs" | "unknown" => {
            assert_eq!(said, ["effect-started", "effect-finished"], "{address}");
            assert_eq!(done[0]["before"], effect["observed"], "{address}");
        }
        other => panic!("{address}: {other}"),
    }
    let kind = &effect["kind"];
    let after = &done[done.len() - 1]["after"];
    let found = || &effect["observed"];
    if let Some(file) = kind.get("file") {
        let (path, content) = (text(file, "/path"), text(file, "/content"));
        assert_eq!(fs::read(project.path(path)).unwrap(), content.as_bytes(), "{path}");
        let state = if said.len() == 1 { found() } else { after };
        assert_eq!(text(state, "/digest"), Digest::of(content.as_bytes()).to_string(), "{path}");
    } else if let Some(link) = kind.get("link") {
        let target = fs::read_link(project.path(text(link, "/path"))).unwrap();
        assert_eq!(target.to_str().unwrap(), text(link, "/target"));
    } else if let Some(directory) = kind.get("directory") {
        assert!(project.path(text(directory, "/path")).is_dir());
    } else if let (Some(desired), 2) = (kind.pointer("/step/desired").and_then(Value::as_str), said.len()) {
        assert_eq!(text(after, "/text"), desired, "{address}");
    }
}

/// Fifty environments of twenty effects: files in three layouts, links, folders, steps, and a refresh.
fn wide(version: &str, changed: usize) -> String {
    let mut release = "edition 2026\n\nsettings { root: path, size: int }\n\n".to_owned();
    for at in 0..50 {
        let requires = if at == 0 { "" } else { "requires = [e00], " };
        let _ = writeln!(release, "environment e{at:02} {{ {requires}root = \"srv/e{at:02}\", size = {at} }}");
    }
    let _ = writeln!(
        release,
        "\nartifact wide {{ version = \"{version}.0.0\", sources = [\"wide.release\"], build = `true`, file = \"wide.release\" }}"
    );
    let wave: Vec<String> = (1..50).map(|at| format!("e{at:02}")).collect();
    let _ = write!(
        release,
        "\npipeline wide {{\n  promote artifact.wide through e00 -> [{}]\n\n  deploy {{\n",
        wave.join(", ")
    );
    release.push_str("    directory home { path = \"${env.root}/home\" }\n");
    release.push_str("    link current { path = \"${env.root}/current\", target = \"home\" }\n");
    for at in 0..16 {
        let says = if at < changed { version } else { "always" };
        let (end, content) = match at % 4 {
            0 => ("json", format!("{{\\\"size\\\": ${{env.size}}, \\\"says\\\": \\\"{says}\\\"}}\\n")),
            1 => ("yaml", format!("says: {says}\\nsize: ${{env.size}}\\n")),
            2 => ("txt", format!("{says} without an end")),
            _ => ("conf", format!("a\\nb\\n\\tsays = {says} # äöü\\nc = ${{env.size}}\\n")),
        };
        let _ = writeln!(
            release,
            "    file f{at:02} {{ path = \"${{env.root}}/home/f{at:02}.{end}\", content = \"{content}\" }}"
        );
    }
    let _ = write!(
        release,
        "    step note {{\n      observe = `cat ${{env.root}}/note`\n      desired = \"{version}\"\n      \
         env = {{ NOTE = \"${{env.root}}/note\" }}\n      run = ```sh\n        printf {version} > \"$NOTE\"\n      ```\n      \
         rollback = `cp nothing ${{env.root}}/note`\n    }}\n    \
         refresh service {{ run = `touch ${{env.root}}/refreshed` }}\n  }}\n  verify {{ command there {{ run = `test -d ${{env.root}}/home` }} }}\n}}\n"
    );
    release
}

#[test]
fn a_thousand_effects_over_fifty_environments_are_done_as_they_were_planned() {
    let project = Project::with(&[("wide.release", &wide("1", 16))]);
    for at in 0..50 {
        // What the step looks at is there from the beginning.
        project.write(&format!("srv/e{at:02}/note"), "nothing");
    }
    assert_eq!(assert_run_is_plan(&project, &[], &[]), 1000);
    // The second release changes little, and the third nothing.
    project.write("wide.release", &wide("2", 3));
    assert_eq!(assert_run_is_plan(&project, &[], &[]), 1000);
    let plan = project.liftlock(&["plan"]).expect(0).stdout;
    assert!(plan.contains("nothing to do: "), "{plan}");
    project.write("wide.release", &wide("3", 16));
    let plan = project.liftlock(&["plan"]).expect(0).stdout;
    assert!(plan.contains("50 environments, 900 changes, 100 in place, 0 unknown"), "{plan}");
    let markdown = project.liftlock(&["plan", "--output", "markdown"]).expect(0).stdout;
    assert!(markdown.len() < 65_536, "{}", markdown.len());
}

#[test]
fn the_storefront_is_released_as_it_was_planned() {
    let project = Project::storefront();
    let run = ["--as", "ada@example.com", "--approve", "go"];
    assert_eq!(assert_run_is_plan(&project, &["--values", "releases/1.0.0.toml"], &run), 18);
    assert_eq!(assert_run_is_plan(&project, &["--values", "releases/1.1.0.toml"], &run), 18);
}
