//! Looking before anything happens: plans in their forms, what differs, what was changed by hand.

use std::process::Command;

use crate::project::Project;

/// Two environments, a gate that the clock opens, and a few files.
const RELEASE: &str = r#"edition 2026

settings {
  root: path
  workers: int
}

environment dev {
  root    = "dev"
  workers = 2
}

environment production {
  requires  = [dev]
  protected = true
  root      = "production"
  workers   = 8
}

calendar never {
  zone  = "Europe/Berlin"
  deny  = [freeze(from: 2020-01-01, to: 2020-01-02, reason: "long over"), freeze(from: 2000-01-01, to: 2999-12-31, reason: "for good")]
}

calendar always { zone = "Europe/Berlin" }

input version: semver = "1.0.0"

artifact app {
  version = input.version
  sources = ["app.txt"]
  env     = { VERSION = version }
  build   = `cp app.txt app-${version}.txt`
  file    = "app-${version}.txt"
}

pipeline app {
  promote artifact.app through dev -> production

  before dev        { window open { calendar = calendar.always } }
  before production { window shut { calendar = calendar.never } }
  verify { command there { run = `test -d ${env.root}` } }

  deploy {
    directory data { path = "${env.root}/data" }
    file config {
      path    = "${env.root}/app.toml"
      content = """
        version = "${release.version}"
        workers = ${env.workers}
      """
    }
    step note {
      env      = { ROOT = env.root }
      observe  = ```sh
        test ! -e broken
        if test -e "$ROOT/note"; then cat "$ROOT/note"; else echo absent; fi
      ```
      desired  = "noted"
      run      = ```sh
        printf noted > "$ROOT/note"
      ```
      rollback = `rm -f ${env.root}/note`
    }
  }
}
"#;

fn project() -> Project {
    Project::with(&[("app.release", RELEASE), ("app.txt", "app\n")])
}

#[test]
fn a_window_says_whether_it_is_open() {
    let plan = project().liftlock(&["plan"]).expect(0).stdout;
    assert!(plan.contains("gate open: at any hour") && plan.contains("      open now\n"), "{plan}");
    assert!(plan.contains("closed: frozen until the end of 2999-12-31: for good; it does not open"), "{plan}");
}

#[test]
fn a_plan_has_a_form_for_pull_requests_and_other_verbs_have_none() {
    let project = project();
    let plan = project.liftlock(&["plan", "--output", "markdown"]).expect(0).stdout;
    assert!(plan.starts_with("### app 1.0.0: dev -&gt; production\n"), "{plan}");
    assert!(plan.contains("```diff\n+version = \"1.0.0\"\n+workers = 2\n```"), "{plan}");
    assert!(plan.contains("- **closed now** `production/shut`: frozen"), "{plan}");
    for verb in [&["status"][..], &["run", "--yes"], &["check"], &["history"], &["log"], &[]] {
        let ended = project.liftlock(&[verb, &["--output", "markdown"]].concat()).expect(2);
        assert!(ended.stderr.contains("only `plan` and `diff` have") && ended.stdout.is_empty(), "{}", ended.stderr);
    }
    assert!(!project.path(".liftlock/journal.db").exists(), "nothing was begun");
}

const RUN: &[&str] = &["run", "--to", "dev", "--yes"];

#[test]
fn what_was_changed_by_hand_is_drift() {
    let project = project();
    let none = project.liftlock(&["drift", "dev"]).expect(1);
    assert!(none.stderr.contains("has no release"), "{}", none.stderr);
    project.liftlock(RUN).expect(0);
    let still = project.liftlock(&["drift", "dev"]).expect(0).stdout;
    assert!(still.contains("no drift"), "{still}");

    project.write("dev/app.toml", &project.read("dev/app.toml").replace("workers = 2", "workers = 99"));
    project.write("dev/note", "by hand");
    std::fs::remove_dir(project.path("dev/data")).unwrap();
    let drift = project.liftlock(&["drift", "dev", "--pipeline", "app"]).expect(2).stdout;
    for line in ["| - workers = 2", "| + workers = 99", "| - noted", "| + by hand", "| - a folder", "3 of 3 effects"] {
        assert!(drift.contains(line), "{line}\n{drift}");
    }
    let json = project.liftlock(&["drift", "dev", "--output", "json"]).expect(2).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["type"], &json["changed"]), (&"drift".into(), &3.into()));
    assert_eq!(json["effects"][1]["address"], "app/dev/deploy/config");
    assert_eq!(project.read("dev/note"), "by hand", "looking changes nothing");
}

#[test]
fn after_a_rollback_the_release_below_is_what_has_to_be_there() {
    let project = project();
    project.liftlock(RUN).expect(0);
    project.liftlock(&[RUN, &["--set", "version=1.1.0"]].concat()).expect(0);
    project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    let still = project.liftlock(&["drift", "dev"]).expect(0).stdout;
    assert!(still.contains("app 1.0.0"), "{still}");
}

#[test]
fn an_observation_that_fails_is_an_error_and_no_drift() {
    let project = project();
    project.liftlock(RUN).expect(0);
    project.write("broken", "");
    let drift = project.liftlock(&["drift", "dev"]).expect(1).stdout;
    assert!(drift.contains("1 effect could not be observed") && drift.contains("ended with status 1"), "{drift}");
    let nobody = project.liftlock(&["drift", "nowhere"]).expect(1);
    assert!(nobody.stderr.contains("`nowhere` has no release"), "{}", nobody.stderr);
}

#[test]
fn a_probe_that_fails_is_unknown_in_the_plan_with_its_error() {
    let project = project();
    project.write("broken", "");
    let plan = project.liftlock(&["plan", "--to", "dev"]).expect(0).stdout;
    assert!(plan.contains("unknown") && plan.contains("dev/deploy/note: "), "{plan}");
    assert!(plan.contains("what it changes is unknown: ") && plan.contains("ended with status 1"), "{plan}");
    assert!(plan.contains("+ deploy/config"), "what can be observed is shown: {plan}");
}

/// A commit of everything in the project, by nobody in particular.
fn commit(project: &Project) {
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let output = Command::new("git").args(who).args(arguments).current_dir(project.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "as it was"]);
}

fn edit(project: &Project, from: &str, to: &str) {
    let text = project.read("app.release");
    assert!(text.contains(from), "{from}");
    project.write("app.release", &text.replacen(from, to, 1));
}

#[test]
fn two_saved_plans_are_compared_item_by_item() {
    let project = project();
    project.liftlock(&["plan", "--out", "old.json"]).expect(0);
    let equal = project.liftlock(&["diff", "old.json", "old.json"]).expect(0).stdout;
    assert_eq!(equal, "app: no difference\n");
    edit(&project, "workers   = 8", "workers   = 16");
    project.liftlock(&["plan", "--set", "version=1.1.0", "--out", "new.json"]).expect(0);
    let diff = project.liftlock(&["diff", "old.json", "new.json"]).expect(2).stdout;
    for part in ["~ input version", "| - 1.0.0", "| + 1.1.0", "~ deploy/config", "workers = 16"] {
        assert!(diff.contains(part), "{part}\n{diff}");
    }
    let (_, production) = diff.split_once("\nproduction: ").unwrap();
    assert!(production.contains("|     version = \"1.0.0\"") || production.contains("-   version"), "{production}");
    project.liftlock(&["diff", "old.json"]).expect(1);
    project.liftlock(&["diff", "old.json", "missing.json"]).expect(1);
}

#[test]
fn an_edit_is_shown_against_another_revision() {
    let project = project();
    commit(&project);
    let equal = project.liftlock(&["diff", "--against", "main"]).expect(0).stdout;
    assert_eq!(equal, "app: no difference\n");

    // A setting, a gate, an effect that goes, one that comes, and two that change places; a new input.
    edit(&project, "workers   = 8", "workers   = 16");
    edit(&project, "window shut { calendar = calendar.never }", "window shut { calendar = calendar.always }");
    edit(&project, "    directory data { path = \"${env.root}/data\" }\n", "");
    edit(
        &project,
        "    step note {",
        "    link current { path = \"${env.root}/current\", target = \"data\" }\n    directory logs { path = \"${env.root}/logs\" }\n    step note {",
    );
    edit(&project, "input version", "input more: string\n\ninput version");
    let arguments = ["diff", "--against", "main", "app", "--set", "more=x"];
    let diff = project.liftlock(&arguments).expect(2).stdout;
    for part in [
        "+ input more",
        "~ before/shut",
        "| - window of = never",
        "| + window of = always",
        "- deploy/data",
        "+ deploy/current",
        "~ rollback coverage",
    ] {
        assert!(diff.contains(part), "{part}\n{diff}");
    }
    let (dev, production) = diff.split_once("\nproduction: ").unwrap();
    assert!(production.contains("workers = 16") && !dev.contains("workers = 16"), "{diff}");

    let json = project.liftlock(&[&arguments[..], &["--output", "json"]].concat()).expect(2).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["type"], &json["equal"]), (&"plan-diff".into(), &false.into()));
    assert_eq!(json["environments"][1]["environment"], "production");
    let markdown = project.liftlock(&[&arguments[..], &["--output", "markdown"]].concat()).expect(2).stdout;
    assert!(markdown.contains("| `production` |") && markdown.contains("+  workers = 16"), "{markdown}");

    project.liftlock(&["diff", "--against", "no-such-branch"]).expect(1);
    project.liftlock(&["diff", "--against=--output=x"]).expect(1);
    let unknown = project.liftlock(&["diff", "--against", "main", "--set", "nothing=1"]).expect(1);
    assert!(unknown.stderr.contains("no input `nothing`"), "{}", unknown.stderr);
}

#[test]
fn effects_that_change_places_are_a_difference_of_their_own() {
    let project = project();
    let two = |one: &str, other: &str| {
        let link = |name: &str| format!("link {name} {{ path = \"${{env.root}}/{name}\", target = \"x\" }}\n");
        RELEASE.replace("    step note {", &format!("{}{}    step note {{", link(one), link(other)))
    };
    project.write("app.release", &two("a", "b"));
    commit(&project);
    project.write("app.release", &two("b", "a"));
    let diff = project.liftlock(&["diff", "--against", "HEAD"]).expect(2).stdout;
    assert!(diff.contains("~ order") && diff.contains("deploy/a"), "{diff}");
    assert!(diff.contains("1 difference"), "{diff}");
}

#[test]
fn two_environments_stand_side_by_side() {
    let project = project();
    project.liftlock(RUN).expect(0);
    edit(&project, "root: path\n", "root: path\n  color: string = \"red\"\n");
    let table = project.liftlock(&["compare", "dev", "production"]).expect(0).stdout;
    let line = |name: &str| {
        let line = table.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}\n{table}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("workers"), "~ workers 2 8");
    assert_eq!(line("color"), "= color red red");
    assert_eq!(line("requires"), "~ requires - dev");
    assert!(line("release of app").ends_with("no release") && line("release of app").contains("1.0.0 ("), "{table}");
    let json = project.liftlock(&["compare", "dev", "production", "--output", "json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["type"], &json["rows"][0]["name"]), (&"parity".into(), &"protected".into()));
    let unknown = project.liftlock(&["compare", "dev", "prod"]).expect(2);
    assert!(unknown.stderr.contains("`production`"), "{}", unknown.stderr);
}

#[test]
fn every_verb_shows_an_example() {
    let project = project();
    for verb in ["plan", "drift", "diff", "compare"] {
        let help = project.liftlock(&[verb, "--help"]).expect(0).stdout;
        assert!(help.contains(&format!("Example:\n  liftlock {verb} ")), "{help}");
    }
}

#[test]
fn with_a_detailed_exit_code_two_is_never_an_error() {
    let project = project();
    project.liftlock(&["plan", "--detailed-exitcode"]).expect(2);
    project.liftlock(&["plan", "--detailed-exitcode", "--set", "nothing=1"]).expect(1);
    project.liftlock(&["plan", "--set", "nothing=1"]).expect(2);
}

/// A server that is taken out and put in again, so that two effects look at the same weight.
const DRAINED: &str = r#"edition 2026

environment dev {}
artifact app { version = "1.0.0", sources = ["app.txt"], build = `cp app.txt app-1.txt`, file = "app-1.txt" }

pipeline app {
  promote artifact.app through dev
  deploy {
    step drain {
      observe  = `cat weight`
      desired  = "0"
      run      = `sh set.sh 0`
      rollback = `sh set.sh ${observed}`
    }
    step admit {
      observe  = `cat weight`
      desired  = "10"
      run      = `sh set.sh 10`
      rollback = `sh set.sh ${observed}`
    }
  }
}
"#;

#[test]
fn an_effect_finds_what_the_one_before_it_leaves() {
    let files = [
        ("app.release", DRAINED),
        ("app.txt", "app\n"),
        ("weight", "10"),
        ("set.sh", "printf %s \"$1\" > weight\necho \"$1\" >> done\n"),
    ];
    let project = Project::with(&files);
    let at = |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("no {what:?} in {text}"));
    let planned = project.liftlock(&["plan"]).expect(0).stdout;
    assert!(at(&planned, "~ deploy/drain") < at(&planned, "~ deploy/admit"), "{planned}");
    assert!(at(&planned, "- 10\n") < at(&planned, "+ 10\n"), "{planned}");

    project.liftlock(&["run", "--yes"]).expect(0);
    assert_eq!(project.read("done"), "0\n10\n");

    // The way back is the same, backwards: what is put back first is what the other one finds.
    let back = project.liftlock(&["plan", "--rollback", "dev"]).expect(0).stdout;
    assert!(at(&back, "~ deploy/admit") < at(&back, "~ deploy/drain"), "{back}");
    assert!(at(&back, "- 10\n") < at(&back, "+ 10\n"), "{back}");
}

/// Members that are records: two with names, and one that has none.
const RECORDS: &str = r#"edition 2026

settings { servers: list<{ name: string?, port: int }> }
environment dev { servers = [{ name = "prd-5", port = 1 }, { port = 2 }, { name = "prd-7", port = 3 }] }
artifact app { version = "1.0.0", sources = ["app.txt"], build = `cp app.txt app-1.txt`, file = "app-1.txt" }

pipeline app {
  promote artifact.app through dev
  deploy {
    each host in env.servers {
      step open { run = `echo ${host.port}`, rollback = `true` }
    }
  }
}
"#;

#[test]
fn a_member_that_is_a_record_is_called_by_its_name() {
    let project = Project::with(&[("app.release", RECORDS), ("app.txt", "app\n")]);
    let planned = project.liftlock(&["plan"]).expect(0).stdout;
    for address in ["deploy/host[\"prd-5\"]/open", "deploy/host[1]/open", "deploy/host[\"prd-7\"]/open"] {
        assert!(planned.contains(address), "{address}: {planned}");
    }
    edit(&project, "prd-7", "prd-5");
    let ended = project.liftlock(&["plan"]).expect(2);
    assert!(ended.stderr.contains("host[\"prd-5\"]") && ended.stderr.contains("it is there twice"), "{}", ended.stderr);
}
