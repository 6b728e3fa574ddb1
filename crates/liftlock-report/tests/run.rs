//! Watching a run: what stays in a log, and what is drawn on a terminal.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressDrawTarget, TermLike};
use liftlock_journal::{End, Event, Outcome, Record};
use liftlock_names::Part;
use liftlock_report::Style;
use liftlock_report::run::{Lines, Tree};
use support::{address, at, deploy, golden, records, released, undone, unhealthy};

/// What was written, for whoever holds a clone.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal that keeps everything that was ever drawn.
#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<String>>);

impl Screen {
    fn add(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        200
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        self.add("\n")
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        self.add("\n")
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text)?;
        self.add("\n")
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text)
    }
    fn clear_line(&self) -> io::Result<()> {
        self.add("\n")
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn story() -> Vec<Record> {
    let mut events = vec![support::artifact_ready()];
    events.extend(released("dev"));
    events.extend(unhealthy("staging"));
    events.extend(undone("staging", "unpack"));
    events.push(Event::StageEnded { environment: "staging".to_owned(), end: End::Restored });
    events.push(Event::RunFinished { outcome: Outcome::Restored { why: "staging was not healthy".to_owned() } });
    records(&support::plan(), events)
}

#[test]
fn a_log_has_a_line_for_each_event_and_each_line_of_output() {
    let written = Written::default();
    let mut lines = Lines::new(&support::plan(), Style::bare(), Box::new(written.clone()));
    for record in story() {
        if let Event::ArtifactReady { .. } = record.event {
            lines.output(None, b"   Compiling storefront\n    Finished");
        }
        lines.record(&record);
        if let Event::EffectStarted { effect, .. } = &record.event
            && effect.name() == "unpack"
        {
            lines.output(Some(effect), b"\x1b[32mx app");
            lines.output(Some(effect), b"/main\x1b[0m\r\nx no line end");
        }
    }
    lines.output(Some(&deploy("staging", "unpack")), b"at the very end");
    lines.finish();
    golden("lines.txt", &String::from_utf8(written.0.take()).unwrap());
}

#[test]
fn a_gate_says_how_to_approve() {
    let written = Written::default();
    let mut lines = Lines::new(&support::plan(), Style::bare(), Box::new(written.clone()));
    let wait = |name: &str, why: &str, until| Event::GateWaiting {
        gate: address("production", Part::Before, name),
        why: why.to_owned(),
        until,
        approval: true,
    };
    let events = vec![
        wait("steady", "staging has to stay healthy for a while", Some(at(60))),
        wait("go", "0 of 1 approvals from release-managers", None),
    ];
    records(&support::plan(), events).iter().for_each(|record| lines.record(record));
    let text = String::from_utf8(written.0.take()).unwrap();
    let wanted = [
        "production  before/steady          waiting: staging has to stay healthy for a while; until 14:03:11 at the earliest",
        "production  before/go              waiting: 0 of 1 approvals from release-managers; approve with: liftlock approve 1tk8w0m3xq go --as YOU",
    ];
    for (line, wanted) in text.lines().skip(1).zip(wanted) {
        assert!(line.ends_with(wanted), "{line}");
    }
}

#[test]
fn a_terminal_shows_what_is_over_and_what_is_under_way() {
    let screen = Screen::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    let mut tree = Tree::on(&support::plan(), Style::bare(), target);
    for record in story() {
        tree.record(&record);
        if let Event::EffectStarted { effect, .. } = &record.event {
            std::thread::sleep(std::time::Duration::from_millis(10));
            tree.output(Some(effect), format!("\x1b[31mprinted by {}\x1b[0m\n", effect.name()).as_bytes());
        }
    }
    tree.finish();
    let drawn = screen.0.lock().unwrap().clone();
    let has = |wanted: &str| drawn.lines().any(|line| line.trim() == wanted.trim());
    assert!(has("staging"), "{drawn}");
    assert!(has("  + deploy/unpack          done in 85 ms"), "{drawn}");
    assert!(has("  = deploy/releases        in place already"), "{drawn}");
    assert!(has("      | database is locked"), "{drawn}");
    assert!(has("  + restored to 1.0.0 (release 4): all that is observed is as it was before"), "{drawn}");
    assert!(drawn.contains("printed by migrate"), "{drawn}");
    assert!(!drawn.contains('\x1b'), "{drawn:?}");
}
