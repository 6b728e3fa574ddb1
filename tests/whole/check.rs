//! `liftlock check` on real files.

use std::fs;

use crate::project::{Project, repository};

/// The example, unchanged.
fn example() -> [(&'static str, String); 2] {
    ["environments.release", "storefront.release"]
        .map(|name| (name, fs::read_to_string(repository().join("examples/storefront").join(name)).unwrap()))
}

#[test]
fn the_example_has_no_finding() {
    let files = example();
    let project = Project::with(&[(files[0].0, &files[0].1), (files[1].0, &files[1].1)]);
    let ended = project.liftlock(&["check"]).expect(0);
    assert_eq!(ended.stdout, "");
}

#[test]
fn five_mistakes_in_two_files_are_five_findings_each_at_its_place() {
    let [(_, mut environments), (_, mut pipeline)] = example();
    let mistake = |text: &mut String, old: &str, new: &str| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the example");
        *text = text.replace(old, new);
    };
    // A setting that is missing, an unknown key, a path that leaves staging out, an undo that is missing, a bare word.
    mistake(&mut environments, "  listen   = \"127.0.0.1:4102\"\n", "");
    mistake(&mut environments, "  protected = true", "  protectd = true");
    mistake(&mut pipeline, "dev -> staging -> production", "dev -> production");
    mistake(&mut pipeline, "      rollback   = `rm -rf ${home}`\n", "");
    mistake(&mut pipeline, "target = \"releases/${release.version}\"", "target = \"releases/${release.versoin}\"");

    let project = Project::with(&[("environments.release", &environments), ("storefront.release", &pipeline)]);
    let ended = project.liftlock(&["check", "--output", "json"]).expect(1);
    let mut found: Vec<(String, String, String)> = ended
        .stdout
        .lines()
        .map(|line| {
            let finding: serde_json::Value = serde_json::from_str(line).unwrap();
            let label = &finding["labels"][0];
            let path = label["path"].as_str().unwrap().to_owned();
            let text = fs::read_to_string(project.path(&path)).unwrap();
            let line = text.lines().nth(label["line"].as_u64().unwrap() as usize - 1).unwrap();
            (finding["code"].as_str().unwrap().to_owned(), path, line.trim().to_owned())
        })
        .collect();
    found.sort();
    let expected = [
        ("names/unknown-attribute", "environments.release", "protectd = true"),
        ("names/unknown-name", "storefront.release", "target = \"releases/${release.versoin}\""),
        ("parity/missing-setting", "environments.release", "environment staging {"),
        ("promotion/skips-environment", "storefront.release", "promote artifact.storefront through dev -> production"),
        ("rollback/missing", "storefront.release", "step unpack {"),
    ]
    .map(|(code, path, line)| (code.to_owned(), path.to_owned(), line.to_owned()));
    assert_eq!(found, expected);

    let text = project.liftlock(&["check"]).expect(1);
    for (code, ..) in &expected {
        assert!(text.stdout.contains(&format!("error[{code}]")), "{code}\n{}", text.stdout);
    }
    assert!(text.stdout.contains("did you mean `protected`?"), "{}", text.stdout);
    assert!(text.stderr.contains("5 errors"), "{}", text.stderr);
}

#[test]
fn what_one_pipeline_has_no_use_for_is_not_unused_where_another_file_uses_it() {
    let shared = "environment dev {}\nenvironment demo {}\nenvironment gone {}\n\
        artifact app { version = \"1.0.0\", sources = [\"app\"], build = `make`, file = \"app\" }\n";
    let pipeline = |name: &str, environment: &str| {
        format!("import \"./shared.release\"\npipeline {name} {{\n  promote artifact.app through {environment}\n}}\n")
    };
    let (one, other) = (pipeline("one", "dev"), pipeline("other", "demo"));
    let project = Project::with(&[("shared.release", shared), ("one.release", &one), ("other.release", &other)]);
    let ended = project.liftlock(&["check", "--output", "json"]).expect(0);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("promotion/unreachable-environment"), "{}", ended.stdout);
    assert!(ended.stdout.contains("`gone`"), "{}", ended.stdout);
}

#[test]
fn a_value_of_the_wrong_type_is_told_how_to_be_written() {
    let helps = |attribute: &str, body: &str| {
        let text = format!(
            "environment dev {{ {attribute} }}\nartifact a {{ version = \"1.0.0\", sources = [\"a.release\"], build = `true`, file = \"a\" }}\n\
             pipeline p {{\n promote artifact.a through dev\n {body}\n }}\n"
        );
        let ended = Project::with(&[("a.release", &text)]).liftlock(&["check", "--output", "json"]).expect(1);
        let first: serde_json::Value = serde_json::from_str(ended.stdout.lines().next().unwrap()).unwrap();
        first["help"].as_str().unwrap().to_owned()
    };
    assert_eq!(helps("protected = yes", ""), "write `true`");
    assert_eq!(helps("protected = \"true\"", ""), "write it without quotes: `true`");
    assert_eq!(helps("requires = \"dev\"", ""), "a list stands in brackets: `[ … ]`");
    let check = |attributes: &str| helps("", &format!("verify {{ tcp t {{ host = \"h\", {attributes} }} }}"));
    assert_eq!(check("port = \"80\""), "write the number without quotes: `80`");
    assert_eq!(check("port = 80, within = 5"), "say the unit: `5s`");
    assert_eq!(check("port = 80, within = \"5s\""), "write the duration without quotes: `5s`");
    let step = |run: &str| helps("", &format!("deploy {{ step s {{ run = {run}, rollback = `true` }} }}"));
    assert_eq!(step("\"ops/unpack a\""), "a command stands in backticks: `` `ops/unpack a` ``");
}

#[test]
fn what_is_found_can_be_explained_by_its_code_rule_or_not() {
    let project = Project::with(&[("app.release", "environment dev\n{\n}\n")]);
    let found = project.liftlock(&["check", "--output", "sarif"]).expect(1);
    let document: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let rule = &document["runs"][0]["tool"]["driver"]["rules"][0];
    let code = rule["id"].as_str().unwrap();
    assert_eq!(code, "syntax/brace-on-next-line");

    let page = project.liftlock(&["explain", code]).expect(0).stdout;
    assert!(page.starts_with("# syntax/brace-on-next-line\n"), "{page}");
    assert_eq!(rule["help"]["markdown"], page.as_str());

    let list = project.liftlock(&["explain", "--list"]).expect(0).stdout;
    let (rules, others) = list.split_once("\n\n").unwrap();
    assert!(rules.contains("  rollback/missing  ") && !rules.contains(code), "{list}");
    assert!(others.contains(&format!("  {code}  ")), "{list}");

    let ended = project.liftlock(&["explain", "syntax/brace-on-next-lien"]).expect(2);
    assert!(ended.stderr.contains("did you mean `syntax/brace-on-next-line`?"), "{}", ended.stderr);
}
