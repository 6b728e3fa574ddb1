//! The simulated world as the effects see it.

use std::future::poll_fn;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use liftlock_effects::{Captured, Command, Ending, Entry, HttpAnswer, HttpError, Later, Mask, World};

use crate::faults::How;
use crate::programs::Program;
use crate::simulation::{Inner, Simulation};
use crate::state::{Begun, Fate, Holds, Process};

impl World for Simulation {
    fn now(&self) -> Timestamp {
        self.lock().state.now()
    }

    fn moment(&self) -> Instant {
        self.origin + self.lock().state.elapsed
    }

    fn sleep(&self, duration: Duration) -> Later<'_, ()> {
        Box::pin(self.wait(duration))
    }

    fn chance(&self) -> u32 {
        // The upper half of it.
        (self.lock().state.chance.next() >> 32) as u32
    }

    /// There are no secrets here.
    fn variable(&self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }

    fn run<'a>(
        &'a self,
        command: &'a Command,
        _: &'a Mask,
        output: &'a mut dyn FnMut(&[u8]),
    ) -> Later<'a, io::Result<Captured>> {
        Box::pin(async move {
            let process = Waited { simulation: self, id: self.lock().begin(command)? };
            let (ending, printed) = poll_fn(|context| {
                let mut inner = self.lock();
                let running = &mut inner.state.running;
                let ended = running.iter().position(|other| other.id == process.id && other.printed.is_some());
                match ended {
                    Some(at) => {
                        let ended = running.swap_remove(at);
                        Poll::Ready((ended.fate.ending, ended.printed.unwrap_or_default()))
                    }
                    None => {
                        inner.wake_later(context);
                        Poll::Pending
                    }
                }
            })
            .await;
            if !printed.is_empty() {
                output(printed.as_bytes());
            }
            Ok(Captured { ending, stdout: printed.into_bytes(), tail: Vec::new() })
        })
    }

    fn is_process_alive(&self, process: u32) -> bool {
        self.lock().state.living.contains(&process)
    }

    fn end_processes_of(&self, key: &str) -> usize {
        self.lock().state.kill(|process| process.key.as_deref() == Some(key))
    }

    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        Ok(self.lock().state.things.files.entry(path))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.lock().state.things.files.content(path).map(|content| content.to_vec())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        let content = self.lock().state.things.files.content(path)?;
        Ok(Box::new(Cursor::new(content)))
    }

    fn files(&self, root: &Path, enters: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        let mut files = self.lock().state.things.files.below(root);
        files.retain(|path| path.ancestors().skip(1).all(|folder| folder.as_os_str().is_empty() || enters(folder)));
        files
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        self.lock().on_disk(path, |inner| inner.state.things.files.write(path, content, mode))
    }

    /// What is added like this is what programs printed, and nobody looks at it here.
    fn extend(&self, _: &Path) -> io::Result<Box<dyn Write>> {
        Ok(Box::new(io::sink()))
    }

    fn link(&self, path: &Path, target: &Path) -> io::Result<()> {
        self.lock().on_disk(path, |inner| inner.state.things.files.link(path, target))
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.lock().on_disk(path, |inner| inner.state.things.files.make_directory(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.lock().on_disk(path, |inner| inner.state.things.files.remove(path))
    }

    fn connect<'a>(&'a self, host: &'a str, port: u16, timeout: Duration) -> Later<'a, io::Result<()>> {
        Box::pin(async move {
            let how = self.lock().asked(|| format!("tcp {host}:{port}"));
            match how {
                None => Ok(()),
                Some(How::Hang | How::HangAfter) => {
                    self.wait(timeout).await;
                    Err(io::Error::from(io::ErrorKind::TimedOut))
                }
                Some(_) => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
            }
        })
    }

    fn get<'a>(&'a self, url: &'a str, timeout: Duration) -> Later<'a, Result<HttpAnswer, HttpError>> {
        Box::pin(async move {
            let how = self.lock().asked(|| format!("GET {url}"));
            let answer = |status| Ok(HttpAnswer { status, body: String::new() });
            match how {
                None => answer(200),
                Some(How::Hang | How::HangAfter) => {
                    self.wait(timeout).await;
                    Err(HttpError("timed out".to_owned()))
                }
                Some(How::Missing) => Err(HttpError("connection refused".to_owned())),
                Some(_) => answer(503),
            }
        })
    }
}

impl Inner {
    fn asked(&mut self, what: impl FnOnce() -> String) -> Option<How> {
        self.state.asked.at(&self.faults, what)
    }

    /// Changes the disk in one step, or not at all.
    fn on_disk(&mut self, path: &Path, change: impl FnOnce(&mut Inner) -> io::Result<()>) -> io::Result<()> {
        self.keep_moment();
        let how = self.asked(|| format!("write {}", path.display()));
        match how {
            Some(How::Lie) => return Ok(()),
            Some(How::Before | How::Half | How::Hang | How::Missing) => {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            Some(How::After | How::HangAfter) | None => {}
        }
        self.state.changes += 1;
        change(self)?;
        match how {
            None => Ok(()),
            Some(_) => Err(io::Error::other("the disk was lost")),
        }
    }

    /// Starts a program, and returns its id.
    fn begin(&mut self, command: &Command) -> io::Result<u64> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let program = Program::named(&command.argv, &command.cwd).ok_or_else(missing)?;
        // What only looks is no attempt at anything, whatever its variables say.
        let looks = matches!(program, Program::Get { .. });
        let key =
            command.env.iter().find(|(name, _)| name == "LIFTLOCK_KEY" && !looks).and_then(|(_, key)| key.value().ok());
        let how = self.asked(|| match key.and_then(point) {
            Some(point) => point,
            None => format!("run {}", command.argv.join(" ")),
        });
        let (holds, ending) = match how {
            None => (Holds::All, Ending::Exited(0)),
            Some(How::Before) => (Holds::Nothing, Ending::Exited(1)),
            Some(How::Half) => (Holds::Half, Ending::Signalled(9)),
            Some(How::After) => (Holds::All, Ending::Exited(2)),
            Some(How::Lie) => (Holds::Nothing, Ending::Exited(0)),
            Some(How::Hang) => (Holds::Nothing, Ending::TimedOut),
            Some(How::HangAfter) => (Holds::All, Ending::TimedOut),
            Some(How::Missing) => return Err(missing()),
        };
        let state = &mut self.state;
        if let Some(key) = key {
            let was_done = program.is_done(&state.things);
            state.begun.push(Arc::new(Begun { key: key.into(), head: state.records.len() as u64, was_done }));
        }
        let takes = match ending {
            Ending::TimedOut => command.timeout,
            _ if program.changes() => Duration::from_millis(state.chance.one_of(&[0, 0, 300, 2_000])),
            _ => Duration::ZERO,
        };
        let id = state.next_process;
        state.next_process += 1;
        let changes = program.changes();
        let fate = Fate { holds, ending };
        let (key, ends) = (key.map(Arc::from), state.elapsed + takes);
        state.running.push(Process { id, key, program, ends, fate, is_waited_for: true, printed: None });
        if takes.is_zero() {
            let now = state.elapsed;
            state.pass_to(now);
        } else if changes {
            state.changes += 1;
            self.keep_moment();
        }
        Ok(id)
    }
}

/// A program that somebody waits for; dropped, it is killed.
struct Waited<'a> {
    simulation: &'a Simulation,
    id: u64,
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        self.simulation.lock().state.kill(|process| process.id == self.id);
    }
}

/// `RUN/PIPELINE/ENVIRONMENT/…/ATTEMPT` as [`Fault::at`](crate::Fault::at) says it.
fn point(key: &str) -> Option<String> {
    let (_, rest) = key.split_once('/')?;
    let (_, address) = rest.split_once('/')?;
    match address.rsplit_once('/')? {
        (address, "undo") => Some(format!("undo {address}")),
        (address, _) => Some(format!("apply {address}")),
    }
}
