//! Findings as Checkstyle writes them: XML that most build servers read.

use crate::human::printable;
use crate::{Finding, Sources};

/// The whole document; findings of one file stand together.
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n".to_owned();
    for (id, source) in sources.iter() {
        let mut of_file = findings.iter().filter(|finding| finding.span().source == id).peekable();
        if of_file.peek().is_none() {
            continue;
        }
        text.push_str(&format!("  <file name=\"{}\">\n", escaped(&source.path.to_string_lossy())));
        for finding in of_file {
            let at = sources.position(finding.span());
            let message = match &finding.help {
                Some(help) => format!("{}; help: {help}", finding.message),
                None => finding.message.clone(),
            };
            text.push_str(&format!(
                "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" source=\"liftlock.{}\"/>\n",
                at.line,
                at.column,
                finding.severity.word(),
                escaped(&message),
                finding.code
            ));
        }
        text.push_str("  </file>\n");
    }
    text.push_str("</checkstyle>\n");
    text
}

/// The text for an attribute, with nothing that XML 1.0 does not allow.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => result.push('\u{fffd}'),
            _ => result.push(character),
        }
    }
    result
}
