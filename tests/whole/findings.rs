//! What becomes of findings: the forms they are written in, and what is made of them.

use serde_json::Value;

use crate::project::Project;

/// Two errors: production is entered without staging, and nothing takes `scale` back.
const SHOP: &str = "\
environment dev {}
environment staging { requires = [dev] }
environment production { requires = [staging] }

artifact shop {
  version = \"1.0.0\"
  sources = [\"src/**\"]
  build   = `make`
  file    = \"shop.tar.gz\"
}

pipeline shop {
  promote artifact.shop through dev -> production

  deploy {
    step scale { run = `ops/scale up` }
  }
}
";

fn shop() -> Project {
    Project::with(&[("shop.release", SHOP)])
}

#[test]
fn each_format_of_check_names_the_same_findings() {
    let project = shop();
    let check = |format: &str| project.liftlock(&["check", "--output", format]).expect(1).stdout;

    let concise = check("concise");
    let expected = "\
shop.release:13:40: error[promotion/skips-environment] `production` is entered without `staging`
shop.release:16:5: error[rollback/missing] nothing takes `scale` back
";
    assert_eq!(concise, expected);

    let github = check("github");
    let start = "::error file=shop.release,line=13,col=40,endLine=13,endColumn=50,title=promotion/skips-environment::";
    assert!(github.starts_with(start), "{github}");
    assert_eq!(github.lines().count(), 2, "{github}");

    let gitlab: Value = serde_json::from_str(&check("gitlab")).unwrap();
    assert_eq!(gitlab[1]["check_name"], "rollback/missing");
    assert_eq!(gitlab[1]["location"]["lines"]["begin"], 16);

    let sarif: Value = serde_json::from_str(&check("sarif")).unwrap();
    let run = &sarif["runs"][0];
    assert_eq!(run["results"][1]["ruleId"], "rollback/missing");
    let page = run["tool"]["driver"]["rules"][1]["help"]["markdown"].as_str().unwrap();
    assert!(page.starts_with("# rollback/missing\n"), "{page}");

    assert!(check("checkstyle").contains("source=\"liftlock.rollback/missing\""));
}

#[test]
fn a_format_of_findings_works_in_front_of_check_and_is_refused_by_other_verbs() {
    let project = shop();
    let ended = project.liftlock(&["--output", "concise", "check"]).expect(1);
    assert!(ended.stdout.starts_with("shop.release:13:40: "), "{}", ended.stdout);
    for verb in [&["plan", "--output", "sarif"][..], &["--output", "sarif", "status"], &["--output", "sarif"]] {
        let ended = project.liftlock(verb).expect(2);
        assert!(ended.stderr.contains("`--output sarif` is a form of findings"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn the_summary_of_a_github_step_is_added_to_what_is_there() {
    let project = shop();
    project.write("summary.md", "before\n");
    let summary = project.path("summary.md");
    let variables = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    project.liftlock_with(&["check", "--output", "github"], &variables).expect(1);
    let text = project.read("summary.md");
    assert!(text.starts_with("before\n### liftlock check: 2 errors in 1 file\n"), "{text}");
    assert!(text.contains("| error | `rollback/missing` |"), "{text}");
    // Other formats leave it alone.
    project.liftlock_with(&["check"], &variables).expect(1);
    assert_eq!(project.read("summary.md"), text);
}

#[test]
fn an_error_cannot_be_lowered_by_a_flag_and_an_unknown_rule_is_named_with_the_nearest() {
    let project = shop();
    for flag in ["--allow", "--warn"] {
        let ended = project.liftlock(&["check", flag, "rollback/missing"]).expect(2);
        assert!(ended.stderr.contains("`rollback/missing` is an error"), "{}", ended.stderr);
        assert!(ended.stderr.contains("# allow rollback/missing -- REASON"), "{}", ended.stderr);
    }
    let ended = project.liftlock(&["check", "--deny", "rolback/missing"]).expect(2);
    assert!(ended.stderr.contains("did you mean `rollback/missing`?"), "{}", ended.stderr);
    project.liftlock(&["check", "--deny", "rollback"]).expect(1);
}

#[test]
fn what_the_project_file_does_not_know_is_a_finding_in_it() {
    let project = shop();
    project.write(
        "liftlock.toml",
        "[rulse]\n[rules]\n\"rollback/missing\" = \"allow\"\n\"names\" = \"often\"\n\"gate/missing\" = \"deny\"\n",
    );
    let ended = project.liftlock(&["check", "--output", "concise"]).expect(1);
    let found: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("liftlock.toml")).collect();
    let expected = [
        "liftlock.toml:1:2: error[names/bad-project-file] `liftlock.toml` has no `rulse`",
        "liftlock.toml:3:1: error[names/bad-project-file] `rollback/missing` is an error, and can be allowed only in the \
         source, with its reason",
        "liftlock.toml:4:11: error[names/bad-project-file] this is no level for `names`",
        "liftlock.toml:5:1: error[names/bad-project-file] there is no rule and no area `gate/missing`",
    ];
    assert_eq!(found, expected, "{}", ended.stdout);
    project.write("liftlock.toml", "[rules\n");
    let ended = project.liftlock(&["check", "--output", "concise"]).expect(1);
    assert!(ended.stdout.contains("liftlock.toml:1:"), "{}", ended.stdout);
}
