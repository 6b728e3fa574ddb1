//! The finding: what is wrong, where, and what to do next.

use std::fmt;

use crate::Span;

/// The one name of a rule, `area/what-is-wrong`: its code in messages, its page, its file and its test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something worth knowing; stops nothing.
    Info,
    /// Probably a mistake; stops nothing unless asked to.
    Warning,
    /// A mistake: nothing is planned or run.
    Error,
}

impl Severity {
    /// The word for it in every output that does not have words of its own.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One thing that is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// What is wrong: lower case, one clause, no full stop, the author's text in backticks.
    pub message: String,
    /// Where; the first label is the place the finding is about.
    pub labels: Vec<Label>,
    /// What to do next, best as something to paste.
    pub help: Option<String>,
    /// An edit that mends it, where one exists.
    pub fix: Option<Fix>,
}

/// A place in a source, and what is to be seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// An edit that mends a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub safety: Safety,
    pub edits: Vec<Edit>,
}

/// Whether a fix may be applied without being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// The meaning that results is certainly the one intended.
    Safe,
    /// Probably what is intended; a person should look.
    Unsafe,
}

/// Replace the text at `span` by `text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

impl Finding {
    /// An error at `span`; `label` says what is to be seen there and may be empty.
    pub fn error(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message, span, label)
    }

    /// A warning at `span`.
    pub fn warning(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message, span, label)
    }

    /// Something worth knowing at `span`.
    pub fn info(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message, span, label)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Finding {
            code,
            severity,
            message: message.into(),
            labels: vec![Label { span, text: label.into() }],
            help: None,
            fix: None,
        }
    }

    /// Adds a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds an edit that mends the finding.
    #[must_use]
    pub fn with_fix(mut self, safety: Safety, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), safety, edits });
        self
    }

    /// The place the finding is about.
    pub fn span(&self) -> Span {
        self.labels.first().expect("every constructor adds the first label").span
    }
}

/// Sorts findings as a reader meets them: by file, then by place; the heavier of two at one place first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| (finding.span(), std::cmp::Reverse(finding.severity), finding.code));
}
