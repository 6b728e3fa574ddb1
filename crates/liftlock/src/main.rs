//! The program `liftlock`.

use std::process::ExitCode;

fn main() -> ExitCode {
    liftlock::main(&liftlock::open_store)
}
