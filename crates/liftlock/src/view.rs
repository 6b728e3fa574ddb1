//! The view of a run while it happens: a live tree on a terminal, a line an event elsewhere, or records as JSON.

use std::cell::RefCell;
use std::io;

use liftlock_engine::View;
use liftlock_journal::{Event, Record};
use liftlock_names::Address;
use liftlock_plan::Plan;
use liftlock_report::run::{Lines, Tree};

use crate::cli::{Options, Output};
use crate::terminal::{self, Stream};

pub struct RunView {
    shape: RefCell<Shape>,
    /// Whether records are written to standard output as they come.
    json: bool,
}

enum Shape {
    /// Only what is waited for: who is not told would wait for ever.
    Waits(Lines),
    Lines(Lines),
    Tree(Tree),
}

impl RunView {
    pub fn new(options: &Options, plan: &Plan) -> Self {
        let style = terminal::style(options, Stream::Stderr);
        let shape = if options.quiet {
            Shape::Waits(Lines::new(plan, style, Box::new(io::stderr())))
        } else if Stream::Stderr.is_terminal() && std::env::var_os("CI").is_none() {
            Shape::Tree(Tree::new(plan, style))
        } else {
            Shape::Lines(Lines::new(plan, style, Box::new(io::stderr())))
        };
        RunView { shape: RefCell::new(shape), json: options.output() == Output::Json }
    }

    pub fn finish(&self) {
        match &mut *self.shape.borrow_mut() {
            Shape::Waits(lines) | Shape::Lines(lines) => lines.finish(),
            Shape::Tree(tree) => tree.finish(),
        }
    }
}

impl View for RunView {
    fn record(&self, record: &Record) {
        if self.json {
            terminal::print(&liftlock_report::log::json_line(record));
        }
        match &mut *self.shape.borrow_mut() {
            Shape::Waits(lines) => {
                if matches!(record.event, Event::GateWaiting { .. } | Event::ManualWaiting { .. }) {
                    lines.record(record);
                }
            }
            Shape::Lines(lines) => lines.record(record),
            Shape::Tree(tree) => tree.record(record),
        }
    }

    fn output(&self, of: Option<&Address>, block: &[u8]) {
        match &mut *self.shape.borrow_mut() {
            Shape::Waits(_) => {}
            Shape::Lines(lines) => lines.output(of, block),
            Shape::Tree(tree) => tree.output(of, block),
        }
    }
}
