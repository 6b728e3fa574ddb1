//! Markdown that stays what it was meant to be, whatever stands in it.
//!
//! Comments on GitHub and GitLab turn names into notifications, numbers into links, and let raw HTML through. Text from
//! outside comes in by one of these doors: [`prose`], [`code`], [`cell`], [`html_code`] or [`fenced`]; none of them lets it end the
//! block, the cell or the element it stands in. What is written is GitHub Flavored Markdown (<https://github.github.com/gfm/>).

pub(crate) mod details;

use std::fmt::Write as _;

use crate::plain::{plain, printed};

/// The most that GitHub takes in a comment is 65,536 characters. Bytes are counted here, which are never fewer.
pub(crate) const LARGEST: usize = 65_000;

/// Text within a sentence or a cell. Nothing in it is markup, a mention, a link or a reference.
pub(crate) fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let text = plain(text);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // A mention or a reference is looked for after escapes are read, so that only another character breaks it.
            '@' | '#' => {
                safe.push(char);
                safe.push('\u{200b}');
            }
            ':' if chars.peek() == Some(&'/') => safe.push_str(":\u{200b}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                safe.push('\\');
                safe.push(char);
            }
            _ => safe.push(char),
        }
    }
    // The other beginning of a link that is written bare.
    safe.replace("www.", "www\u{200b}.").replace("WWW.", "WWW\u{200b}.")
}

/// A name, a path or a command, as code. Long text is cut.
pub(crate) fn code(text: &str) -> String {
    whole_code(&cut(&plain(text)))
}

/// The same, however long.
pub fn whole_code(text: &str) -> String {
    let text = plain(text);
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A space keeps a backtick of the text from its fence; one on each side is not shown.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ', '\\']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Code in a cell of a table, where a bar ends the cell even within code.
pub(crate) fn cell(text: &str) -> String {
    in_cell(&code(text))
}

/// What is made for a sentence, for a cell of a table.
pub fn in_cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// The same within HTML, where Markdown is not read.
pub(crate) fn html_code(text: &str) -> String {
    let text = cut(&plain(text)).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<code>{text}</code>")
}

/// A block of code that no line of `text` ends.
pub fn fenced(language: &str, text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| printed(line.as_bytes())).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut block = format!("{fence}{language}\n");
    for line in lines {
        let _ = writeln!(block, "{line}");
    }
    let _ = writeln!(block, "{fence}");
    block
}

/// A text short enough to stand in a line beside others.
pub(crate) fn cut(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn longest_run(text: &str) -> usize {
    text.split(|char| char != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_neither_markup_nor_mention() {
        assert_eq!(prose("*a* [b](c) |d|\n<script>"), "\\*a\\* \\[b\\](c) \\|d\\|␊&lt;script&gt;");
        assert_eq!(
            prose("@team, #12, https://x, www.x"),
            "@\u{200b}team, #\u{200b}12, https:\u{200b}//x, www\u{200b}.x"
        );
    }

    #[test]
    fn code_holds_its_own_fence_and_stays_in_its_cell() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(code(""), "` `");
    }

    #[test]
    fn no_line_ends_its_block() {
        assert_eq!(fenced("diff", "+```\n+x"), "````diff\n+```\n+x\n````\n");
        assert_eq!(fenced("diff", "+a"), "```diff\n+a\n```\n");
    }
}
