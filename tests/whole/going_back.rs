//! Going back over several releases: newest first, each by the plan it was released with, or not begun at all.

use std::fs;

use crate::project::Project;

/// A file, a folder for each version, and a step whose undo reads the artifact.
fn release(undo: &str) -> String {
    format!(
        r#"edition 2026

environment dev {{}}
input version: semver
artifact app {{
  version = input.version
  sources = ["app.txt"]
  env     = {{ VERSION = version }}
  build   = ```sh
    echo "$VERSION $(cat app.txt)" > "app-$VERSION.txt"
  ```
  file    = "app-${{version}}.txt"
}}

pipeline app {{
  promote artifact.app through dev
  deploy {{
    directory home {{ path = "srv/${{release.version}}" }}
    file config {{ path = "srv/config", content = "version = ${{release.version}}\n" }}
    step install {{
      observe  = `cat srv/current`
      desired  = release.version
      run      = `sh set.sh ${{release.version}}`
      {undo}
    }}
  }}
  verify {{ command runs {{ run = `grep -qx ${{release.version}} srv/current` }} }}
}}
"#
    )
}

const UNDO: &str = "rollback = `sh unset.sh ${artifact.app.file} ${observed}`";

/// Three releases, one above the other.
fn released() -> Project {
    let project = Project::with(&[
        ("app.release", &release(UNDO)),
        ("app.txt", "app\n"),
        ("set.sh", "printf %s \"$1\" > srv/current\n"),
        ("unset.sh", "cat \"$1\" >> undone\nprintf %s \"$2\" > srv/current\n"),
        ("srv/current", "nothing"),
    ]);
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        project.liftlock(&["run", "--yes", "--set", &format!("version={version}")]).expect(0);
    }
    project
}

#[test]
fn going_back_to_a_release_takes_back_every_one_above_it_newest_first() {
    let project = released();
    let plan = project.liftlock(&["plan", "--rollback", "dev", "--to", "1.0.0"]).expect(0).stdout;
    let (newest, older) = plan.split_once("\nplan ").unwrap();
    assert!(newest.contains("rollback of dev, 1 of 2: take back app 1.2.0 (release 3), to 1.1.0 (release 2"), "{plan}");
    assert!(older.contains("rollback of dev, 2 of 2: take back app 1.1.0 (release 2), to 1.0.0 (release 1"), "{plan}");
    // The second begins with what the first leaves behind, which nobody can observe yet.
    assert!(older.contains("| - version = 1.1.0\n      | + version = 1.0.0\n"), "{older}");

    project.liftlock(&["rollback", "dev", "--to", "1", "--yes"]).expect(0);
    assert_eq!(project.read("srv/config"), "version = 1.0.0\n");
    assert_eq!(project.read("srv/current"), "1.0.0");
    assert_eq!(project.read("undone"), "1.2.0 app\n1.1.0 app\n", "each undo has the artifact of its own release");
    assert!(project.path("srv/1.0.0").exists() && !project.path("srv/1.1.0").exists());
    assert!(project.liftlock(&["status"]).expect(0).stdout.contains("1.0.0"));
}

#[test]
fn a_way_back_can_be_saved_and_is_run_as_it_was_saved() {
    let project = released();
    project.liftlock(&["plan", "--rollback", "dev", "--to", "none", "--out", "back.json"]).expect(0);
    let text = project.read("back.json");
    project.write("swapped.json", &text.replace("\"version\": \"1.0.0\"", "\"version\": \"1.0.1\""));
    let ended = project.liftlock(&["run", "swapped.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains("was changed after it was made"), "{}", ended.stderr);
    project.liftlock(&["run", "back.json", "--yes"]).expect(0);
    assert_eq!(project.read("srv/current"), "nothing");
    assert!(!project.path("srv/config").exists() && !project.path("srv/1.0.0").exists());
    let again = project.liftlock(&["run", "back.json", "--yes"]).expect(4);
    assert!(again.stderr.contains("was release 3 (1.2.0), is no release"), "{}", again.stderr);
}

#[test]
fn what_cannot_be_gone_back_on_is_said_before_anything_starts() {
    let project = released();
    let text = project.liftlock(&["plan", "--rollback", "dev", "--to", "1.0.0", "--output", "json"]).expect(0).stdout;
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let gone = second["plan"]["artifact"]["built"]["digest"].as_str().unwrap().trim_start_matches("sha256:");
    remove_from_store(&project, gone);
    for verb in [&["plan", "--rollback", "dev"][..], &["rollback", "dev", "--yes"]] {
        let ended = project.liftlock(&[verb, &["--to", "1.0.0"]].concat()).expect(1);
        let why = "`app-1.1.0.txt`, which the undo of release 2 reads, is gone";
        assert!(ended.stderr.contains(why) && ended.stderr.contains("release forward"), "{}", ended.stderr);
    }
    assert_eq!(project.read("srv/current"), "1.2.0", "nothing was begun");
    assert!(!project.path("undone").exists());
    project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
}

/// Takes whatever the store keeps of a digest away.
fn remove_from_store(project: &Project, digest: &str) {
    let mut open = vec![project.path(".liftlock/store")];
    let mut found = false;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string().replace('/', "");
            if name.ends_with(digest) && path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
                found = true;
            } else if path.is_dir() {
                open.push(path);
            }
        }
    }
    assert!(found, "the store keeps {digest}");
}

#[test]
fn a_point_of_no_return_anywhere_on_the_way_stops_all_of_it() {
    let project = released();
    let gated = release("irreversible = \"nobody unsends a letter\"")
        .replace("environment dev {}", "environment dev {}\ngroup all { members = [\"ada\"] }")
        .replace("  deploy {", "  before dev { approval go { from = group.all, self = true } }\n  deploy {");
    project.write("app.release", &gated);
    let letter = ["run", "--yes", "--as", "ada", "--approve", "go", "--set", "version=1.3.0"];
    project.liftlock(&letter).expect(0);
    project.write("app.release", &release(UNDO));
    project.liftlock(&["run", "--yes", "--set", "version=1.4.0"]).expect(0);
    let ended = project.liftlock(&["rollback", "dev", "--to", "1.2.0", "--yes"]).expect(1);
    assert!(ended.stderr.contains("point of no return: nobody unsends a letter"), "{}", ended.stderr);
    assert_eq!(project.read("srv/current"), "1.4.0", "not even the newest was taken back");
    project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
}

#[test]
fn what_is_not_below_is_refused_with_what_is() {
    let project = released();
    for (to, why) in [("9.9.9", "is no release below"), ("1.2.0", "is what runs there now")] {
        let ended = project.liftlock(&["rollback", "dev", "--to", to, "--yes"]).expect(2);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
        assert!(ended.stderr.contains("`2` (1.1.0), `1` (1.0.0), `none`"), "{}", ended.stderr);
    }
}
