//! Order: what is taken back in which sequence, and who may enter when.

use crate::project::Project;

/// One environment of its own for each name, in a path, and pipelines that release into them.
fn project(environments: &str, pipelines: &str) -> Project {
    let text = format!(
        r#"edition 2026
{environments}
group owners {{ members = ["ada", "grace"] }}
input version: semver = "1.0.0"
input broken: string = "no"
artifact app {{
  version = input.version
  sources = ["app.txt"]
  env     = {{ VERSION = version }}
  build   = `cp app.txt app-${{version}}.txt`
  file    = "app-${{version}}.txt"
}}
{pipelines}
"#
    );
    Project::with(&[("app.release", &text), ("app.txt", "app\n")])
}

fn body(deploy: &str) -> Project {
    project(
        "environment dev {}",
        &format!("pipeline app {{ promote artifact.app through dev\n deploy {{\n{deploy}\n}} }}"),
    )
}

const BROKEN: &str = "step broken { run = `false`, rollback = `true` }\n";
const RUN: &[&str] = &["run", "app", "--yes"];

/// A step that notes what it does, and what `conf` says at that time.
fn noting(name: &str, kind: &str, rollback: &str) -> String {
    format!("{kind} {name} {{\n run = ```sh\n echo \"{name} $(cat conf 2>/dev/null)\" >> log\n ```\n{rollback}\n}}\n")
}

#[test]
fn a_rollback_block_runs_while_what_was_done_before_it_is_still_there() {
    let project = body(&format!(
        "phase data {{
           step dump {{ run = `cp data before`, rollback = `rm before` }}
           step migrate {{ run = `cp app.txt data` }}
           rollback {{ step restore {{ run = `cp before data` }} }}
         }}
         {BROKEN}"
    ));
    project.write("data", "old");
    project.liftlock(RUN).expect(1);
    assert_eq!(project.read("data"), "old");
    assert!(!project.path("before").exists());
}

#[test]
fn a_refresh_runs_again_once_its_phase_is_back() {
    let service = noting("service", "refresh", "");
    let project =
        body(&format!("phase switch {{ file conf {{ path = \"conf\", content = \"new\" }}\n{service} }}\n{BROKEN}"));
    project.write("conf", "old");
    project.liftlock(RUN).expect(1);
    assert_eq!(project.read("log"), "service new\nservice old\n");
}

#[test]
fn a_refresh_alone_in_its_phase_waits_for_what_stands_before_the_phase() {
    let service = noting("service", "refresh", "");
    let project =
        body(&format!("file conf {{ path = \"conf\", content = \"new\" }}\nphase restart {{ {service} }}\n{BROKEN}"));
    project.write("conf", "old");
    project.liftlock(RUN).expect(1);
    assert_eq!(project.read("log"), "service new\nservice old\n");
}

#[test]
fn a_refresh_runs_again_when_a_file_before_its_phase_is_put_back_later() {
    let service = noting("service", "refresh", "");
    let project = body(&format!(
        "file conf {{ path = \"conf\", content = \"new\" }}
         phase restart {{ file other {{ path = \"other\", content = \"x\" }}\n {service} }}\n{BROKEN}"
    ));
    project.write("conf", "old");
    project.liftlock(RUN).expect(1);
    assert_eq!(project.read("log"), "service new\nservice new\nservice old\n");
}

#[test]
fn at_a_point_of_no_return_services_take_notice_of_what_was_put_back() {
    let service = noting("service", "refresh", "");
    let project = body(&format!(
        "step gone {{ run = `true`, irreversible = \"it is gone\" }}
         file conf {{ path = \"conf\", content = \"new\" }}\n{service}{BROKEN}"
    ));
    project.write("conf", "old");
    project.liftlock(RUN).expect(6);
    assert_eq!(project.read("log"), "service new\nservice old\n");

    // Nobody enters until a person has looked, and said so.
    let next = ["run", "app", "--set", "version=2.0.0", "--yes"];
    let kept_out = project.liftlock(&next).expect(5);
    assert!(kept_out.stdout.contains("--leave \"why\"` leaves it as it is"), "{}", kept_out.stdout);
    project.liftlock(&["resume", "--leave", "the new data is fine"]).expect(1);
    let ended = project.liftlock(&next).expect(6);
    assert!(ended.stderr.contains("entered"), "{}", ended.stderr);
}

const TWO: &str = "environment dev {}\nenvironment production { requires = [dev], protected = true }";
const THROUGH_BOTH: &str = "pipeline app {
  promote artifact.app through dev -> production
  before production { approval go { from = group.owners } }
  deploy { file conf { path = \"srv/${env.name}\", content = release.version } }
  verify { command there { run = `test -e srv/${env.name}` } }
  on failure { rollback = pipeline }
}";

#[test]
fn a_release_that_another_stands_on_is_not_taken_back_with_its_pipeline() {
    let project = project(TWO, THROUGH_BOTH);
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    let first = project.records()[0]["run"].as_str().unwrap().to_owned();
    project.liftlock(&["run", "--set", "version=2.0.0", "--to", "dev", "--yes"]).expect(0);
    project.liftlock(&["reject", &first, "--as", "grace"]).expect(0);
    let ended = project.liftlock(&["resume", &first]).expect(1);
    assert_eq!(project.read("srv/dev"), "2.0.0");
    assert!(ended.stdout.contains("runs release 2 (2.0.0) by now"), "{}", ended.stdout);
}

#[test]
fn a_rollback_of_what_runs_no_longer_is_stale() {
    let project = project(TWO, THROUGH_BOTH);
    project.liftlock(&["run", "--to", "dev", "--yes"]).expect(0);
    project.liftlock_killed(&["rollback", "dev", "--yes"], "before:stage-entered:dev");
    let rollback = project.records()[0]["run"].as_str().unwrap().to_owned();
    project.liftlock(&["run", "--set", "version=2.0.0", "--to", "dev", "--yes"]).expect(0);
    project.liftlock(&["resume", &rollback]).expect(4);
    assert_eq!(project.read("srv/dev"), "2.0.0");
}

#[test]
fn nobody_enters_an_environment_that_is_being_taken_back() {
    let project = project(TWO, THROUGH_BOTH);
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    let first = project.records()[0]["run"].as_str().unwrap().to_owned();
    project.liftlock(&["reject", "--as", "grace"]).expect(0);
    project.liftlock_killed(&["resume"], "after:stage-lowering:dev");
    let next = ["run", "--set", "version=2.0.0", "--to", "dev", "--yes"];
    project.liftlock(&next).expect(5);
    project.liftlock(&["resume", &first]).expect(1);
    assert!(!project.path("srv/dev").exists());
    project.liftlock(&next).expect(0);
}

#[test]
fn trouble_in_an_environment_keeps_every_pipeline_out() {
    let pipeline = |name: &str, body: &str| {
        format!("pipeline {name} {{ promote artifact.app through dev\n deploy {{ {body} }} }}\n")
    };
    let lying = "step lying { observe = `cat state`, run = `cp app.txt state`, rollback = `true` }\n";
    let pipelines = [pipeline("app", &format!("{lying}{BROKEN}")), pipeline("other", "directory d { path = \"d\" }")];
    let project = project("environment dev {}", &pipelines.concat());
    project.write("state", "old");
    project.liftlock(RUN).expect(6);
    project.liftlock(&["run", "other", "--yes"]).expect(5);
    assert!(!project.path("d").exists());
}

#[test]
fn environments_of_a_wave_that_share_a_lock_take_turns() {
    let environments = "environment eu { lock = \"db\" }\nenvironment us { lock = \"db\" }";
    let pipelines = "pipeline app {
  promote artifact.app through [eu, us]
  deploy {
    step use {
      run      = ```sh
        mkdir busy
        sleep 0.2
        rmdir busy
      ```
      rollback = `true`
    }
  }
}";
    let project = project(environments, pipelines);
    project.liftlock(RUN).expect(0);
}

#[test]
fn a_settlement_of_what_is_not_in_doubt_is_refused_and_not_recorded() {
    let project = body("step one { run = `true`, rollback = `true` }");
    project.liftlock(RUN).expect(0);
    let run = project.records()[0]["run"].as_str().unwrap().to_owned();
    let before = project.records().len();
    project.liftlock(&["resume", &run, "--settle", "app/dev/deploy/one=undone"]).expect(2);
    assert_eq!(project.records().len(), before);
}

#[test]
fn a_check_that_let_a_release_pass_is_made_again_after_a_wait() {
    let pipelines = "pipeline app {
  promote artifact.app through dev
  before dev {
    command ready { run = `test -e ready` }
    approval go { from = group.owners }
  }
  deploy { directory d { path = \"d\" } }
}";
    let project = project("environment dev {}", pipelines);
    project.write("ready", "");
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    std::fs::remove_file(project.path("ready")).unwrap();
    project.liftlock(&["approve", "--as", "grace"]).expect(0);
    project.liftlock(&["resume"]).expect(1);
    assert!(!project.path("d").exists());
}

#[test]
fn a_rejection_comes_too_late_once_the_environment_is_entered() {
    let project = project(TWO, THROUGH_BOTH);
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    let run = project.records()[0]["run"].as_str().unwrap().to_owned();
    project.liftlock(&["approve", "--as", "grace"]).expect(0);
    project.liftlock_killed(&["resume"], "after:stage-entered:production");
    let late = project.liftlock(&["reject", &run, "go", "--as", "grace"]).expect(1);
    assert!(late.stderr.contains("liftlock cancel"), "{}", late.stderr);
    project.liftlock(&["resume"]).expect(0);
}

#[test]
fn two_that_take_a_run_up_at_once_do_not_both_get_it() {
    for _ in 0..5 {
        let project = body(
            "step slow { run = `sleep 0.3`, rollback = `touch undone` }\nstep after { run = `true`, rollback = `true` }",
        );
        project.liftlock_killed(RUN, "before:effect-started:app/dev/deploy/slow");
        let mut codes: Vec<_> = std::thread::scope(|scope| {
            let resume = || project.liftlock(&["resume"]).code;
            let both = [scope.spawn(resume), scope.spawn(resume)];
            both.map(|thread| thread.join().unwrap()).to_vec()
        });
        codes.sort();
        assert!(codes == [Some(0), Some(5)] || codes == [Some(0), Some(2)], "{codes:?}");
        assert!(!project.path("undone").exists());
    }
}

#[test]
fn what_nobody_could_approve_or_reach_is_found_before_the_release() {
    let gated = |gate: &str| {
        let pipelines = format!(
            "pipeline app {{\n promote artifact.app through dev\n before dev {{\n {gate}\n }}\n deploy {{ directory d {{ path = \"d\" }} }}\n }}"
        );
        let ended =
            project("environment dev {}\nenvironment other {}", &pipelines).liftlock(&["check", "--output", "json"]);
        let codes = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        codes
            .filter(|finding| finding["severity"] == "error")
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(gated("approval { from = owners, need = 0 }"), ["type/out-of-range"]);
    assert_eq!(gated("approval { from = owners, need = -1 }"), ["type/out-of-range"]);
    assert_eq!(gated("soak { environment = dev, for = 1m }"), ["names/misplaced"]);
    assert_eq!(gated("tcp { host = \"localhost\", port = 70000 }"), ["type/out-of-range"]);
    assert_eq!(gated("}\n before other {\n approval { from = owners }"), ["names/misplaced"]);
}

#[test]
fn files_that_import_each_other_are_checked() {
    let project = Project::with(&[
        ("a.release", "edition 2026\nimport \"./b.release\"\n"),
        ("b.release", "edition 2026\nimport \"./a.release\"\nlet x = nowhere\n"),
    ]);
    let ended = project.liftlock(&["check"]).expect(1);
    assert!(ended.stdout.contains("nothing is named `nowhere` here"), "{}", ended.stdout);
}

#[test]
fn a_long_chain_of_names_is_a_finding_and_no_crash() {
    for forwards in [true, false] {
        let mut lines: Vec<String> = (0..20_000).map(|at| format!("let b{at} = b{}\n", at + 1)).collect();
        lines.push("let b20000 = \"end\"\n".to_owned());
        if !forwards {
            lines.reverse();
        }
        let project = Project::with(&[("a.release", &lines.concat())]);
        let ended = project.liftlock(&["check"]).expect(1);
        assert!(ended.stdout.contains("names/too-large"), "{}", ended.stdout);
    }
}

/// A host is taken out and let in again by two steps that look at the same weight.
const WEIGHT: &str =
    "step drain { observe = `cat weight`, desired = \"0\", run = `./set 0`, rollback = `./set ${observed}` }
     step admit { observe = `cat weight`, desired = \"10\", run = `./set 10`, rollback = `./set ${observed}` }\n";

/// A program of the project's own.
fn program(project: &Project, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    project.write(name, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(project.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn weighed(deploy: &str, set: &str) -> Project {
    let project = body(&format!("{WEIGHT}{deploy}"));
    program(&project, "set", &format!("echo $1 >> sets\n{set}"));
    project.write("weight", "10");
    project
}

#[test]
fn a_state_between_two_effects_is_not_what_has_to_be_there_again() {
    let project = weighed("command broken { run = `false` }", "echo $1 > weight");
    let ended = project.liftlock(RUN).expect(1);
    assert!(ended.stdout.contains("restored"), "{}", ended.stdout);
    assert_eq!(project.read("weight"), "10\n");
    assert_eq!(project.read("sets"), "0\n10\n0\n10\n");
}

#[test]
fn of_effects_that_look_at_the_same_the_first_is_undone_again_and_no_other() {
    // The last of the four, the undo of `drain`, says that it is done and does nothing.
    let lie = "test $(wc -l < sets) = 4 || echo $1 > weight";
    let project = weighed("command broken { run = `false` }", lie);
    let ended = project.liftlock(RUN).expect(6);
    assert!(
        ended.stdout.contains("deploy/drain was undone, and is not what it was: `0` instead of `10`"),
        "{}",
        ended.stdout
    );
    project.liftlock(&["resume"]).expect(1);
    assert_eq!(project.read("weight"), "10\n");
    assert_eq!(project.read("sets"), "0\n10\n0\n10\n10\n");
}

#[test]
fn behind_a_point_of_no_return_the_first_that_was_undone_says_what_has_to_be_there() {
    let drain_for_good =
        "step out { observe = `cat weight`, desired = \"0\", run = `./set 0`, irreversible = \"it is out\" }
         step back { observe = `cat weight`, desired = \"7\", run = `./set 7`, rollback = `true` }\n";
    let project = weighed(&format!("{drain_for_good}{BROKEN}"), "echo $1 > weight");
    let ended = project.liftlock(RUN).expect(6);
    assert!(
        ended.stdout.contains("deploy/back was undone, and is not what it was: `7` instead of `0`"),
        "{}",
        ended.stdout
    );
}

#[test]
fn each_member_takes_notice_once_of_what_is_put_back() {
    for at_most in ["", "at_most = 2"] {
        let project = body(&format!(
            "each host in [\"a\", \"b\", \"c\"] {{
               {at_most}
               link current {{ path = \"srv/${{host}}\", target = \"new\" }}
               refresh service {{ run = `./restart ${{host}}` }}
             }}
             command broken {{ run = `false` }}"
        ));
        program(&project, "restart", "readlink srv/$1 >> restarts.$1");
        std::fs::create_dir(project.path("srv")).unwrap();
        for host in ["a", "b", "c"] {
            std::os::unix::fs::symlink("old", project.path(&format!("srv/{host}"))).unwrap();
        }
        project.liftlock(RUN).expect(1);
        for host in ["a", "b", "c"] {
            assert_eq!(project.read(&format!("restarts.{host}")), "new\nold\n", "{host}, {at_most}");
        }
    }
}

#[test]
fn what_was_released_stays_released_when_a_run_is_left() {
    let environments = "environment dev {}
environment staging { requires = [dev] }
environment production { requires = [staging] }";
    let pipeline = "pipeline app {
  promote artifact.app through dev -> staging -> production
  verify { command there { run = `test -e srv/${env.name}` } }
  deploy {
    file conf { path = \"srv/${env.name}\", content = release.version }
    step one { run = `true`, rollback = `false` }
    when env.name == \"production\" { command broken { run = `false` } }
  }
}";
    let project = project(environments, pipeline);
    let ended = project.liftlock(RUN).expect(6);
    let run = project.records()[0]["run"].as_str().unwrap().to_owned();
    assert!(ended.stdout.contains(&format!("liftlock resume {run} --leave \"why\"")), "{}", ended.stdout);
    let left = project.liftlock(&["resume", "--leave", "it does"]).expect(1).stdout;
    let summary = "app 1.0.0 was NOT released to production: production is left as it was when it failed";
    assert!(left.starts_with(summary), "{left}");
    assert_eq!(left.matches("runs 1.0.0 (release 1,").count(), 2, "{left}");
}

/// A run that waits for a soak of an hour, with these approvals behind it.
fn soaking(approvals: &str) -> (Project, String) {
    let pipelines = format!(
        "pipeline app {{
           promote artifact.app through dev -> production
           before production {{ soak calm {{ environment = dev, for = 1h }}\n{approvals} }}
           verify {{ command there {{ run = `test -d srv/${{env.name}}` }} }}
           deploy {{ directory d {{ path = \"srv/${{env.name}}\" }} }}
         }}"
    );
    let project = project(TWO, &pipelines);
    project.write("srv/there", "");
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    let run = project.records()[0]["run"].as_str().unwrap().to_owned();
    (project, run)
}

#[test]
fn the_only_approval_that_is_lacking_can_be_given_ahead_without_its_name() {
    let (project, _) = soaking("approval night { from = group.owners }");
    let approved = project.liftlock(&["approve", "--as", "grace"]).expect(0);
    assert!(approved.stderr.contains("grace approved app/production/before/night"), "{}", approved.stderr);
    let none = project.liftlock(&["approve", "--as", "grace"]).expect(2);
    assert!(none.stderr.contains("waits for no approval"), "{}", none.stderr);
}

#[test]
fn of_several_approvals_that_are_lacking_each_is_a_command() {
    let (project, run) = soaking("approval night { from = group.owners }\napproval day { from = group.owners }");
    let several = project.liftlock(&["approve", "--as", "grace"]).expect(2);
    for gate in ["night", "day"] {
        let command = format!("`liftlock approve {run} app/production/before/{gate}`");
        assert!(several.stderr.contains(&command), "{}", several.stderr);
    }
    let quiet = project.liftlock(&["approve", &run, "night", "--as", "grace", "--quiet"]).expect(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    // Now one is left.
    let last = project.liftlock(&["approve", "--as", "grace"]).expect(0);
    assert!(last.stderr.contains("before/day"), "{}", last.stderr);
}

#[test]
fn a_state_that_takes_a_secret_to_see_is_no_failed_look_for_drift() {
    let project = body(
        "step noted {
           observe = `cat note`, desired = \"noted\", run = `./note`, rollback = `true`
           env = { TOKEN = secret.env(\"TOKEN\") }
         }",
    );
    program(&project, "note", "echo noted > note");
    project.liftlock_with(RUN, &[("TOKEN", "hush-hush-hush")]).expect(0);
    let still = project.liftlock(&["drift", "dev"]).expect(0).stdout;
    assert!(still.contains("no drift") && still.contains("which only a run opens"), "{still}");
    assert!(!still.contains("could not be observed"), "{still}");
}
