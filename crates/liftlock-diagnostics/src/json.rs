//! Findings for programs: one JSON record a line.
//!
//! The format is versioned by `format`. Within a version, members are only added. Lines and columns count from 1,
//! columns in characters; `start` and `end` are byte offsets.

use serde::Serialize;

use crate::{Finding, Safety, Sources, Span};

/// The version of the records.
pub const FORMAT: u32 = 1;

/// One finding as one line, without a line break.
pub fn render_line(finding: &Finding, sources: &Sources) -> String {
    let record = Record {
        format: FORMAT,
        kind: "finding",
        code: finding.code.0,
        severity: finding.severity.word(),
        message: &finding.message,
        labels: finding
            .labels
            .iter()
            .map(|label| LabelRecord { place: place(label.span, sources), text: &label.text })
            .collect(),
        help: finding.help.as_deref(),
        fix: finding.fix.as_ref().map(|fix| FixRecord {
            title: &fix.title,
            safety: match fix.safety {
                Safety::Safe => "safe",
                Safety::Unsafe => "unsafe",
            },
            edits: fix
                .edits
                .iter()
                .map(|edit| EditRecord { place: place(edit.span, sources), text: &edit.text })
                .collect(),
        }),
    };
    serde_json::to_string(&record).expect("strings and numbers can always be written as JSON")
}

fn place(span: Span, sources: &Sources) -> Place {
    let source = sources.get(span.source);
    let (start, end) = (source.position(span.start), source.position(span.end));
    Place {
        path: source.path.to_string_lossy().into_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start: span.start,
        end: span.end,
    }
}

#[derive(Serialize)]
struct Record<'a> {
    format: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    labels: Vec<LabelRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixRecord<'a>>,
}

#[derive(Serialize)]
struct LabelRecord<'a> {
    #[serde(flatten)]
    place: Place,
    text: &'a str,
}

#[derive(Serialize)]
struct FixRecord<'a> {
    title: &'a str,
    safety: &'static str,
    edits: Vec<EditRecord<'a>>,
}

#[derive(Serialize)]
struct EditRecord<'a> {
    #[serde(flatten)]
    place: Place,
    text: &'a str,
}

#[derive(Serialize)]
struct Place {
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: u32,
    end: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Edit};

    #[test]
    fn a_record_holds_the_places_in_lines_and_in_bytes() {
        let mut sources = Sources::default();
        let id = sources.add("a.release", "x = 1\né = '2'\n");
        let span = Span::new(id, 11, 14);
        let finding = Finding::error(Code("syntax/single-quotes"), "m", span, "here").with_fix(
            Safety::Safe,
            "use double quotes",
            vec![Edit { span, text: "\"2\"".to_owned() }],
        );
        let place = r#""path":"a.release","line":2,"column":5,"end_line":2,"end_column":8,"start":11,"end":14"#;
        let expected = format!(
            r#"{{"format":1,"type":"finding","code":"syntax/single-quotes","severity":"error","message":"m","labels":[{{{place},"text":"here"}}],"fix":{{"title":"use double quotes","safety":"safe","edits":[{{{place},"text":"\"2\""}}]}}}}"#
        );
        assert_eq!(render_line(&finding, &sources), expected);
    }
}
