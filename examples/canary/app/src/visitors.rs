//! Visitors: without any, nothing could be judged.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// The pause between two visits: fifty a second.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks at `address` until the process is ended.
///
/// # Errors
/// None: where nobody answers, the next visitor may have more luck.
pub fn visit(address: &str) -> Result<(), String> {
    println!("visiting {address}");
    loop {
        // A visitor who is not let in is gone; what they saw is counted where they were.
        let _ = once(address);
        thread::sleep(PAUSE);
    }
}

fn once(address: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: greeter\r\nConnection: close\r\n\r\n")?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}
