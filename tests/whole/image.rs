//! Releases of container images: what is shipped is the digest that was found, whatever becomes of the tag.
//!
//! The registry is a folder: a file for each tag, whose content is the image.

use serde_json::Value;

use crate::plan_schema::assert_fits;
use crate::project::{Ended, Project};

const RELEASE: &str = r#"edition 2026

environment dev {}
environment production { requires = [dev] }
input version: semver

artifact web {
  version = input.version
  image   = "r.example.com/shop/web:${version}"
  resolve = `sh ops/digest ${image}`
  timeout = 1s
}

pipeline web {
  promote artifact.web through dev -> production

  deploy {
    directory srv { path = "srv/${env.name}" }
    file env { path = "srv/${env.name}/web.env", content = "IMAGE=${artifact.web.image}\n" }
    step start {
      observe  = `sh ops/running ${env.name}`
      desired  = artifact.web.image
      run      = `sh ops/start ${env.name} ${artifact.web.image}`
      rollback = `sh ops/start ${env.name} ${observed}`
    }
  }

  verify {
    command runs { run = `grep -q sha256: srv/${env.name}/running` }
  }
}
"#;

/// The same, but that the image is built and pushed in the run.
fn built() -> String {
    let resolved = "  resolve = `sh ops/digest ${image}`\n";
    let built = "  sources = [\"src/**\"]\n  build   = `sh ops/push ${image}`\n";
    let text = RELEASE.replace(resolved, &format!("{built}{resolved}"));
    // What is known only in the run can be neither desired nor the content of a file.
    let text = text.replace("      desired  = artifact.web.image\n", "");
    text.replace("content = \"IMAGE=${artifact.web.image}\\n\"", "content = \"VERSION=${release.version}\\n\"")
}

const DIGEST: &str = r#"
echo "$1" >> asked
file="registry/$(echo "$1" | tr '/:' '__')"
test -f "$file" || { echo "MANIFEST_UNKNOWN: $1" >&2; exit 1; }
echo "sha256:$(sha256sum "$file" | cut -d' ' -f1)"
"#;

fn project(release: &str) -> Project {
    Project::with(&[
        ("web.release", release),
        ("ops/digest", DIGEST),
        ("ops/running", "cat \"srv/$1/running\" 2>/dev/null || echo none\n"),
        ("ops/start", "if [ \"$2\" = none ]; then rm \"srv/$1/running\"; else echo \"$2\" > \"srv/$1/running\"; fi\n"),
        (
            "ops/push",
            "echo build >> built\nmkdir -p registry\ncat src/* > \"registry/$(echo \"$1\" | tr '/:' '__')\"\n",
        ),
        ("src/main", "one"),
        ("registry/r.example.com_shop_web_1.0.0", "one"),
        ("registry/r.example.com_shop_web_1.1.0", "two"),
    ])
}

fn of(version: &str) -> String {
    format!("version={version}")
}

fn run(project: &Project, version: &str) -> Ended {
    project.liftlock(&["run", "--set", &of(version), "--yes"])
}

/// The image by the digest of its content.
fn image(content: &str) -> String {
    format!("r.example.com/shop/web@{}", liftlock_names::Digest::of(content.as_bytes()))
}

#[track_caller]
fn assert_running(project: &Project, environment: &str, content: &str) {
    assert_eq!(project.read(&format!("srv/{environment}/running")).trim(), image(content));
}

#[test]
fn a_plan_means_the_digest_that_it_has_found_whatever_becomes_of_the_tag() {
    let project = project(RELEASE);
    let shown = project.liftlock(&["plan", "--set", &of("1.0.0"), "--out", "plan.json"]).expect(0).stdout;
    let digest = liftlock_names::Digest::of(b"one");
    let said = format!("artifact web 1.0.0: image r.example.com/shop/web:1.0.0 is {digest}");
    assert!(shown.contains(&said), "{shown}");
    assert!(shown.contains(&format!("+ IMAGE={}", image("one"))), "{shown}");
    assert_eq!(project.read("asked").lines().count(), 1, "the registry is asked once");

    project.write("registry/r.example.com_shop_web_1.0.0", "moved");
    project.liftlock(&["run", "plan.json", "--yes"]).expect(0);
    assert_eq!(project.read("asked").lines().count(), 1, "and not in the run");
    for environment in ["dev", "production"] {
        assert_running(&project, environment, "one");
        assert_eq!(project.read(&format!("srv/{environment}/web.env")), format!("IMAGE={}\n", image("one")));
    }

    let status: Value =
        serde_json::from_str(&project.liftlock(&["status", "--output", "json"]).expect(0).stdout).unwrap();
    let (_, digest) = image("one").split_once('@').map(|(name, digest)| (name.to_owned(), digest.to_owned())).unwrap();
    assert!(status.to_string().contains(&digest), "{status}");
    let log = project.liftlock(&["log"]).expect(0).stdout;
    assert!(log.contains(&format!("artifact web 1.0.0 is this image: {}", image("one"))), "{log}");
}

#[test]
fn plans_of_images_fit_the_schema_and_are_shown_in_markdown() {
    for release in [RELEASE.to_owned(), built()] {
        let project = project(&release);
        let set = of("1.0.0");
        assert_fits(&project.liftlock(&["plan", "--set", &set, "--output", "json"]).expect(0).stdout);
        project.liftlock(&["run", "--set", &set, "--yes"]).expect(0);
        let saved = assert_fits(&project.liftlock(&["plan", "--set", &set, "--output", "json"]).expect(0).stdout);
        assert!(image("one").ends_with(saved["plan"]["artifact"]["digest"].as_str().unwrap()), "{saved}");
        assert_fits(&project.liftlock(&["plan", "--rollback", "dev", "--output", "json"]).expect(0).stdout);
        let markdown = project.liftlock(&["plan", "--set", &set, "--output", "markdown"]).expect(0).stdout;
        assert!(markdown.contains("nothing to do") || markdown.contains("image"), "{markdown}");
    }
}

#[test]
fn a_version_never_means_two_images() {
    let project = project(RELEASE);
    run(&project, "1.0.0").expect(0);
    project.write("registry/r.example.com_shop_web_1.0.0", "moved");
    let refused = run(&project, "1.0.0").expect(1);
    assert!(refused.stderr.contains("version 1.0.0 was released as"), "{}", refused.stderr);
    assert!(refused.stderr.contains("this image is"), "{}", refused.stderr);
    assert_running(&project, "dev", "one");
}

#[test]
fn a_rollback_brings_the_image_back_that_ran_before() {
    for release in [RELEASE.to_owned(), built()] {
        let project = project(&release);
        run(&project, "1.0.0").expect(0);
        project.write("src/main", "two");
        run(&project, "1.1.0").expect(0);
        assert_running(&project, "production", "two");
        // The tag of the image is gone, and its digest is not.
        project.write("registry/r.example.com_shop_web_1.0.0", "moved");
        let back = project.liftlock(&["rollback", "production", "--yes"]).expect(0);
        assert_running(&project, "production", "one");
        assert_running(&project, "dev", "two");
        assert!(
            back.stdout.contains("runs 1.0.0 (release 1") || back.stderr.contains("runs 1.0.0 (release 1"),
            "{back:?}"
        );
    }
}

#[test]
fn an_image_is_built_once_and_named_by_the_digest_that_its_registry_gives_it() {
    let project = project(&built());
    let shown = project.liftlock(&["plan", "--set", &of("1.0.0")]).expect(0).stdout;
    let said = "artifact web 1.0.0: to be built from 1 file, as image r.example.com/shop/web:1.0.0";
    assert!(shown.contains(said), "{shown}");
    assert!(!project.path("built").exists() && !project.path("asked").exists(), "a plan builds nothing");
    run(&project, "1.0.0").expect(0);
    assert_running(&project, "production", "one");
    let again = run(&project, "1.0.0").expect(0);
    assert!(again.stdout.contains("nothing to do") || again.stderr.contains("built before"), "{again:?}");
    assert_eq!(project.read("built").lines().count(), 1);
}

#[test]
fn a_run_that_died_anywhere_is_resumed_to_the_same_image() {
    for release in [RELEASE.to_owned(), built()] {
        let whole = project(&release);
        run(&whole, "1.0.0").expect(0);
        let records = whole.records().len();
        // Some records are appended together, so that there are fewer moments to die in than records.
        for appends in 1..=records {
            let project = project(&release);
            let killed = project.liftlock_killed_after(&["run", "--set", &of("1.0.0"), "--yes"], appends);
            if project.records().len() == records {
                assert!(appends > records / 3, "only {appends} moments for {records} records");
                break;
            }
            assert_eq!(killed.code, None, "{appends}\n{}", killed.stderr);
            // What is resumed asks no registry again for what it knows.
            let is_known = project.records().iter().any(|record| record["event"]["event"] == "image-ready");
            if is_known {
                project.write("registry/r.example.com_shop_web_1.0.0", "moved");
            }
            let resumed = project.liftlock(&["resume", "--settle", "retry"]);
            let resumed = if resumed.code == Some(2) { project.liftlock(&["resume"]) } else { resumed };
            assert!(matches!(resumed.code, Some(0 | 6)), "{appends}\n{}{}", resumed.stdout, resumed.stderr);
            if resumed.code == Some(0) {
                assert_running(&project, "dev", "one");
                assert_running(&project, "production", "one");
            }
        }
    }
}

#[test]
fn what_prints_no_digest_stops_the_plan_with_what_to_do() {
    let many = [
        ("echo latest", "printed `latest` where the digest of `r.example.com/shop/web:1.0.0` is wanted"),
        ("true", "printed nothing where"),
        ("echo sha256:00; echo sha256:11", "printed 2 lines where"),
        ("echo web@sha256:00", "help: print only what stands behind the `@`"),
        ("echo MANIFEST_UNKNOWN >&2; exit 3", "ended with status 3"),
        ("echo MANIFEST_UNKNOWN >&2; exit 3", "| MANIFEST_UNKNOWN"),
        ("exec sleep 20", "was stopped after its time-out of 1s"),
    ];
    for (script, said) in many {
        let project = project(RELEASE);
        project.write("ops/digest", script);
        for verb in [&["plan"][..], &["run", "--yes"]] {
            let ended = project.liftlock(&[verb, &["--set", &of("1.0.0")]].concat()).expect(1);
            assert!(ended.stderr.contains(said), "{script}\n{}", ended.stderr);
            assert!(ended.stderr.contains("help: "), "{script}\n{}", ended.stderr);
            project.liftlock(&["log"]).expect(2);
        }
    }
}

#[test]
fn a_built_image_that_is_not_in_the_registry_stops_the_run_before_anything_is_entered() {
    let project = project(&built());
    project.write("ops/push", "true");
    let ended = run(&project, "2.0.0").expect(1);
    assert!(
        ended.stderr.contains("the build ended well, and `sh ops/digest r.example.com/shop/web:2.0.0`"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("| MANIFEST_UNKNOWN"), "{}", ended.stdout);
    assert!(!project.path("srv").exists());
}

#[test]
fn a_plan_for_which_no_digest_was_looked_up_is_shown_and_not_run() {
    let project = project(RELEASE);
    let arguments = ["plan", "--offline", "--set", "version=1.0.0", "--out", "plan.json"];
    let shown = project.liftlock(&arguments).expect(0).stdout;
    assert!(shown.contains("its digest was not looked up"), "{shown}");
    assert!(!project.path("asked").exists());
    assert_fits(&project.read("plan.json"));
    let ended = project.liftlock(&["run", "plan.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains("plan again without `--offline`"), "{}", ended.stderr);
    assert!(!project.path("srv").exists());
}

#[test]
fn an_image_may_be_handed_over_with_its_digest() {
    let release = RELEASE
        .replace("input version: semver", "input version: semver\ninput digest: digest")
        .replace("  resolve = `sh ops/digest ${image}`\n", "")
        .replace("web:${version}\"", "web@${input.digest}\"");
    let project = project(&release);
    let digest = liftlock_names::Digest::of(b"by hand").to_string();
    project.liftlock(&["run", "--set", "version=1.0.0", "--set", &format!("digest={digest}"), "--yes"]).expect(0);
    assert_running(&project, "dev", "by hand");
}

#[test]
fn a_version_that_is_no_tag_is_refused_before_any_registry_is_asked() {
    let project = project(RELEASE);
    let ended = project.liftlock(&["plan", "--set", &of("1.0.0+7")]);
    assert_ne!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("the image of artifact `web` is `r.example.com/shop/web:1.0.0+7`: a tag has no `+`"),
        "{}",
        ended.stderr
    );
    assert!(!project.path("asked").exists());
}
