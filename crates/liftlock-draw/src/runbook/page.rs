//! What a runbook is made of before it has a form: titles, sentences, lists, tables. What it says is for the files beside
//! this one; how that looks as Markdown or HTML for [`super::markdown`] and [`super::html`].

/// Part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    /// A heading within what a heading opens.
    Subheading(String),
    Paragraph(Line),
    List(Vec<Line>),
    /// What happens, one after another.
    Steps(Vec<Step>),
    Table {
        /// Empty where the rows need no titles.
        head: Vec<String>,
        rows: Vec<Vec<Line>>,
    },
    /// What is to be typed.
    Commands(String),
    /// The graph of the pipeline.
    Picture,
}

/// One of several things that happen one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// `3.1`
    pub(crate) number: String,
    /// How many others it stands in.
    pub(crate) depth: usize,
    pub(crate) title: Line,
    pub(crate) docs: Option<String>,
    pub(crate) facts: Vec<Fact>,
}

/// What is said of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Line(Line),
    /// A text of several lines, and what it is.
    Text {
        what: String,
        language: String,
        text: String,
    },
}

/// A sentence or a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line(pub(crate) Vec<Bit>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bit {
    Text(String),
    /// Names, commands, values: as they are written.
    Code(String),
    Strong(String),
}

impl Line {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Line(vec![Bit::Text(text.into())])
    }

    pub(crate) fn code(text: impl Into<String>) -> Self {
        Line(vec![Bit::Code(text.into())])
    }

    pub(crate) fn strong(text: impl Into<String>) -> Self {
        Line(vec![Bit::Strong(text.into())])
    }

    #[must_use]
    pub(crate) fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Bit::Text(text.into()));
        self
    }

    #[must_use]
    pub(crate) fn and_code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Bit::Code(text.into()));
        self
    }

    /// Every text as code, with commas between them.
    #[must_use]
    pub(crate) fn and_codes<'t>(mut self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        for (at, text) in texts.into_iter().enumerate() {
            if at > 0 {
                self = self.and(", ");
            }
            self = self.and_code(text);
        }
        self
    }
}
