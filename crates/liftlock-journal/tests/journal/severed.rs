//! A way to a server that breaks once, at the worst moment.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// When the way breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears of the commit.
    BeforeCommit,
    /// The server commits, and nobody hears of it.
    AfterCommit,
}

/// Passes on what is said between clients and a server.
pub struct Severed {
    port: u16,
    armed: Arc<AtomicBool>,
    cut: Arc<AtomicBool>,
}

impl Severed {
    pub fn new(server: u16, at: Cut) -> Severed {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (armed, cut) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (is_armed, was_cut) = (Arc::clone(&armed), Arc::clone(&cut));
        // The threads end with the connections, and the last of them with the process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (mut back, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let (is_armed, was_cut) = (Arc::clone(&is_armed), Arc::clone(&was_cut));
                thread::spawn(move || pass_on(client, server, at, &is_armed, &was_cut));
            }
        });
        Severed { port, armed, cut }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on the next commit breaks the way.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    pub fn was_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

fn pass_on(mut client: TcpStream, mut server: TcpStream, at: Cut, armed: &AtomicBool, cut: &AtomicBool) {
    let mut buffer = [0; 65536];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let said = &buffer[..length];
        if said.windows(6).any(|word| word == b"COMMIT") && armed.swap(false, Ordering::SeqCst) {
            cut.store(true, Ordering::SeqCst);
            // The client is gone before the server can answer.
            let _ = client.shutdown(Shutdown::Both);
            if at == Cut::AfterCommit {
                let _ = server.write_all(said);
            }
            break;
        }
        if server.write_all(said).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Write);
}
