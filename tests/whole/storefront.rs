//! The storefront example, as its README walks through it.

use crate::project::Project;

const GO: &[&str] = &["--as", "ada@example.com", "--approve", "go", "--yes"];

fn release(project: &Project, version: &str, more: &[&str]) -> crate::project::Ended {
    let values = format!("releases/{version}.toml");
    project.liftlock(&[&["run", "--values", &values], more].concat())
}

/// What a visitor, an operator and the disk say of an environment.
fn seen(project: &Project, environment: &str) -> [String; 5] {
    [
        project.get(environment, "/version").1,
        project.get(environment, "/health").0.to_string(),
        std::fs::read_link(project.path(&format!("srv/{environment}/current"))).unwrap().display().to_string(),
        project.read(&format!("srv/{environment}/shop.toml")),
        project.ops(&["schema", "version", &format!("srv/{environment}/shop.db")]),
    ]
}

#[test]
fn a_release_a_second_one_and_a_bad_one_that_is_restored() {
    let project = Project::storefront();

    // The first goes through to production.
    let first = release(&project, "1.0.0", GO).expect(0);
    assert!(first.stdout.lines().next().unwrap().contains("1.0.0"), "{}", first.stdout);
    for environment in ["dev", "staging", "production"] {
        let [version, health, link, _, schema] = seen(&project, environment);
        assert_eq!([&*version, &*health, &*link, &*schema], ["1.0.0", "200", "releases/1.0.0", "1"]);
    }

    // The plan of the second shows what then changes, line by line, and no line more.
    let plan = project.liftlock(&["plan", "--values", "releases/1.1.0.toml"]).expect(0).stdout;
    let changed = plan.lines().filter_map(|line| line.trim().strip_prefix("| "));
    // Below a change, what differs in it is pointed at.
    let changed: Vec<&str> = changed.filter(|line| !line.trim().bytes().all(|byte| byte == b'^')).collect();
    let of_a_stage = ["- absent", "+ 1.1.0", "- 1", "+ 2", "- -> releases/1.0.0", "+ -> releases/1.1.0"];
    assert_eq!(changed, of_a_stage.repeat(3), "{plan}");

    release(&project, "1.1.0", GO).expect(0);
    let again = project.liftlock(&["plan", "--values", "releases/1.1.0.toml", "--detailed-exitcode"]).expect(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);

    // The bad one works in dev, with its two workers, and fails in staging.
    let before = seen(&project, "staging");
    let production = seen(&project, "production");
    let bad = release(&project, "1.2.0", GO).expect(1);
    let mut report = bad.stdout.lines();
    let (what, why) = (report.next().unwrap(), report.next().unwrap());
    assert!(what.contains("1.2.0") && what.contains("staging") && what.contains("restored"), "{what}");
    assert!(why.contains("503"), "{why}");
    assert_eq!(seen(&project, "staging"), before);
    assert_eq!(seen(&project, "production"), production);
    assert_eq!(seen(&project, "dev")[0], "1.2.0");
    assert!(!project.path("srv/staging/releases/1.2.0").exists());

    // What was released can be taken back later, too.
    project.liftlock(&["rollback", "production", "--yes"]).expect(0);
    let [version, health, link, _, schema] = seen(&project, "production");
    assert_eq!([&*version, &*health, &*link, &*schema], ["1.0.0", "200", "releases/1.0.0", "1"]);

    project.liftlock(&["log", "--verify"]).expect(0);
    let status = project.liftlock(&["status"]).expect(0).stdout;
    assert!(status.contains("1.0.0") && status.contains("1.1.0") && status.contains("1.2.0"), "{status}");
}

#[test]
fn the_first_release_of_all_is_taken_back_to_nothing() {
    let project = Project::storefront();
    release(&project, "1.0.0", &["--to", "dev", "--yes"]).expect(0);
    assert!(project.answers("dev"));
    project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert!(!project.answers("dev"));
    assert!(!project.path("srv/dev/current").exists());
    assert!(!project.path("srv/dev/releases").exists());
    assert!(!project.path("srv/dev/shop.toml").exists());
    project.liftlock(&["rollback", "dev", "--yes"]).expect(1);
}
