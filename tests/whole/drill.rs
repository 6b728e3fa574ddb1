//! `liftlock drill`: every effect fails for real, and an undo that lies is caught.

use serde_json::Value;

use crate::project::Project;

const ENVIRONMENTS: &str = "
    environment dev { drill = true }
    environment production {
      requires     = [dev]
      drill_within = 30d
    }

    input version: semver = \"1.0.0\"

    artifact shop {
      version = input.version
      sources = [\"src\"]
      build   = `cp src ${file}`
      file    = \"shop-${version}.txt\"
    }
";

/// A project whose deployment is `body`; everything it changes is below `srv/`.
fn project(body: &str) -> Project {
    let pipeline = format!(
        "{ENVIRONMENTS}
        pipeline shop {{
          promote artifact.shop through dev -> production
          deploy {{
            {body}
          }}
          verify {{ command there {{ run = `test -e srv/${{env.name}}/config` }} }}
          on failure {{ notify told {{ run = `touch told` }} }}
        }}"
    );
    Project::with(&[("shop.release", &pipeline), ("src", "first"), ("srv/dev/.keep", ""), ("srv/production/.keep", "")])
}

/// What the newest drill of an environment has shown, by effect.
fn results(project: &Project) -> Vec<(String, String)> {
    let status: Value =
        serde_json::from_str(&project.liftlock(&["status", "--output", "json"]).expect(0).stdout).unwrap();
    let drill =
        status["environments"].as_array().unwrap().iter().find_map(|environment| environment["drill"].as_object());
    let effects = drill.unwrap()["effects"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    effects.iter().map(|effect| (text(&effect["effect"]), text(&effect["result"]))).collect()
}

fn result_of(project: &Project, name: &str) -> String {
    let results = results(project);
    let of = results.iter().find(|(effect, _)| effect.ends_with(&format!("/{name}")));
    of.unwrap_or_else(|| panic!("{results:?}")).1.clone()
}

const CONFIG: &str = r#"file config { path = "srv/${env.name}/config", content = "${release.version}\n" }"#;

#[test]
fn a_drill_undoes_every_effect_twice_and_proves_it() {
    let step = r#"
        step mark {
          observe  = `ops/mark show srv/${env.name}/mark`
          desired  = release.version
          run      = `ops/mark put srv/${env.name}/mark ${release.version}`
          rollback = `ops/mark put srv/${env.name}/mark ${observed}`
        }
        step blind {
          run      = `true`
          rollback = `true`
        }
        step look {
          readonly = true
          run      = `ls srv`
        }
        refresh service { run = `true` }
        notify told { run = `touch told` }
    "#;
    let project = project(&format!("{CONFIG}\n{step}"));
    mark_script(&project);
    project.liftlock(&["run", "--yes", "--to", "dev"]).expect(0);
    let before = project.tree("srv");
    project.write("src", "second");
    std::fs::remove_file(project.path("told")).unwrap();

    // First it says what it would do, and does nothing.
    let planned = project.liftlock(&["drill", "dev", "--set", "version=1.1.0", "--dry-run"]).expect(0).stdout;
    assert!(
        planned.contains("drill of dev with shop 1.1.0, where 1.0.0 (release 1") && planned.contains("10 rounds"),
        "{planned}"
    );
    assert!(planned.contains("deploy/blind    nobody can tell whether its undo works"), "{planned}");
    assert!(planned.contains("deploy/look     is held to changing nothing"), "{planned}");
    let refused = project.liftlock(&["drill", "dev", "--set", "version=1.1.0"]).expect(2);
    assert!(
        refused.stderr.contains("nobody can be asked here") && refused.stderr.contains("--dry-run"),
        "{}",
        refused.stderr
    );
    assert_eq!(project.tree("srv"), before);

    let drilled = project.liftlock(&["drill", "dev", "--set", "version=1.1.0", "--yes"]).expect(0);
    assert_eq!(project.tree("srv"), before);
    assert!(drilled.stderr.contains("round 10 of 10: interrupted behind deploy/service"), "{}", drilled.stderr);
    assert!(
        drilled.stdout.contains("2 effects proven to be undone, 1 only reads, 2 undone that nobody can judge"),
        "{}",
        drilled.stdout
    );
    for (effect, result) in [
        ("config", "proven"),
        ("mark", "proven"),
        ("blind", "unobserved"),
        ("look", "only-read"),
        ("service", "unobserved"),
    ] {
        assert_eq!(result_of(&project, effect), result, "{effect}");
    }
    assert!(!project.path("told").exists(), "nobody is told of what fails on purpose");

    // It stands in the status and, as one line, in the history; and the next release has the next number.
    let status = project.liftlock(&["status"]).expect(0).stdout;
    assert!(status.contains("dev was drilled with shop 1.1.0"), "{status}");
    let history = project.liftlock(&["history"]).expect(0).stdout;
    assert_eq!(history.lines().filter(|line| line.contains("drill")).count(), 1, "{history}");
    let released = project.liftlock(&["run", "--yes", "--to", "dev", "--set", "version=1.1.0"]).expect(0).stdout;
    assert!(released.contains("release 2"), "{released}");
    project.liftlock(&["log", "--verify"]).expect(0);
}

/// `ops/mark show FILE` prints it, or nothing; `ops/mark put FILE TEXT` writes it.
fn mark_script(project: &Project) {
    use std::os::unix::fs::PermissionsExt as _;
    let script = "#!/bin/sh\nif [ \"$1\" = show ]; then cat \"$2\" 2>/dev/null || :\nelif [ -n \"${3:-}\" ]; then echo \"$3\" > \"$2\"\nelse rm -f \"$2\"; fi\n";
    project.write("ops/mark", script);
    std::fs::set_permissions(project.path("ops/mark"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_undo_that_ends_well_and_restores_nothing_is_caught() {
    let liar = r#"
        step mark {
          observe  = `ops/mark show srv/${env.name}/mark`
          run      = `ops/mark put srv/${env.name}/mark ${release.version}`
          rollback = `true`
        }
    "#;
    let project = project(&format!("{CONFIG}\n{liar}"));
    mark_script(&project);
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(6);
    assert!(drilled.stdout.contains("dev is NOT RESTORED by the undo of deploy/mark"), "{}", drilled.stdout);
    assert!(drilled.stdout.contains("before: ``\n      after:  `1.0.0`"), "{}", drilled.stdout);
    assert_eq!(result_of(&project, "config"), "proven");
    assert_eq!(result_of(&project, "mark"), "not-restored");

    // Nothing enters before a person has looked, and what they are told to do does it.
    project.liftlock(&["run", "--yes", "--to", "dev"]).expect(5);
    let command = drilled.stdout.lines().find(|line| line.contains("liftlock resume")).unwrap().trim();
    let arguments: Vec<&str> = command.split(' ').skip(1).take(2).collect();
    std::fs::remove_file(project.path("srv/dev/mark")).unwrap();
    project.liftlock(&[arguments[0], arguments[1], "--leave", "put right"]).expect(1);
    project.liftlock(&["run", "--yes", "--to", "dev"]).expect(0);
}

#[test]
fn what_an_effect_leaves_at_the_place_of_another_is_caught() {
    // Nothing observes what the step does; the file behind it is what it breaks.
    let body = r#"
        step sweep { run = `rm -f srv/${env.name}/config`, rollback = `true` }
    "#;
    let project = project(&format!("{body}\n{CONFIG}"));
    project.write("srv/dev/config", "by hand\n");
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(6);
    assert!(drilled.stdout.contains("by the undo of deploy/sweep"), "{}", drilled.stdout);
    assert!(drilled.stdout.contains("after the round of deploy/sweep:\n    deploy/config\n"), "{}", drilled.stdout);
    assert_eq!(result_of(&project, "config"), "not-drilled");
}

#[test]
fn a_step_that_says_that_it_only_reads_is_held_to_it() {
    let body = r#"
        step look { readonly = true, run = `cp src srv/${env.name}/config` }
    "#;
    let project = project(&format!("{CONFIG}\n{body}"));
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(1);
    assert!(
        drilled.stdout.contains("deploy/look says that it only reads, and CHANGES something"),
        "{}",
        drilled.stdout
    );
    assert_eq!(result_of(&project, "look"), "changed");
    assert_eq!(result_of(&project, "config"), "proven");
    let log = project.liftlock(&["history"]).expect(0).stdout;
    assert!(log.contains("CHANGES something"), "{log}");
}

#[test]
fn what_only_reads_is_not_blamed_for_what_runs_beside_it() {
    let body = format!(
        r#"parallel both {{
          step look {{ readonly = true, run = `sleep 0.5` }}
          {CONFIG}
        }}"#
    );
    let project = project(&body);
    let planned = project.liftlock(&["drill", "dev", "--dry-run"]).expect(0).stdout;
    assert!(planned.contains("only reads, which nobody can tell while others run beside it"), "{planned}");
    project.liftlock(&["drill", "dev", "--yes"]).expect(0);
    assert_eq!(result_of(&project, "look"), "only-read");
    assert_eq!(result_of(&project, "config"), "proven");
}

#[test]
fn an_observation_that_does_not_see_the_change_proves_nothing() {
    let body = r#"
        step mark {
          observe  = `true`
          run      = `touch srv/${env.name}/mark`
          rollback = `true`
        }
    "#;
    let project = project(&format!("{CONFIG}\n{body}"));
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(0);
    assert!(
        drilled.stdout.contains("1 effect proven to be undone, 1 undone that nobody can judge"),
        "{}",
        drilled.stdout
    );
    assert_eq!(result_of(&project, "mark"), "unobserved");
}

#[test]
fn a_secret_that_a_round_opens_is_no_change_and_is_not_shown() {
    const SECRET: &str = "a-secret-in-a-variable";
    let body = |undo: &str| {
        format!(
            r#"
        step note {{ observe = `cat srv/note`, run = `true`, rollback = `true` }}
        step sign {{
          env      = {{ TOKEN = secret.env("TOKEN") }}
          run      = `touch signed`
          rollback = `{undo}`
        }}"#
        )
    };
    let drill = |undo: &str, code: i32| {
        let project = project(&body(undo));
        project.write("srv/note", SECRET);
        let drilled = project.liftlock_with(&["drill", "dev", "--yes"], &[("TOKEN", SECRET)]).expect(code);
        assert!(!drilled.stdout.contains(SECRET) && !drilled.stderr.contains(SECRET), "{drilled:?}");
        drilled.stdout
    };
    drill("rm signed", 0);
    let broken = drill("rm srv/note", 6);
    assert!(broken.contains("by the undo of deploy/sign") && broken.contains("before: `***`"), "{broken}");
}

#[test]
fn a_release_that_fails_before_anything_was_begun_is_judged_and_not_refused() {
    let body = r#"
        step lost {
          observe  = `cat srv/gone`
          run      = `true`
          rollback = `true`
        }
    "#;
    let project = project(&format!("{body}\n{CONFIG}"));
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(1);
    assert!(drilled.stdout.contains("the release FAILED by itself: deploy/lost, deploy/config"), "{drilled:?}");
    assert_eq!(result_of(&project, "lost"), "not-reached");
    assert_eq!(result_of(&project, "config"), "not-reached");
}

#[test]
fn a_release_that_fails_by_itself_is_said_to() {
    let body = r#"step broken { run = `false`, rollback = `true` }"#;
    let project = project(&format!("{CONFIG}\n{body}"));
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(1);
    assert!(
        drilled.stdout.contains("the release FAILED by itself: deploy/broken could not be drilled"),
        "{}",
        drilled.stdout
    );
    assert_eq!(result_of(&project, "config"), "proven");
}

#[test]
fn no_round_gets_as_far_as_a_point_of_no_return() {
    let body = r#"
        step cut { run = `touch cut`, irreversible = "the old one is gone" }
        step after { run = `touch after`, rollback = `rm -f after` }
    "#;
    let project = project(&format!("{CONFIG}\n{body}"));
    let drilled = project.liftlock(&["drill", "dev", "--yes"]).expect(0);
    assert!(!project.path("cut").exists() && !project.path("after").exists());
    assert!(drilled.stdout.contains("it is a point of no return: the old one is gone"), "{}", drilled.stdout);
    assert!(drilled.stdout.contains("left out: deploy/cut cannot be undone, and comes first"), "{}", drilled.stdout);
}

#[test]
fn an_environment_that_is_not_marked_is_not_drilled() {
    let project = project(CONFIG);
    let refused = project.liftlock(&["drill", "production", "--yes"]).expect(2);
    assert!(refused.stderr.contains("`production` is not marked for drills"), "{}", refused.stderr);
    assert!(refused.stderr.contains("environment production { drill = true }"), "{}", refused.stderr);
    let unknown = project.liftlock(&["drill", "prod", "--yes"]).expect(2);
    assert!(unknown.stderr.contains("`dev`, `production`"), "{}", unknown.stderr);
    // What stands there already changes nothing, and so nothing of it can be undone.
    project.liftlock(&["run", "--yes", "--to", "dev"]).expect(0);
    let nothing = project.liftlock(&["drill", "dev", "--yes"]).expect(1);
    assert!(
        nothing.stderr.contains("there is nothing to drill: releasing `1.0.0` changes nothing in `dev`"),
        "{}",
        nothing.stderr
    );
    assert!(nothing.stderr.contains("--set version="), "{}", nothing.stderr);
}

#[test]
fn a_plan_says_where_a_drill_is_wanted_and_a_good_one_answers_it() {
    let project = project(CONFIG);
    let wanting = |project: &Project| project.liftlock(&["plan", "--set", "version=1.1.0"]).expect(0).stdout;
    assert!(
        wanting(&project)
            .contains("lacks a recent drill  production: it wants one within 30 d, and none went well yet")
    );
    project.liftlock(&["explain", "rollback/drill-stale"]).expect(0);
    project.liftlock(&["drill", "dev", "--yes"]).expect(0);
    let plan = wanting(&project);
    assert!(!plan.contains("lacks a recent drill"), "{plan}");
}

#[test]
fn a_drill_that_is_killed_anywhere_is_taken_up_and_undone() {
    let mut killed = 0;
    for appends in 1..40 {
        let project = project(CONFIG);
        let ended = project.liftlock_killed_after(&["drill", "dev", "--yes"], appends);
        if ended.code == Some(0) {
            break;
        }
        killed += 1;
        let resumed = project.liftlock(&["resume"]);
        // Between two rounds there is nothing to take up.
        assert!(matches!(resumed.code, Some(1 | 2)), "{appends}: {resumed:?}");
        assert!(!project.path("srv/dev/config").exists(), "{appends}");
        project.liftlock(&["drill", "dev", "--yes"]).expect(0);
    }
    assert!(killed > 10, "{killed}");
}

#[test]
fn the_storefront_goes_back_from_every_step_and_serves_what_it_served() {
    let project = Project::storefront();
    project.liftlock(&["run", "--values", "releases/1.0.0.toml", "--to", "dev", "--yes"]).expect(0);
    let drilled = project.liftlock(&["drill", "dev", "--values", "releases/1.1.0.toml", "--yes"]).expect(0);
    assert!(drilled.stdout.contains("3 effects proven to be undone"), "{}", drilled.stdout);
    assert_eq!(project.get("dev", "/version"), (200, "1.0.0".to_owned()));
    // Nothing but the gates of production stands in front of it, and a drill would go round them.
    let refused = project.liftlock(&["drill", "production", "--values", "releases/1.1.0.toml", "--yes"]).expect(2);
    assert!(refused.stderr.contains("`production` is protected"), "{}", refused.stderr);
}
