//! The world as it is. What takes more than a line is in `run`, `disk` and `net`.

use std::env::VarError;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::{
    Captured, Command, Entry, HttpAnswer, HttpError, HttpRequest, Later, Mask, RequestError, World, disk, net, process,
    run,
};

/// The real [`World`]. Its futures need a tokio runtime with timers and input and output enabled.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealWorld;

impl RealWorld {
    pub fn new() -> Self {
        RealWorld
    }
}

impl World for RealWorld {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn moment(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> Later<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn chance(&self) -> u32 {
        // The lower half: all bits of it are equally random.
        (disk::chance() & u64::from(u32::MAX)) as u32
    }

    fn variable(&self, name: &str) -> io::Result<Option<String>> {
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")),
        }
    }

    fn run<'a>(
        &'a self,
        command: &'a Command,
        mask: &'a Mask,
        output: &'a mut dyn FnMut(&[u8]),
    ) -> Later<'a, io::Result<Captured>> {
        Box::pin(run::run(command, mask, output))
    }

    fn is_process_alive(&self, process: u32) -> bool {
        process::is_alive(process)
    }

    fn end_processes_of(&self, key: &str) -> usize {
        process::end_all_of(key)
    }

    fn entry(&self, path: &Path) -> io::Result<Option<Entry>> {
        disk::entry(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(path)?))
    }

    fn files(&self, root: &Path, enters: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
        disk::files(root, enters)
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        disk::write(path, content, mode)
    }

    fn extend(&self, path: &Path) -> io::Result<Box<dyn Write>> {
        Ok(Box::new(disk::extend(path)?))
    }

    fn link(&self, path: &Path, target: &Path) -> io::Result<()> {
        disk::link(path, target)
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        disk::make_directory(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        disk::remove(path)
    }

    fn connect<'a>(&'a self, host: &'a str, port: u16, timeout: Duration) -> Later<'a, io::Result<()>> {
        Box::pin(net::connect(host, port, timeout))
    }

    fn get<'a>(&'a self, url: &'a str, timeout: Duration) -> Later<'a, Result<HttpAnswer, HttpError>> {
        Box::pin(async move {
            let url = url.to_owned();
            let answer = tokio::task::spawn_blocking(move || net::get(&url, timeout)).await;
            answer.unwrap_or_else(|_| Err(HttpError("the request was given up".to_owned())))
        })
    }

    fn request<'a>(&'a self, request: &'a HttpRequest, mask: &'a Mask) -> Later<'a, Result<HttpAnswer, RequestError>> {
        Box::pin(async move {
            let (request, mask) = (request.clone(), mask.clone());
            let answer = tokio::task::spawn_blocking(move || net::request(&request, &mask)).await;
            let given_up = |_| RequestError { why: "the request was given up".to_owned(), may_have_arrived: true };
            answer.map_err(given_up)?
        })
    }
}
