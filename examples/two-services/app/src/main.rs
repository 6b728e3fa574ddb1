//! The program `bulletin`: two services in one. The API has the news, and the front shows them to people.

mod api;
mod front;
mod server;

use std::process::ExitCode;

/// The version that a release bakes in, or the package's own in a build by hand.
const VERSION: &str = match option_env!("BULLETIN_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

const HELP: &str = "\
The two services of Liftlock's example of two services.

Usage:
  bulletin api ADDRESS             say the news, at 127.0.0.1:8080 say
  bulletin front ADDRESS API       show what is said at the address API
  bulletin --version               print the version of this program";

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
        ["api", address] => server::serve(address, api::answer),
        ["front", address, api] => server::serve(address, |path| front::answer(path, api)),
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
