//! The codes of this crate's findings, in one visible list.

use liftlock_diagnostics::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code($code);)*

        /// Every code that [`parse`](crate::parse) may report.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// A `{` without its `}`.
    MISSING_BRACE = "syntax/missing-brace";
    /// A `[` or `(` without its partner.
    MISSING_BRACKET = "syntax/missing-bracket";
    /// A closing brace or bracket that closes nothing.
    STRAY_BRACE = "syntax/stray-brace";
    TOO_DEEP = "syntax/too-deep";
    BIDIRECTIONAL_CONTROL = "syntax/bidirectional-control";
    CONTROL_CHARACTER = "syntax/control-character";
    UNCLOSED_STRING = "syntax/unclosed-string";
    UNCLOSED_COMMAND = "syntax/unclosed-command";
    UNCLOSED_SCRIPT = "syntax/unclosed-script";
    UNCLOSED_INTERPOLATION = "syntax/unclosed-interpolation";
    /// A block string or a script inside `${…}`.
    LONG_TEXT_INSIDE = "syntax/long-text-inside";
    SINGLE_QUOTES = "syntax/single-quotes";
    BAD_ESCAPE = "syntax/bad-escape";
    SHELL_IN_COMMAND = "syntax/shell-in-command";
    EMPTY_COMMAND = "syntax/empty-command";
    BAD_SCRIPT = "syntax/bad-script";
    BAD_NUMBER = "syntax/bad-number";
    UNKNOWN_UNIT = "syntax/unknown-unit";
    BAD_DATE = "syntax/bad-date";
    BAD_DIGEST = "syntax/bad-digest";
    BAD_VALUE = "syntax/bad-value";
    /// `if` and its like, which begin nothing here.
    FOREIGN_WORD = "syntax/foreign-word";
    BAD_NAME = "syntax/bad-name";
    BAD_TYPE = "syntax/bad-type";
    BAD_PROMOTE = "syntax/bad-promote";
    MISSING_VALUE = "syntax/missing-value";
    MISSING_NAME = "syntax/missing-name";
    MISSING_COMMA = "syntax/missing-comma";
    MISSING_EQUALS_OR_BRACE = "syntax/missing-equals-or-brace";
    COLON_FOR_EQUALS = "syntax/colon-for-equals";
    EQUALS_BEFORE_BRACE = "syntax/equals-before-brace";
    BRACE_ON_NEXT_LINE = "syntax/brace-on-next-line";
    QUOTED_LABEL = "syntax/quoted-label";
    /// `&&`, `||` and `!`, which are words here.
    FOREIGN_OPERATOR = "syntax/foreign-operator";
    /// `a < b < c`
    CHAINED_COMPARISON = "syntax/chained-comparison";
    /// An `each`, a `when` or a `function` whose first line is not complete.
    INCOMPLETE_HEAD = "syntax/incomplete-head";
    RESERVED_WORD = "syntax/reserved-word";
    BAD_LINE = "syntax/bad-line";
}
