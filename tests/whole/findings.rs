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
  verify { tcp answers { host = \"localhost\", port = 80 } }
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

/// The shop with a comment above the step that nothing takes back, and with a sound path.
fn shop_allowing(comment: &str) -> Project {
    let text = SHOP.replace("dev -> production", "dev -> staging -> production");
    let text = text.replace("    step scale", &format!("    {comment}\n    step scale"));
    Project::with(&[("shop.release", &text), ("src/main.rs", "")])
}

#[test]
fn an_allowance_with_a_reason_accepts_the_finding_and_lets_the_release_be_planned() {
    let project = shop_allowing("# allow rollback/missing -- scaling up harms nobody");
    assert_eq!(project.liftlock(&["check"]).expect(0).stdout, "");
    project.liftlock(&["plan", "--offline"]).expect(0);

    let text = project.read("shop.release").replace("    # allow rollback/missing -- scaling up harms nobody\n", "");
    project.write("shop.release", &text);
    project.liftlock(&["plan", "--offline"]).expect(1);
    let beside = text.replace("ops/scale up` }", "ops/scale up` } # allow rollback/missing -- it harms nobody");
    project.write("shop.release", &beside);
    project.liftlock(&["check"]).expect(0);
}

#[test]
fn an_allowance_without_a_reason_or_of_what_is_no_rule_is_an_error_and_accepts_nothing() {
    let cases = [
        ("# allow rollback/missing", "names/allowance-without-reason"),
        ("# allow rollback/mising -- so", "names/unknown-rule"),
        ("# allow syntax/bad-line -- so", "names/allowance-impossible"),
    ];
    for (comment, code) in cases {
        let ended = shop_allowing(comment).liftlock(&["check", "--output", "concise"]).expect(1);
        assert!(ended.stdout.contains("shop.release:16:"), "{}", ended.stdout);
        assert!(ended.stdout.contains(&format!("error[{code}]")), "{}", ended.stdout);
        assert!(ended.stdout.contains("error[rollback/missing]"), "{}", ended.stdout);
    }
}

#[test]
fn an_allowance_that_allows_nothing_is_a_warning_which_levels_raise_or_leave_out() {
    let project = shop_allowing("step first { run = `true`, readonly = true } # allow rollback/missing -- so");
    project.write("shop.release", &project.read("shop.release").replace("up` }", "up`, irreversible = \"so\" }"));
    let concise = ["check", "--output", "concise"];
    let ended = project.liftlock(&concise).expect(0);
    let expected = "shop.release:16:50: warning[names/allowance-unused] nothing of `rollback/missing` is found here\n";
    assert_eq!(ended.stdout, expected);

    let ended = project.liftlock(&[&concise[..], &["--deny", "names"]].concat()).expect(1);
    assert!(ended.stdout.contains("error[names/allowance-unused]"), "{}", ended.stdout);
    project.write("liftlock.toml", "[rules]\n\"names/allowance-unused\" = \"deny\"\n");
    project.liftlock(&concise).expect(1);
    project.liftlock(&["plan", "--offline"]).expect(1);
    assert_eq!(project.liftlock(&[&concise[..], &["--allow", "names"]].concat()).expect(0).stdout, "");
}

#[test]
fn an_allowance_in_a_shared_file_is_judged_once_for_all_who_import_it() {
    let (shared, pipeline) = SHOP.split_once("artifact shop").unwrap();
    let shared = shared
        .replace("environment production {", "# allow promotion/cycle -- shown here only\nenvironment production {");
    let project = Project::with(&[
        ("shared.release", &shared.replace("requires = [dev]", "requires = [staging]")),
        ("a.release", &format!("import \"./shared.release\"\nartifact shop{pipeline}")),
        ("b.release", "import \"./shared.release\"\n"),
    ]);
    let unused = |project: &Project| {
        let ended = project.liftlock(&["check", "--output", "concise"]);
        ended.stdout.lines().filter(|line| line.contains("allowance-unused")).count()
    };
    assert_eq!(unused(&project), 1, "it stands above the wrong environment, and is said once");
    let above = shared.replace("# allow promotion/cycle -- shown here only\n", "").replace(
        "environment staging { requires = [dev] }",
        "# allow promotion/cycle -- shown here only\nenvironment staging { requires = [staging] }",
    );
    project.write("shared.release", &above);
    assert_eq!(unused(&project), 0);
}

#[test]
fn unsafe_fixes_are_shown_as_a_diff_and_applied_only_when_asked_for() {
    let text =
        SHOP.replace("sources =", "sorces =").replace("ops/scale up` }", "ops/scale up`, irreversible = \"so\" }");
    let project = Project::with(&[("shop.release", &text)]);
    project.liftlock(&["check", "--fix"]).expect(1);
    assert_eq!(project.read("shop.release"), text, "nothing here is certain");

    let ended = project.liftlock(&["check", "--unsafe-fixes", "--diff"]).expect(1);
    assert_eq!(project.read("shop.release"), text);
    for line in [
        "--- a/shop.release\n+++ b/shop.release\n",
        "\n-  sorces = [\"src/**\"]\n+  sources = [\"src/**\"]\n",
        "\n-  promote artifact.shop through dev -> production\n+  promote artifact.shop through dev -> staging -> \
         production\n",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    assert!(ended.stderr.contains("would mend 2 findings in 1 file, and leave no findings"), "{}", ended.stderr);

    let ended = project.liftlock(&["check", "--unsafe-fixes"]).expect(0);
    assert!(ended.stderr.contains("mended 2 findings in 1 file"), "{}", ended.stderr);
    let mended = text.replace("sorces", "sources").replace("dev -> production", "dev -> staging -> production");
    assert_eq!(project.read("shop.release"), mended);
    assert_eq!(project.liftlock(&["check", "--unsafe-fixes", "--diff"]).expect(0).stdout, "");
}

#[test]
fn safe_fixes_are_applied_to_the_file_a_link_leads_to_and_the_rest_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;

    let text = SHOP.replace("version = \"1.0.0\"", "version: '1.0.0'");
    let project = Project::with(&[("real/shop.text", &text)]);
    let real = project.path("real/shop.text");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/shop.text", project.path("shop.release")).unwrap();
    let ended = project.liftlock(&["check", "--fix", "--output", "concise"]).expect(1);
    assert!(project.path("shop.release").is_symlink());
    assert_eq!(project.read("real/shop.text"), SHOP);
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(project.path("real")).unwrap().count(), 1, "nothing is left beside the file");
    assert_eq!(ended.stdout.lines().count(), 2, "{}", ended.stdout);
}

#[test]
fn a_baseline_leaves_out_what_it_knows_and_says_what_is_there_no_more() {
    let project = shop();
    let ended = project.liftlock(&["check", "--write-baseline", "known.json"]).expect(0);
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("`known.json` now knows 2 errors in 1 file"), "{}", ended.stderr);
    assert!(!project.read("known.json").contains("line"), "{}", project.read("known.json"));

    let check = ["check", "--output", "concise", "--baseline", "known.json"];
    let moved = format!("# a line more\n\n{SHOP}");
    project.write("shop.release", &moved);
    assert_eq!(project.liftlock(&check).expect(0).stdout, "");
    // What is known is no reason to release it.
    project.liftlock(&["plan", "--offline"]).expect(1);

    let more = moved.replace("    step scale", "    step first { run = `ops/first` }\n\n\n    step scale");
    project.write("shop.release", &more.replace("dev -> production", "dev -> staging -> production"));
    let ended = project.liftlock(&check).expect(1);
    assert!(ended.stdout.contains("nothing takes `first` back"), "{}", ended.stdout);
    let gone = "`known.json` knows a finding of `promotion/skips-environment` in `shop.release` that is there no more";
    assert!(ended.stderr.contains(gone), "{}", ended.stderr);

    project.write("known.json", "[]");
    project.liftlock(&check).expect(2);
    project.liftlock(&["check", "--baseline", "none.json"]).expect(2);
}
