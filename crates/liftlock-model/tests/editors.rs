//! The grammars for editors are made of the words that the checker knows. `BLESS=1` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use liftlock_model::words;
use serde_json::{Value, json};

const MADE_BY: &str = "Made by `BLESS=1 cargo test -p liftlock-model --test editors`; edit that";

/// A name of the language.
const NAME: &str = "[A-Za-z_][0-9A-Za-z_-]*";

#[test]
fn the_grammar_for_textmate_knows_every_word() {
    let text = serde_json::to_string_pretty(&textmate()).unwrap() + "\n";
    assert_current("release.tmLanguage.json", &text);
}

#[test]
fn the_syntax_for_vim_knows_every_word() {
    assert_current("release.vim", &vim());
}

fn assert_current(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grammar").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "grammar/{name} is stale; `BLESS=1 cargo test -p liftlock-model --test editors` writes it anew"
    );
}

fn textmate() -> Value {
    let words = words();
    let any = |words: &[&str]| words.join("|");
    let whole = |words: &[&str]| format!(r"(?<![\w.-])(?:{})(?![\w-])", any(words));
    // Where an item may begin: in a line, or behind a brace or a comma on it.
    let begins = r"(?:^|(?<=[{,]))\s*";
    let interpolation = json!({ "include": "#interpolation" });
    let escape =
        json!({ "name": "constant.character.escape.release", "match": r#"\\(?:[ntr"\\$]|u\{[0-9A-Fa-f]+\})"# });
    json!({
        "comment": MADE_BY,
        "name": "Release",
        "scopeName": "source.release",
        "fileTypes": ["release"],
        "patterns": [{ "include": "#item" }, { "include": "#value" }],
        "repository": {
            "item": { "patterns": [
                { "include": "#comment" },
                {
                    "match": format!(r"{begins}({})(?=(?:\s+{NAME})?\s*\{{)(?:\s+({NAME}))?", any(&words.blocks)),
                    "captures": {
                        "1": { "name": "keyword.declaration.release" },
                        "2": { "name": "entity.name.type.release" }
                    }
                },
                {
                    "match": format!(r"{begins}({NAME}(?:\.{NAME})?)(?=(?:\s+{NAME})?\s*\{{)(?:\s+({NAME}))?"),
                    "captures": {
                        "1": { "name": "entity.name.function.call.release" },
                        "2": { "name": "entity.name.type.release" }
                    }
                },
                {
                    "match": format!(r"{begins}({})(?=\s+[{NAME_START}\x22])", any(&words.items)),
                    "captures": { "1": { "name": "keyword.control.release" } }
                },
                {
                    "match": format!(r"{begins}({})(?=\s)", any(&words.reserved)),
                    "captures": { "1": { "name": "invalid.deprecated.release" } }
                },
                {
                    "match": format!(r"({NAME})\s*(=)(?!=)"),
                    "captures": {
                        "1": { "name": "variable.other.member.release" },
                        "2": { "name": "keyword.operator.assignment.release" }
                    }
                },
                {
                    "begin": format!(r"({NAME})\s*(:)(?=\s)"),
                    "beginCaptures": {
                        "1": { "name": "variable.other.member.release" },
                        "2": { "name": "punctuation.separator.release" }
                    },
                    "end": r"(?=[=,}\)#]|$)",
                    "patterns": [{ "include": "#type" }, { "include": "#value" }]
                }
            ] },
            "type": { "patterns": [
                { "name": "storage.modifier.release", "match": format!(r"{}(?=\s+\S)", whole(&words.phases)) },
                { "name": "storage.type.release", "match": whole(&words.types) }
            ] },
            "value": { "patterns": [
                { "include": "#comment" },
                { "include": "#script" },
                {
                    "name": "string.quoted.triple.release",
                    "begin": r#"""""#, "end": r#"""""#,
                    "patterns": [escape, interpolation]
                },
                {
                    "name": "string.quoted.double.release",
                    "begin": "\"", "end": "\"|$",
                    "patterns": [escape, interpolation]
                },
                {
                    "name": "string.interpolated.command.release",
                    "begin": "`", "end": "`|$",
                    "patterns": [interpolation]
                },
                { "name": "constant.language.release", "match": whole(&["true", "false"]) },
                { "name": "constant.other.digest.release", "match": r"(?<![\w.-])sha256:[0-9a-f]{64}(?![\w-])" },
                {
                    "name": "constant.numeric.date.release",
                    "match": r"(?<![\w.-])\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?(?![\w-])"
                },
                { "name": "constant.numeric.time.release", "match": r"(?<![\w.-])\d\d:\d\d(?::\d\d)?(?![\w-])" },
                {
                    "name": "constant.numeric.release",
                    "match": format!(
                        r"(?<![\w.])-?\d[\d_]*(?:\.\d+)?(?:(?:{units})(?:\d+(?:{units}))*)?(?![\w-])",
                        units = any(&words.units)
                    )
                },
                { "name": "keyword.operator.word.release", "match": whole(&words.operators) },
                { "name": "keyword.control.release", "match": whole(&["through", "as"]) },
                { "name": "support.function.release", "match": format!(r"{}(?=\()", whole(&words.functions)) },
                { "name": "entity.name.function.call.release", "match": format!(r"{NAME}(?:\.{NAME})?(?=\()") },
                { "name": "variable.language.release", "match": format!(r"{}(?=\.)", whole(&words.roots)) },
                { "name": "keyword.operator.release", "match": r"->|==|!=|<=|>=|\?\?|\?\.|\.\.|[<>+*]|\s-\s" }
            ] },
            "comment": { "name": "comment.line.number-sign.release", "match": "#.*$" },
            "interpolation": {
                "name": "meta.interpolation.release",
                "begin": r"\$\{", "end": r"\}|$",
                "beginCaptures": { "0": { "name": "punctuation.section.interpolation.begin.release" } },
                "endCaptures": { "0": { "name": "punctuation.section.interpolation.end.release" } },
                "patterns": [{ "include": "#value" }]
            },
            "script": { "patterns": [
                {
                    "begin": "```(sh|bash)\\s*$", "end": "```",
                    "beginCaptures": { "1": { "name": "entity.name.type.interpreter.release" } },
                    "contentName": "meta.embedded.block.shell",
                    "patterns": [{ "include": "source.shell" }]
                },
                {
                    "begin": "```(python3?)\\s*$", "end": "```",
                    "beginCaptures": { "1": { "name": "entity.name.type.interpreter.release" } },
                    "contentName": "meta.embedded.block.python",
                    "patterns": [{ "include": "source.python" }]
                },
                {
                    "name": "string.unquoted.script.release",
                    "begin": "```(\\S*)\\s*$", "end": "```",
                    "beginCaptures": { "1": { "name": "entity.name.type.interpreter.release" } }
                }
            ] }
        }
    })
}

/// What a name begins with, inside `[…]`.
const NAME_START: &str = "A-Za-z_";

fn vim() -> String {
    let words = words();
    let any = |words: &[&str]| words.join(r"\|");
    let name = r"\h[0-9A-Za-z_-]*";
    let begins = r"\%(^\|[{,]\)\s*\zs";
    let number = r"\d[0-9_]*\%(\.\d\+\)\=";
    let units = any(&words.units);
    [
        format!("\" Release files of liftlock, edition 2026. {MADE_BY}."),
        "if exists(\"b:current_syntax\")".to_owned(),
        "  finish".to_owned(),
        "endif".to_owned(),
        String::new(),
        format!(r"syn match releaseCall '{begins}{name}\%(\.{name}\)\=\ze\%(\s\+{name}\)\=\s*{{'"),
        format!(r"syn match releaseBlock '{begins}\%({}\)\ze\%(\s\+{name}\)\=\s*{{'", any(&words.blocks)),
        format!(r"syn match releaseItem '{begins}\%({}\)\ze\s\+[[:alpha:]_\x22]'", any(&words.items)),
        format!(r"syn match releaseReserved '{begins}\%({}\)\ze\s'", any(&words.reserved)),
        format!(r"syn match releaseName '{name}\ze\s*==\@!'"),
        format!(r"syn match releaseField '{name}\ze\s*:\s' nextgroup=releaseColon skipwhite"),
        r"syn match releaseColon ':' contained nextgroup=releasePhase,releaseType skipwhite".to_owned(),
        format!(r"syn match releasePhase '\<\%({}\)\ze\s\+\S' contained nextgroup=releaseType skipwhite", any(&words.phases)),
        format!(r"syn match releaseType '\<\%({}\)\>' contained nextgroup=releaseOf", any(&words.types)),
        r"syn region releaseOf start='<' end='>' contained oneline contains=releaseType,releaseOf".to_owned(),
        format!(r"syn match releaseFunction '\<\%({}\)\ze('", any(&words.functions)),
        format!(r"syn match releaseRoot '[0-9A-Za-z_.-]\@1<!\%({}\)\ze\.'", any(&words.roots)),
        format!(r"syn match releaseWord '[0-9A-Za-z_.-]\@1<!\%({}\|through\|as\)[0-9A-Za-z_-]\@!'", any(&words.operators)),
        r"syn match releaseBool '[0-9A-Za-z_.-]\@1<!\%(true\|false\)[0-9A-Za-z_-]\@!'".to_owned(),
        format!(r"syn match releaseNumber '[0-9A-Za-z_.]\@1<!-\={number}\%(\%({units}\)\%(\d\+\%({units}\)\)*\)\=[0-9A-Za-z_-]\@!'"),
        r"syn match releaseNumber '[0-9A-Za-z_.]\@1<!\d\d\d\d-\d\d-\d\d\%(T\d\d:\d\d\%(:\d\d\)\=\)\='".to_owned(),
        r"syn match releaseNumber '[0-9A-Za-z_.]\@1<!\d\d:\d\d\%(:\d\d\)\='".to_owned(),
        r"syn match releaseNumber '\<sha256:\x\{64}\>'".to_owned(),
        r"syn match releaseOperator '->\|==\|!=\|<=\|>=\|??\|?\.\|\.\.'".to_owned(),
        r#"syn match releaseEscape '\\\%([ntr"\\$]\|u{\x\+}\)' contained"#.to_owned(),
        r"syn region releasePut matchgroup=releaseBrace start='\${' end='}' contained oneline contains=TOP".to_owned(),
        r#"syn region releaseString start='"' skip='\\.' end='"' oneline contains=releaseEscape,releasePut"#.to_owned(),
        r#"syn region releaseString start='"""' end='"""' contains=releaseEscape,releasePut"#.to_owned(),
        r"syn region releaseCommand start='`' end='`' oneline contains=releasePut".to_owned(),
        r"syn region releaseScript matchgroup=releaseFence start='```\S*\s*$' end='```'".to_owned(),
        r"syn match releaseComment '#.*$' contains=@Spell".to_owned(),
        String::new(),
        "syn sync minlines=200".to_owned(),
        String::new(),
    ]
    .into_iter()
    .chain(
        [
            ("Block", "Statement"),
            ("Call", "Function"),
            ("Item", "Keyword"),
            ("Reserved", "Error"),
            ("Name", "Identifier"),
            ("Field", "Identifier"),
            ("Phase", "StorageClass"),
            ("Type", "Type"),
            ("Function", "Function"),
            ("Root", "Special"),
            ("Word", "Operator"),
            ("Bool", "Boolean"),
            ("Number", "Number"),
            ("Operator", "Operator"),
            ("Escape", "SpecialChar"),
            ("Brace", "Delimiter"),
            ("String", "String"),
            ("Command", "String"),
            ("Script", "String"),
            ("Fence", "PreProc"),
            ("Comment", "Comment"),
        ]
        .map(|(group, linked)| format!("hi def link release{group} {linked}")),
    )
    .chain([String::new(), "let b:current_syntax = \"release\"".to_owned(), String::new()])
    .collect::<Vec<String>>()
    .join("\n")
}
