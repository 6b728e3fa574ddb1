//! Running one program to its end. What the end means is for [`Command`] to say.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::{sleep, timeout};

use crate::tail::Tail;
use crate::{Captured, Command, Ending, Given, MAX_CAPTURED, Mask, MaskedStream};

/// As much as a pipe holds.
const BLOCK: usize = 64 * 1024;
/// How many blocks of standard output are read in a row before standard error has its turn.
const STREAK: u32 = 16;
/// How long a program has to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// For how long output is read after the end of a program whose pipes are held open by another.
const LINGER: Duration = Duration::from_millis(100);

/// Runs `command` as [`World::run`](crate::World::run) says.
pub(crate) async fn run(command: &Command, mask: &Mask, output: &mut dyn FnMut(&[u8])) -> io::Result<Captured> {
    let input = command.stdin.as_ref().map(Given::value).transpose()?;
    let mut child = spawn(command).await?;
    let mut group = Group::of(&child);
    let stdin = child.stdin.take();
    let mut flow = Flow::new(child.stdout.take(), child.stderr.take(), mask, output);

    // The end of a program is its exit, not that of its pipes: a service that it started may hold those for ever.
    let exited = {
        let traffic = async {
            tokio::join!(feed(stdin, input.map(str::as_bytes)), flow.pump());
            pending::<Infallible>().await
        };
        tokio::select! {
            status = child.wait() => Some(status?),
            never = traffic => match never {},
            () = sleep(command.timeout) => None,
        }
    };
    let ending = match exited {
        Some(status) => {
            group.leave();
            // Running out of time is no failure here: what the program itself printed has been read by then.
            let _ = timeout(LINGER, flow.pump()).await;
            ending(status)
        }
        None => {
            stop(&mut child, &group, &mut flow).await;
            group.leave();
            Ending::TimedOut
        }
    };
    flow.finish();
    Ok(Captured { ending, stdout: flow.captured, tail: flow.tail.finish() })
}

async fn spawn(command: &Command) -> io::Result<Child> {
    let Some((program, arguments)) = command.argv.split_first() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
    };
    let env: Vec<(&str, &str)> =
        command.env.iter().map(|(name, value)| Ok((name.as_str(), value.value()?))).collect::<io::Result<_>>()?;
    // Whether a relative path is meant from the old folder or the new one differs between systems.
    let path = program.contains('/').then(|| command.cwd.join(program));
    let mut process = tokio::process::Command::new(path.as_deref().unwrap_or(Path::new(program)));
    process
        .args(arguments)
        .envs(env)
        .current_dir(&command.cwd)
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    // A program that was just written is busy while any process that was forked meanwhile has not yet begun its own
    // program: it holds the descriptor for a moment. The symptom is `Text file busy`.
    for _ in 0..20 {
        match process.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(5)).await,
            result => return result.map_err(|error| explain(error, command, path.as_ref())),
        }
    }
    process.spawn().map_err(|error| explain(error, command, path.as_ref()))
}

/// The system says the same of a missing program, a missing folder and a missing interpreter.
fn explain(error: io::Error, command: &Command, path: Option<&PathBuf>) -> io::Error {
    let said = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    let Ok(folder) = command.cwd.metadata() else {
        return said(format!("the folder `{}` is not there", command.cwd.display()));
    };
    if !folder.is_dir() {
        return said(format!("`{}` is not a folder", command.cwd.display()));
    }
    if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) {
        return said("it is no program that this machine can run; a script begins with `#!`".to_owned());
    }
    let Some(Ok(file)) = path.map(|path| path.metadata()) else {
        return error;
    };
    match error.kind() {
        io::ErrorKind::NotFound => said("the interpreter that it names is not there".to_owned()),
        io::ErrorKind::PermissionDenied if file.is_dir() => said("it is a folder".to_owned()),
        io::ErrorKind::PermissionDenied if file.permissions().mode() & 0o111 == 0 => {
            said("it is not marked as executable".to_owned())
        }
        _ => error,
    }
}

/// Writes what the program is to read. That it does not care to is no error.
async fn feed(pipe: Option<ChildStdin>, bytes: Option<&[u8]>) {
    if let (Some(mut pipe), Some(bytes)) = (pipe, bytes) {
        let _ = pipe.write_all(bytes).await;
    }
}

/// Ends a program whose time is over, and all of its group, politely at first.
async fn stop(child: &mut Child, group: &Group, flow: &mut Flow<'_>) {
    group.signal(Signal::TERM);
    {
        let mut ended = pin!(async {
            let _ = child.wait().await;
            while group.lives() {
                sleep(Duration::from_millis(20)).await;
            }
        });
        let mut traffic = pin!(async {
            flow.pump().await;
            pending::<Infallible>().await
        });
        tokio::select! {
            () = &mut ended => {}
            never = &mut traffic => match never {},
            () = sleep(GRACE) => {}
        }
    }
    group.signal(Signal::KILL);
    // Both have a limit because a process that hangs in the kernel does not even die of SIGKILL.
    let _ = timeout(GRACE, child.wait()).await;
    let _ = timeout(LINGER, flow.pump()).await;
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, Some(signal)) => Ending::Signalled(signal),
        (None, None) => Ending::Exited(status.into_raw()),
    }
}

/// The process group of a program. It is killed when this is dropped, unless it was left.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn leave(&mut self) {
        self.0 = None;
    }

    fn lives(&self) -> bool {
        self.0.is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    /// The only way for this to fail is that no one is left, which is what a signal is sent for.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// What comes out of a program.
struct Flow<'a> {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    blocks: [Vec<u8>; 2],
    /// One for each output: a secret that is cut by the border of two blocks goes on in the same output.
    masks: [MaskedStream; 2],
    output: &'a mut dyn FnMut(&[u8]),
    captured: Vec<u8>,
    tail: Tail,
}

impl<'a> Flow<'a> {
    fn new(
        stdout: Option<ChildStdout>,
        stderr: Option<ChildStderr>,
        mask: &Mask,
        output: &'a mut dyn FnMut(&[u8]),
    ) -> Self {
        let blocks = [vec![0; BLOCK], vec![0; BLOCK]];
        let masks = [mask.stream(), mask.stream()];
        Flow { stdout, stderr, blocks, masks, output, captured: Vec::new(), tail: Tail::default() }
    }

    /// Reads until both pipes are closed. It may be dropped and called again without losing anything.
    async fn pump(&mut self) {
        let Flow { stdout, stderr, blocks: [first, second], masks, output, captured, tail } = self;
        let mut streak = 0;
        while stdout.is_some() || stderr.is_some() {
            // Which of two pipes was written first cannot be told. Errors come last then, where people look for them, but
            // a flood of output does not keep them back for ever.
            let (source, count) = if streak < STREAK {
                tokio::select! {
                    biased;
                    count = read(stdout, first) => (0, count),
                    count = read(stderr, second) => (1, count),
                }
            } else {
                tokio::select! {
                    biased;
                    count = read(stderr, second) => (1, count),
                    count = read(stdout, first) => (0, count),
                }
            };
            streak = if source == 0 && streak < STREAK { streak + 1 } else { 0 };
            let block = if source == 0 { &first[..count] } else { &second[..count] };
            masks[source].push(block, &mut |block| take(source, block, output, captured, tail));
        }
    }

    /// Takes what was held back as the possible beginning of a secret, when nothing more is read.
    fn finish(&mut self) {
        let Flow { masks, output, captured, tail, .. } = self;
        for (source, mask) in masks.iter_mut().enumerate() {
            mask.finish(&mut |block| take(source, block, output, captured, tail));
        }
    }
}

/// Takes a block of the output `source` in which nothing has to be hidden any more.
fn take(source: usize, block: &[u8], output: &mut dyn FnMut(&[u8]), captured: &mut Vec<u8>, tail: &mut Tail) {
    if source == 0 {
        let room = MAX_CAPTURED - captured.len();
        captured.extend_from_slice(&block[..block.len().min(room)]);
    }
    output(block);
    tail.push(source, block);
}

/// Reads a block. A pipe that is at its end is closed; one that is closed never has anything.
async fn read<R: AsyncRead + Unpin>(pipe: &mut Option<R>, block: &mut [u8]) -> usize {
    let Some(open) = pipe else {
        return pending().await;
    };
    let count = open.read(block).await.unwrap_or(0);
    if count == 0 {
        *pipe = None;
    }
    count
}

#[cfg(test)]
mod tests;
