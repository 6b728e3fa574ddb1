//! `liftlock graph`: the path of a pipeline, drawn.

use liftlock_draw::Outline;

use crate::cli::{Format, GraphArgs, Picture};
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(arguments: &GraphArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    if session.options.format != Format::Human {
        return Err(Problem::usage("`graph` has its forms by `--format`")
            .with_help("take `--format text`, `mermaid`, `dot` or `svg`"));
    }
    let files = project::named_files(&[])?;
    let models = project::understood(&files)?;
    let pipelines = project::pipelines(&models, arguments.pipeline.as_deref())?;
    if arguments.picture != Picture::Text {
        // Only a text holds several drawings.
        project::only(&pipelines)?;
    }
    let outlines: Vec<Outline> = pipelines.iter().map(|(model, pipeline)| Outline::of(model, pipeline)).collect();
    let style = terminal::style(session.options, Stream::Stdout);
    let drawn: Vec<String> = outlines
        .iter()
        .map(|outline| match arguments.picture {
            Picture::Text => liftlock_draw::text(outline, &style),
            Picture::Mermaid => liftlock_draw::mermaid(outline),
            Picture::Dot => liftlock_draw::dot(outline),
            Picture::Svg => liftlock_draw::svg(outline),
        })
        .collect();
    terminal::print(&drawn.join("\n"));
    Ok(Exit::Done)
}
