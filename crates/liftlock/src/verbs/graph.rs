//! `liftlock graph`: the path of a pipeline, drawn.

use liftlock_draw::Outline;
use liftlock_model::expr::Expr;
use liftlock_model::{Model, Pipeline};

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
    let (models, sources) = project::understood(&files)?;
    let written = |expr: &Expr| sources.text(expr.span).to_owned();
    let meant = meant(&models, arguments)?;
    let outlines: Vec<Outline> =
        meant.into_iter().map(|(model, pipeline)| Outline::of(model, pipeline, &written)).collect();
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

/// The pipelines to draw: the one that is named, or all of them; only a text holds several drawings.
fn meant<'m>(models: &'m [Model], arguments: &GraphArgs) -> Result<Vec<(&'m Model, &'m Pipeline)>, Problem> {
    let all = models.iter().flat_map(|model| model.pipelines.values().map(move |pipeline| (model, pipeline)));
    let all: Vec<(&Model, &Pipeline)> = all.collect();
    let known = || all.iter().map(|(_, pipeline)| format!("`{}`", pipeline.name)).collect::<Vec<_>>().join(", ");
    if all.is_empty() {
        return Err(Problem::usage("there is no pipeline here that could be drawn")
            .with_help("`liftlock check` says whether the files can be understood"));
    }
    if let Some(name) = &arguments.pipeline {
        let named: Vec<_> = all.iter().copied().filter(|(_, pipeline)| pipeline.name == *name).collect();
        if named.is_empty() {
            return Err(
                Problem::usage(format!("there is no pipeline `{name}`")).with_help(format!("known here: {}", known()))
            );
        }
        return Ok(named);
    }
    if all.len() > 1 && arguments.picture != Picture::Text {
        return Err(Problem::usage("there are several pipelines").with_help(format!("name one of {}", known())));
    }
    Ok(all)
}
