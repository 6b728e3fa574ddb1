//! A release that uses what the language has beyond a plain sequence: procedures in another file, waves, conditions, outputs,
//! secrets, notices.

use crate::project::Project;

const FLEET: &str = r#"edition 2026

import "./shared/hosts.release"

settings {
  hosts: list<host>
  token: secret
  limits: { at-once: int = 1, note: string? } = {}
}

environment dev {
  hosts = ["h1"]
  token = secret.env("TOKEN")
}

environment production {
  requires = [dev]
  hosts    = ["h1", "h2", "h3", "h4", "h5"]
  token    = secret.file("token")
  limits   = { at-once = 2 }
}

input version: semver

artifact app {
  version = input.version
  sources = ["app.txt"]
  build   = `cp app.txt app-${version}.txt`
  file    = "app-${version}.txt"
}

pipeline fleet {
  promote artifact.app through dev -> production

  deploy {
    directory home { path = "srv/${env.name}" }
    step volume {
      env      = { TOKEN = env.token, HOME_OF = "srv/${env.name}" }
      outputs  = ["id"]
      observe  = `sh ops/state srv/${env.name}/volume`
      run      = ```sh
        id="volume-of-$(basename "$HOME_OF")"
        echo "$id" > "$HOME_OF/volume"
        echo "id=$id" >> "$LIFTLOCK_OUTPUT"
        echo "made with $TOKEN"
      ```
      rollback = `sh ops/put srv/${env.name}/volume ${observed}`
    }
    each host in env.hosts {
      at_most = env.limits.at-once

      hosts.install program {
        place   = "srv/${env.name}/${host}"
        version = release.version
        volume  = step.volume.id
      }
    }
    when length(env.hosts) > 3 {
      file many { path = "srv/${env.name}/many", content = json(env.hosts) }
    }
  }

  verify {
    each host in env.hosts {
      command there { run = `test -f srv/${env.name}/${host}` }
    }
  }

  on success {
    notify told { run = ```sh
      echo "out" >> told
    ``` }
  }
  on failure {
    notify told {
      env = { TEXT = failure.summary, WHERE = failure.environment }
      run = ```sh
        echo "$WHERE: $TEXT" >> told
      ```
    }
  }
}
"#;

const HOSTS: &str = r#"# What is done to one host.

function line(version: semver, volume: string): string = "${version} on ${volume}"

procedure install {
  place: path
  version: semver
  volume: run string

  step write {
    env      = { TEXT = line(version: version, volume: volume), PLACE = place }
    observe  = `sh ops/state ${place}`
    run      = ```sh
      echo "$TEXT" > "$PLACE"
      case "$TEXT" in 2.*) case "$PLACE" in */production/h4) exit 7 ;; esac ;; esac
    ```
    rollback = `sh ops/put ${place} ${observed}`
  }
  command written { run = `test -s ${place}`, for = 50ms, every = 10ms }
}
"#;

fn fleet() -> Project {
    Project::with(&[
        ("fleet.release", FLEET),
        ("shared/hosts.release", HOSTS),
        ("app.txt", "app\n"),
        ("token", "a-secret-in-a-file\n"),
        ("ops/state", "cat \"$1\" 2>/dev/null || echo none\n"),
        ("ops/put", "if [ \"$2\" = none ]; then rm -f \"$1\"; else echo \"$2\" > \"$1\"; fi\n"),
    ])
}

const TOKEN: &[(&str, &str)] = &[("TOKEN", "a-secret-in-a-variable")];

#[test]
fn a_release_goes_through_procedures_waves_and_conditions_and_no_secret_is_kept() {
    let fleet = fleet();
    fleet.liftlock(&["check", "--deny", "names/unused"]).expect(0);
    let run = &["run", "--set", "version=1.0.0", "--as", "ada", "--yes"];
    let ended = fleet.liftlock_with(run, TOKEN).expect(0);

    assert_eq!(fleet.read("srv/dev/h1"), "1.0.0 on volume-of-dev\n");
    assert_eq!(fleet.read("srv/production/h5"), "1.0.0 on volume-of-production\n");
    assert_eq!(fleet.read("srv/production/many"), r#"["h1","h2","h3","h4","h5"]"#);
    assert!(!fleet.path("srv/dev/many").exists(), "dev has one host");
    assert_eq!(fleet.read("told"), "out\n");

    assert!(ended.stderr.contains("made with ***"), "{}", ended.stderr);
    let kept = walkdir::WalkDir::new(fleet.path(".liftlock")).into_iter().map(Result::unwrap);
    let kept: Vec<_> = kept.filter(|entry| entry.file_type().is_file()).collect();
    assert!(kept.iter().any(|entry| entry.file_name() == "journal.db"), "{kept:?}");
    for entry in kept {
        let bytes = std::fs::read(entry.path()).unwrap();
        let secret = b"a-secret-in-a";
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", entry.path().display());
    }
}

#[test]
fn a_host_that_fails_in_the_second_wave_takes_the_first_one_back_too() {
    let fleet = fleet();
    fleet.liftlock_with(&["run", "--set", "version=1.0.0", "--as", "ada", "--yes"], TOKEN).expect(0);
    let ended = fleet.liftlock_with(&["run", "--set", "version=2.0.0", "--as", "ada", "--yes"], TOKEN).expect(1);

    let failed = r#"deploy/host["h4"]/program/write"#;
    assert!(ended.stdout.contains(failed) || ended.stderr.contains(failed), "{}\n{}", ended.stdout, ended.stderr);
    for host in ["h1", "h2", "h3", "h4", "h5"] {
        assert_eq!(fleet.read(&format!("srv/production/{host}")), "1.0.0 on volume-of-production\n", "{host}");
    }
    // The third wave was never begun.
    let began = |host: &str| {
        let address = format!(r#"fleet/production/deploy/host["{host}"]/program/write"#);
        fleet
            .records()
            .iter()
            .filter(|record| {
                record["event"]["event"] == "effect-started" && record["event"]["effect"] == address.as_str()
            })
            .count()
    };
    assert_eq!((began("h3"), began("h4"), began("h5")), (1, 1, 0));
    assert!(fleet.read("told").contains("production: production failed at"), "{}", fleet.read("told"));
}

#[test]
fn a_secret_that_is_not_there_fails_the_step_before_it_begins() {
    let fleet = fleet();
    let ended = fleet.liftlock(&["run", "--set", "version=1.0.0", "--as", "ada", "--yes"]).expect(1);
    assert!(ended.stderr.contains(r#"secret.env("TOKEN") cannot be opened"#), "{}", ended.stderr);
    assert!(!fleet.path("srv/dev").exists(), "what was applied before is taken back");
}

#[test]
fn a_script_is_told_what_was_observed_before_it() {
    let release = r#"edition 2026

environment dev {}
artifact app { version = "1.0.0", sources = ["app.release"], build = `true`, file = "app.release" }
pipeline app {
  promote artifact.app through dev
  deploy {
    step raise {
      observe  = `cat level`
      run      = ```sh
        echo "up from $LIFTLOCK_OBSERVED" >> said
        echo 2 > level
      ```
      rollback = ```sh
        echo "back to $LIFTLOCK_OBSERVED" >> said
        printf '%s\n' "$LIFTLOCK_OBSERVED" > level
      ```
    }
    step large {
      observe  = `cat large`
      run      = ```sh
        echo "large: ${LIFTLOCK_OBSERVED-not told}" >> said
        echo small > large
      ```
      rollback = `true`
    }
    step fail { run = `false`, rollback = `true` }
  }
}
"#;
    let large = "x".repeat(70_000);
    let project = Project::with(&[("app.release", release), ("level", "one\ntwo words\n"), ("large", &large)]);
    project.liftlock(&["run", "--yes"]);
    assert_eq!(project.read("said"), "up from one\ntwo words\nlarge: not told\nback to one\ntwo words\n");
    assert_eq!(project.read("level"), "one\ntwo words\n");
}
