//! The program `greeter`: a service that greets whoever asks, and says in Prometheus's words how that went; and visitors
//! who ask. Releases and load balancers are not known here.

mod server;
mod visitors;

use std::process::ExitCode;

/// The version that a release bakes in, or the package's own in a build by hand.
const VERSION: &str = match option_env!("GREETER_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

const HELP: &str = "\
The service of Liftlock's canary example.

Usage:
  greeter serve ADDRESS        answer requests, at 127.0.0.1:8080 say
  greeter visit ADDRESS        ask there, fifty times a second
  greeter --version            print the version of this program";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = match words.as_slice() {
        ["--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        ["--version" | "-V"] => {
            println!("{VERSION}");
            Ok(())
        }
        ["serve", address] => server::serve(address),
        ["visit", address] => visitors::visit(address),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
