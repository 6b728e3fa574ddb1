//! Secrets in a run: used, never seen.

use liftlock_journal::{Event, FailureKind, Outcome, State};
use liftlock_plan::{Change, Late, Secret, Step, Text};

use crate::site::{Seen, Site, output, plan, sh, step, with};

const VALUE: &str = "s3cret/value+1";

fn secret() -> Late {
    Late::Secret(Secret::File("token".to_owned()))
}

#[test]
fn a_secret_reaches_programs_and_is_in_no_record_and_no_output() {
    let site = Site::new();
    site.write("token", &format!("{VALUE}\n"));
    let all =
        sh(r#"echo "$TOKEN"; echo "$TOKEN" >&2; cat; echo "id=$TOKEN" >> "$LIFTLOCK_OUTPUT"; echo "$TOKEN" > seen"#);
    let mut run = with(all, "TOKEN", secret());
    run.stdin = Some(Text::late(secret()));
    let all = Step {
        observe: Some(with(sh("echo \"$TOKEN\""), "TOKEN", secret())),
        outputs: vec!["id".to_owned()],
        ..step(run)
    };
    let fails = sh("printf %s \"$TOKEN\" | base64; printf '\\033[1m%s\\n' \"$TOKEN\"; exit 3");
    let fails = step(with(with(fails, "TOKEN", secret()), "ID", output("all", "id")));
    let seen = Seen::default();
    let state = site.run(&plan(vec![("all", all), ("fails", fails)]), &seen);

    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(site.read("seen"), format!("{VALUE}\n"));
    let before = State::Output { text: "***".to_owned() };
    assert_eq!(state.effects[&crate::site::address("all")].before, Some(before));
    let everything = seen.everything();
    assert!(everything.contains("***"));
    for form in [VALUE, "czNjcmV0L3ZhbHVlKz", "s3cret%2F"] {
        assert!(!everything.contains(form), "{form}: {everything}");
    }
    let logs = site.path().join("output").join(state.run.as_str());
    for log in std::fs::read_dir(logs).unwrap() {
        let text = std::fs::read_to_string(log.unwrap().path()).unwrap();
        assert!(!text.contains(VALUE) && !text.contains("czNjcmV0"), "{text}");
    }
    // Also not in the data base, nor in what it keeps beside it.
    for file in std::fs::read_dir(site.path()).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let is_meant = file.ends_with("token") || file.ends_with("seen");
        let bytes = std::fs::read(&file).unwrap();
        let holds = bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
        assert_eq!(holds, is_meant, "{}", file.display());
    }
}

#[test]
fn a_secret_that_cannot_be_opened_keeps_the_step_from_starting() {
    let site = Site::new();
    let seen = Seen::default();
    let run = with(sh("echo ran > ran"), "TOKEN", secret());
    let state = site.run(&plan(vec![("all", step(run))]), &seen);
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    let failure = seen.records.borrow().iter().find_map(|record| match &record.event {
        Event::EffectFailed { failure, .. } => Some(failure.clone()),
        _ => None,
    });
    let failure = failure.unwrap();
    let message = "`sh` could not be started: secret.file(\"token\") cannot be opened: the file is not there";
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::NotStarted, message));
    assert_eq!(site.read("ran"), "");
}

#[test]
fn planning_opens_no_secret() {
    let site = Site::new();
    site.write("token", VALUE);
    let looks = Step {
        observe: Some(with(sh("echo looked > looked; echo \"$TOKEN\""), "TOKEN", secret())),
        preview: Some(with(sh("echo looked > looked"), "TOKEN", secret())),
        ..step(sh("true"))
    };
    let mut plan = plan(vec![("all", looks)]);
    let observations = site.observe(&plan);
    plan.observe(&observations);
    assert_eq!(site.read("looked"), "");
    let effect = plan.stages().flat_map(|stage| stage.effects()).next().unwrap();
    let Change::Unknown { why, .. } = &effect.change else { panic!("{:?}", effect.change) };
    assert!(why.contains("it needs secret.file(\"token\"), which only a run opens"), "{why}");
}

#[test]
fn a_secret_within_a_longer_text_is_refused() {
    let site = Site::new();
    site.write("token", VALUE);
    let seen = Seen::default();
    let mut run = sh("echo ran > ran");
    let mut text = Text::from("Bearer ");
    text.push(Text::late(secret()));
    run.env.insert("AUTHORIZATION".to_owned(), text);
    site.run(&plan(vec![("all", step(run))]), &seen);
    assert_eq!(site.read("ran"), "");
    assert!(seen.everything().contains("cannot be a part of a text"));
}
