//! Looking before anything happens: plans in their forms, what differs, what was changed by hand.

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
      observe  = `cat ${env.root}/note`
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
    assert!(plan.contains("- **gate** `production/shut` closed"), "{plan}");
    for verb in [&["status"][..], &["run", "--yes"], &["check"], &["history"], &["log"], &[]] {
        let ended = project.liftlock(&[verb, &["--output", "markdown"]].concat()).expect(2);
        assert!(ended.stderr.contains("`liftlock plan`") && ended.stdout.is_empty(), "{}", ended.stderr);
    }
    assert!(!project.path(".liftlock").exists(), "nothing was begun");
}
