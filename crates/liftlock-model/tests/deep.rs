//! Text that would make deep trees is read, understood and formatted within the stack that threads have here: 8 MiB.

use liftlock_diagnostics::Sources;
use liftlock_model::{Unit, lower};
use liftlock_syntax::{format, parse};

fn read(text: &str) {
    let mut sources = Sources::default();
    let source = sources.add("deep.release", text);
    let (file, _) = parse(source, text);
    let (_, findings) = lower(&[Unit::alone(&file)]);
    drop(findings);
    let _ = format(text);
}

#[test]
fn rows_of_operators_inside_each_other_overflow_no_stack() {
    let row = "1 + ".repeat(64);
    let nested =
        |depth: usize, row: &str| format!("let a = {}1{}\n", format!("{row}(").repeat(depth), ")".repeat(depth));
    for text in [
        nested(120, &row),
        // The innermost value stands furthest to the left, below all operators of all rows.
        format!("let a = {}1{}\n", "(".repeat(120), format!("{})", " + 1".repeat(64)).repeat(120)),
        format!("let a = {}x{}\n", "not (".repeat(120), format!("{})", " == y".repeat(64)).repeat(120)),
        nested(120, "x == not not not "),
        nested(120, "a ?? "),
        format!("let a = {}1{}\n", format!("[{row}").repeat(60), "]".repeat(60)),
        format!("let a = \"{}x{}\"\n", format!("${{{row}f(").repeat(40), ")}".repeat(40)),
    ] {
        let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || read(&text));
        assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
    }
}
