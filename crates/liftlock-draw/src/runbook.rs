//! The runbook of a pipeline: what a person reads who has to let a release through, or to take it back, and has never seen
//! the files. It is made of the files alone, so that it says what they say; `liftlock doc --check` tells when one that was
//! kept no longer does.

mod body;
mod html;
mod markdown;
mod page;
mod sections;

use liftlock_model::{Model, Pipeline};

use crate::Outline;
use page::Block;

/// A runbook before it has a form.
#[derive(Debug)]
pub struct Runbook {
    title: String,
    /// The command that writes it again.
    command: String,
    blocks: Vec<Block>,
    outline: Outline,
}

impl Runbook {
    pub fn of(model: &Model, pipeline: &Pipeline) -> Self {
        Runbook {
            title: format!("Runbook: {}", pipeline.name),
            command: format!("liftlock doc {}", pipeline.name),
            blocks: sections::all(model, pipeline),
            outline: Outline::of(model, pipeline),
        }
    }

    /// GitHub Flavored Markdown, the graph as a Mermaid flowchart.
    pub fn markdown(&self) -> String {
        markdown::page(self)
    }

    /// One HTML page that needs nothing else: no script, no style sheet, no font, no other file.
    pub fn html(&self) -> String {
        html::page(self)
    }
}
