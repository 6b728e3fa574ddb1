//! What a shell script names and swallows, read without running it.
//!
//! This is no parser of the shell. It tells code from quotes, comments and here-documents, and where it cannot be sure it
//! assumes that the author is right: a name that stands anywhere in the code may have been set there.

use std::collections::HashSet;

/// How deep quotes and substitutions may stand in each other before a script is given up on.
const DEEPEST: usize = 64;

/// What there is to know of a script.
#[derive(Debug, Default)]
pub struct Shell {
    /// Names that are used as `$NAME` without saying what happens where there is none; each once, in order.
    uses: Vec<String>,
    /// Names that stand in the code by themselves, and so may be set there.
    mentions: HashSet<String>,
    /// The code without what is quoted, substituted or a comment.
    plain: String,
    /// Whether the script looks at the status of a command by `$?`.
    looks_at_status: bool,
    too_deep: bool,
}

/// Whether the scripts of an interpreter can be read here.
pub fn is_shell(interpreter: &str) -> bool {
    matches!(interpreter, "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh")
}

impl Shell {
    pub fn read(script: &str) -> Self {
        let mut reader =
            Reader { text: script.as_bytes(), at: 0, depth: 0, heredocs: Vec::new(), shell: Shell::default() };
        while reader.at < reader.text.len() && !reader.shell.too_deep {
            reader.code(None);
        }
        reader.shell
    }

    /// The names that the script uses and does not set. None where another file or a text may set them.
    pub fn unset(&self) -> impl Iterator<Item = &str> {
        let all = !self.too_deep && !self.runs_other_code();
        self.uses.iter().filter(move |name| all && !self.mentions.contains(*name)).map(String::as_str)
    }

    /// How the script hides that a command has failed, if it does.
    pub fn swallows(&self) -> Option<&'static str> {
        let words: Vec<&str> = self.plain.split_whitespace().collect();
        let follows = |first: &str, second: &dyn Fn(&str) -> bool| {
            words.windows(2).any(|pair| pair[0] == first && second(pair[1]))
        };
        if follows("||", &|word| word == "true" || word == ":") {
            return Some("|| true");
        }
        // One that looks at `$?` switches the end at a failure off in order to judge the failure itself.
        let unsets = |word: &str| word.strip_prefix('+').is_some_and(|flags| flags.contains('e') && flags.len() < 4);
        (!self.looks_at_status && follows("set", &unsets)).then_some("set +e")
    }

    /// Whether a line of the script begins with these words, or a command in it does.
    pub fn runs(&self, command: &[&str]) -> bool {
        let commands = self.plain.split(['\n', ';', '|', '&', '(', '{']);
        commands.map(|part| part.split_whitespace().take(command.len())).any(|words| words.eq(command.iter().copied()))
    }

    fn runs_other_code(&self) -> bool {
        self.plain.split_whitespace().any(|word| matches!(word, "." | "source" | "eval"))
    }
}

struct Heredoc {
    delimiter: Vec<u8>,
    /// Whether its text is literal.
    quoted: bool,
    /// Whether tabs in front of its lines are no part of them.
    indented: bool,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// Announced on this line; their texts begin on the next.
    heredocs: Vec<Heredoc>,
    shell: Shell,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// Reads code up to and with `end`, or to the end of the script.
    fn code(&mut self, end: Option<u8>) {
        self.depth += 1;
        self.shell.too_deep |= self.depth > DEEPEST;
        let mut open = 0_usize;
        let mut word_starts = true;
        while let Some(byte) = self.peek(0).filter(|_| !self.shell.too_deep) {
            if Some(byte) == end && open == 0 {
                self.at += 1;
                break;
            }
            let word_started = std::mem::replace(&mut word_starts, is_separator(byte));
            match byte {
                b'#' if word_started => self.skip_to(b'\n'),
                b'\\' => self.at += 2,
                b'\'' => self.single(),
                b'"' => self.double(),
                b'`' => self.nested(Some(b'`'), 1),
                b'$' => self.dollar(true),
                b'<' if self.text[self.at..].starts_with(b"<<<") => self.at += 3,
                b'<' if self.peek(1) == Some(b'<') => self.heredoc(),
                b'\n' => {
                    self.plain(byte);
                    self.at += 1;
                    self.heredoc_texts();
                }
                _ if is_name_start(byte) => {
                    let name = self.name();
                    if self.depth == 1 {
                        self.shell.plain.push_str(&name);
                    }
                    self.shell.mentions.insert(name);
                }
                _ if byte.is_ascii_digit() => {
                    // Digits in front of letters begin no name.
                    let name = self.name();
                    if self.depth == 1 {
                        self.shell.plain.push_str(&name);
                    }
                }
                _ => {
                    match byte {
                        b'(' => open += 1,
                        b')' => open = open.saturating_sub(1),
                        _ => {}
                    }
                    self.plain(byte);
                    self.at += 1;
                }
            }
        }
        self.depth -= 1;
    }

    /// Notes a character of the outermost code; the signs that end a command stand by themselves.
    fn plain(&mut self, byte: u8) {
        if self.depth > 1 {
            return;
        }
        let plain = &mut self.shell.plain;
        match byte {
            b'|' if plain.ends_with('|') => plain.push_str("| "),
            b'|' => plain.push_str(" |"),
            b';' | b'&' | b'(' | b')' => plain.extend([' ', char::from(byte), ' ']),
            // A letter of another script; no name that matters here has one.
            _ if !byte.is_ascii() => plain.push('?'),
            _ => plain.push(char::from(byte)),
        }
    }

    fn nested(&mut self, end: Option<u8>, skip: usize) {
        self.at += skip;
        // What is put in is a part of a word.
        self.plain(b'?');
        self.code(end);
    }

    fn skip_to(&mut self, end: u8) {
        while self.peek(0).is_some_and(|byte| byte != end) {
            self.at += 1;
        }
    }

    fn name(&mut self) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn single(&mut self) {
        self.at += 1;
        self.skip_to(b'\'');
        self.at += 1;
        self.plain(b'?');
    }

    fn double(&mut self) {
        self.at += 1;
        self.plain(b'?');
        while let Some(byte) = self.peek(0).filter(|_| !self.shell.too_deep) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.in_text(byte),
            }
        }
    }

    /// One step in a text in which only substitutions have a meaning.
    fn in_text(&mut self, byte: u8) {
        match byte {
            b'\\' => self.at += 2,
            b'$' => self.dollar(false),
            b'`' => self.nested(Some(b'`'), 1),
            _ => self.at += 1,
        }
    }

    fn dollar(&mut self, in_code: bool) {
        self.at += 1;
        match self.peek(0) {
            Some(b'(') => self.nested(Some(b')'), 1),
            Some(b'{') => self.parameter(),
            Some(b'\'') if in_code => {
                self.at += 1;
                while self.peek(0).is_some_and(|byte| byte != b'\'') {
                    self.at += if self.peek(0) == Some(b'\\') { 2 } else { 1 };
                }
                self.at += 1;
            }
            Some(b'"') => {}
            Some(byte) if is_name_start(byte) => {
                let name = self.name();
                self.used(name);
            }
            Some(byte) => {
                self.shell.looks_at_status |= byte == b'?';
                self.at += usize::from(byte.is_ascii_digit() || b"@*#?$!-".contains(&byte));
            }
            None => {}
        }
        self.plain(b'?');
    }

    /// `${NAME}`, `${NAME:-text}`, `${#NAME}`
    fn parameter(&mut self) {
        self.at += 1;
        if matches!(self.peek(0), Some(b'#' | b'!')) {
            self.at += 1;
        }
        let name = self.name();
        if name.bytes().next().is_some_and(is_name_start) {
            let operator = if self.peek(0) == Some(b':') { self.peek(1) } else { self.peek(0) };
            // The author has thought of there being none.
            if matches!(operator, Some(b'-' | b'=' | b'+' | b'?')) {
                self.shell.mentions.insert(name);
            } else {
                self.used(name);
            }
        }
        self.depth += 1;
        self.shell.too_deep |= self.depth > DEEPEST;
        while let Some(byte) = self.peek(0).filter(|_| !self.shell.too_deep) {
            match byte {
                b'}' => {
                    self.at += 1;
                    break;
                }
                b'"' => self.double(),
                _ => self.in_text(byte),
            }
        }
        self.depth -= 1;
    }

    fn used(&mut self, name: String) {
        if !self.shell.uses.contains(&name) {
            self.shell.uses.push(name);
        }
    }

    /// `<<NAME`, `<<-'NAME'`
    fn heredoc(&mut self) {
        self.at += 2;
        self.plain(b'?');
        let indented = self.peek(0) == Some(b'-');
        self.at += usize::from(indented);
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let start = self.at;
        while self.peek(0).is_some_and(|byte| !is_separator(byte)) {
            self.at += 1;
        }
        let written = &self.text[start..self.at];
        let is_quote = |byte: &u8| matches!(byte, b'\'' | b'"' | b'\\');
        let quoted = written.iter().any(is_quote);
        let delimiter: Vec<u8> = written.iter().copied().filter(|byte| !is_quote(byte)).collect();
        self.heredocs.push(Heredoc { delimiter, quoted, indented });
    }

    fn heredoc_texts(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            // Without its last line it is none, but a shift of bits, say.
            let Some((end, after)) = self.end_of(&heredoc) else { continue };
            if !heredoc.quoted {
                self.depth += 1;
                while let Some(byte) = self.peek(0).filter(|_| self.at < end && !self.shell.too_deep) {
                    self.in_text(byte);
                }
                self.depth -= 1;
            }
            self.at = after;
        }
    }

    /// Where the text of a here-document ends, and where the script goes on.
    fn end_of(&self, heredoc: &Heredoc) -> Option<(usize, usize)> {
        let mut start = self.at;
        for line in self.text.get(self.at..)?.split_inclusive(|byte| *byte == b'\n') {
            let mut text = line.strip_suffix(b"\n").unwrap_or(line);
            while let Some(rest) = text.strip_prefix(b"\t").filter(|_| heredoc.indented) {
                text = rest;
            }
            if text == heredoc.delimiter {
                return Some((start, start + line.len()));
            }
            start += line.len();
        }
        None
    }
}

fn is_name_start(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic()
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b";&|()<>".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unset(script: &str) -> Vec<String> {
        Shell::read(script).unset().map(str::to_owned).collect()
    }

    #[test]
    fn a_name_is_unset_where_nothing_in_the_code_could_have_set_it() {
        assert_eq!(unset("echo $A \"${B%.*} $C\""), ["A", "B", "C"]);
        assert_eq!(unset("A=1\nread -r B\nfor C in x; do echo $A $B $C; done"), [] as [&str; 0]);
        assert_eq!(unset("echo \"$(cat \"$A\" | sed 's/$B//')\" `echo $C`"), ["A", "C"]);
        assert_eq!(unset("A=${B:-1} C=\"${D:?is missing}\"; echo $1 $@ $? $$ ${#A} ${10}"), [] as [&str; 0]);
    }

    #[test]
    fn what_is_quoted_or_a_comment_is_text() {
        assert_eq!(unset("echo '$A' \\$B \"\\$C\" # $D\necho a#$E $'it\\'s $F'"), ["E"]);
        assert_eq!(unset("cat <<'END'\n$A\nEND\ncat <<-END\n\t$B\n\tEND\necho $C"), ["B", "C"]);
        assert_eq!(unset("x=$((1 << 2))\necho $A"), ["A"]);
        assert_eq!(unset("echo \"it's $A\" 'and \"$B' \"$C\""), ["A", "C"]);
    }

    #[test]
    fn another_file_may_set_anything() {
        assert_eq!(unset(". ./env\necho $A"), [] as [&str; 0]);
        assert_eq!(unset(&"$(".repeat(100_000)), [] as [&str; 0]);
        assert_eq!(unset(&"${a:-\"".repeat(100_000)), [] as [&str; 0]);
    }

    #[test]
    fn a_script_may_break_off_anywhere() {
        let script = "a=$'b\\'' \"${#c:-$(d `e` '$f')}\" <<-'G' h\n\t$i\n\tG\nj=$((k << 2)) ${!l} é$ü # ${m}";
        for (end, _) in script.char_indices() {
            Shell::read(&script[..end]);
        }
        assert_eq!(unset(script), ["l"]);
    }

    #[test]
    fn a_command_is_run_where_it_begins_a_line_or_follows_another() {
        let runs = |script| Shell::read(script).runs(&["go", "build"]);
        assert!(runs("cd app\n  go build ./..."));
        assert!(runs("cd app && go build"));
        assert!(!runs("echo go build"));
        assert!(!runs("echo 'x; go build' # go build"));
        assert!(!runs("cargo go build"));
    }

    #[test]
    fn a_failure_is_swallowed_in_plain_code_only() {
        let swallows = |script| Shell::read(script).swallows();
        assert_eq!(swallows("make test || true"), Some("|| true"));
        assert_eq!(swallows("make test||:\necho"), Some("|| true"));
        assert_eq!(swallows("set +e\nmake"), Some("set +e"));
        assert_eq!(swallows("set +e; make; status=$?; set -e"), None);
        assert_eq!(swallows("x=$(grep a b || true)\necho '|| true' # || true"), None);
        assert_eq!(swallows("make || echo true\ntrue || make"), None);
    }
}
