//! Commands: split into words here, once and for all, so that no value can ever be split again.

use liftlock_diagnostics::Finding;

use crate::codes;
use crate::nodes::Node;
use crate::parse::{Converter, excerpt};
use crate::text::Raw;
use crate::tree::{Part, Word};

/// Splits the pieces of a command into words.
#[derive(Default)]
struct Splitter {
    words: Vec<Word>,
    /// The word that is being read, where it began, and the literal text at its end.
    parts: Vec<Part>,
    text: String,
    start: Option<usize>,
    quote: Option<(char, usize)>,
}

impl Converter<'_> {
    pub fn command(&mut self, node: Node<'_>) -> Vec<Word> {
        let span = self.span_of(node);
        let pieces = self.raw_pieces(node);
        let mut splitter = Splitter::default();
        let mut end = span.start as usize + 1;
        for piece in pieces {
            match piece {
                Raw::Text { start, text } => {
                    self.split(&mut splitter, start, &text);
                    end = start + text.len();
                }
                Raw::Interpolation(expr) => {
                    let start = (expr.span.start as usize).saturating_sub(2);
                    splitter.begin(start);
                    splitter.flush();
                    end = expr.span.end as usize + 1;
                    splitter.parts.push(Part::Interpolation(expr));
                }
            }
        }
        if let Some((quote, at)) = splitter.quote {
            let finding = Finding::error(
                codes::UNCLOSED_STRING,
                format!("this `{quote}` in the command is not closed"),
                self.span(at, at + 1),
                "opened here",
            )
            .with_help(format!("close it, or write `\\{quote}` for the character itself"));
            self.report(finding);
        }
        splitter.finish_word(self, end);
        if splitter.words.is_empty() {
            let finding = Finding::error(codes::EMPTY_COMMAND, "this command is empty", span, "no program to run")
                .with_help("write the program and its arguments between the backticks");
            self.report(finding);
        }
        splitter.words
    }

    fn split(&mut self, splitter: &mut Splitter, offset: usize, text: &str) {
        let mut chars = text.char_indices().peekable();
        while let Some((at, character)) = chars.next() {
            let at = offset + at;
            if let Some((quote, _)) = splitter.quote {
                match character {
                    _ if character == quote => splitter.quote = None,
                    '\\' => {
                        let next = chars.peek().map(|(_, next)| *next);
                        let is_escape = match next {
                            Some('`' | '$') => true,
                            Some('"' | '\\') => quote == '"',
                            _ => false,
                        };
                        if !is_escape {
                            splitter.text.push('\\');
                        } else if let Some(next) = next {
                            splitter.text.push(next);
                            chars.next();
                        }
                    }
                    _ => splitter.text.push(character),
                }
                continue;
            }
            let next = chars.peek().map(|(_, next)| *next);
            match character {
                ' ' | '\t' | '\r' => splitter.finish_word(self, at),
                '\'' | '"' => {
                    splitter.begin(at);
                    splitter.quote = Some((character, at));
                }
                '\\' => {
                    splitter.begin(at);
                    match chars.next() {
                        Some((_, next)) => splitter.text.push(next),
                        None => splitter.text.push('\\'),
                    }
                }
                _ => {
                    if let Some(what) = shell_syntax(character, next, splitter.start.is_none()) {
                        self.report_shell(at, character, next, what);
                    }
                    splitter.begin(at);
                    splitter.text.push(character);
                    if matches!((character, next), ('&' | '|' | '>' | '<', Some(same)) if same == character) {
                        splitter.text.push(character);
                        chars.next();
                    }
                }
            }
        }
    }

    fn report_shell(&mut self, at: usize, character: char, next: Option<char>, what: &str) {
        let is_doubled = next == Some(character) && matches!(character, '&' | '|' | '>' | '<');
        let end = if character == '$' {
            let name =
                self.text[at + 1..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            at + 1 + name
        } else {
            at + 1 + usize::from(is_doubled)
        };
        let sign = excerpt(self.slice(at, end));
        let quoted = format!("'{sign}'");
        let help = if character == '$' {
            format!(
                "write `${{…}}` for a value of the language, `\\$` for the character itself, or a script: ```` ```bash ```` … with `{sign}` from `env`"
            )
        } else {
            format!("use a script (```` ```bash ```` …), or quote it: `{quoted}`")
        };
        let message = format!("`{sign}` {what}, but a command does not go through a shell");
        let finding =
            Finding::error(codes::SHELL_IN_COMMAND, message, self.span(at, end), "means nothing here").with_help(help);
        self.report(finding);
    }
}

/// What a shell would make of an unquoted character.
fn shell_syntax(character: char, next: Option<char>, at_start: bool) -> Option<&'static str> {
    match character {
        '|' if next == Some('|') => Some("joins commands"),
        '|' => Some("pipes"),
        '>' | '<' => Some("redirects"),
        '&' if next == Some('&') => Some("joins commands"),
        '&' => Some("runs in the background"),
        ';' => Some("separates commands"),
        '*' | '?' => Some("matches files"),
        '[' if at_start => Some("matches files"),
        '~' if at_start => Some("is the home folder"),
        '$' if next.is_some_and(|next| next.is_ascii_alphabetic() || next == '_' || next == '(') => {
            Some("expands in a shell")
        }
        _ => None,
    }
}

impl Splitter {
    fn begin(&mut self, at: usize) {
        self.start.get_or_insert(at);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Part::Text(std::mem::take(&mut self.text)));
        }
    }

    fn finish_word(&mut self, converter: &Converter<'_>, end: usize) {
        let Some(start) = self.start.take() else { return };
        self.flush();
        let span = converter.span(start, end);
        self.words.push(Word { parts: std::mem::take(&mut self.parts), span });
    }
}
