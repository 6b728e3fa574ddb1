//! Findings as one line each, in the form that editors and `grep` know.

use crate::human::printable;
use crate::{Finding, Sources};

/// `path:line:column: severity[code] message`, without a line break.
pub fn render_line(finding: &Finding, sources: &Sources) -> String {
    let span = finding.span();
    let position = sources.position(span);
    format!(
        "{}:{}:{}: {}[{}] {}",
        printable(&sources.get(span.source).path.to_string_lossy()),
        position.line,
        position.column,
        finding.severity.word(),
        finding.code,
        printable(&finding.message)
    )
}
