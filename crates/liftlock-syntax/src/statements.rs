//! What an item is: settled by its first words and by what follows them.

use liftlock_diagnostics::{Edit, Finding, Safety, Span};

use crate::codes;
use crate::nodes::{Node, Nodes};
use crate::parse::{Converter, Rule, excerpt};
use crate::reserved::{foreign, is_reserved, shape_of};
use crate::tree::{Attribute, Block, Edition, Field, Import, Item, ItemKind, Name, Part, TypeExpr, TypeKind, When};

/// The words in front of what makes an item an attribute, a field or a block.
struct Head {
    path: Vec<Name>,
    labels: Vec<Label>,
    span: Span,
}

struct Label {
    name: Name,
    kind: LabelKind,
}

#[derive(PartialEq)]
enum LabelKind {
    Name,
    Quoted,
    Number,
}

impl Converter<'_> {
    pub fn let_value(&mut self, node: Node<'_>) -> ItemKind {
        let mut nodes = node.inner();
        let name = nodes.next().expect("the grammar puts the name first");
        let name = self.name(name);
        let value = self.value(&mut nodes, &name);
        ItemKind::Let(Attribute { name, value })
    }

    pub fn statement(&mut self, node: Node<'_>) -> Option<ItemKind> {
        let whole = self.span_of(node);
        let mut nodes = node.inner();
        let head = self.head(&mut nodes);
        let first = head.path[0].text.as_str();
        if is_reserved(first) {
            let message = format!("`{first}` is reserved and cannot be used yet");
            self.report(
                Finding::error(codes::RESERVED_WORD, message, head.path[0].span, "reserved")
                    .with_help("take this out; the word is kept for a later edition of the language"),
            );
            return None;
        }
        if let Some(shape) = shape_of(first)
            && head.path.len() == 1
        {
            let finding = Finding::error(codes::INCOMPLETE_HEAD, format!("this `{first}` is not complete"), whole, "")
                .with_help(format!("write `{shape}`"));
            self.report(finding);
            return None;
        }
        match (first, head.path.len()) {
            ("edition", 1) if !self.is_assigned(&nodes) => return Some(self.edition(&head, whole, &mut nodes)),
            ("import", 1) if !self.is_assigned(&nodes) => return self.import(&head, whole, &mut nodes),
            ("input", 1) if head.labels.len() == 1 => return self.input(head, &mut nodes),
            ("let", 1) if head.labels.len() == 1 && nodes.peek().is_none() => return self.unfinished_let(head),
            _ => {}
        }
        let Some(tail) = nodes.peek() else {
            self.report_no_tail(&head, whole);
            return None;
        };
        if let Some((word, shape)) = foreign(&head.path[0].text).filter(|_| head.path.len() == 1)
            && matches!(tail.rule(), Rule::body | Rule::next_line_body | Rule::bad_head)
        {
            self.report_foreign_word(&head.path[0], word, shape);
            // Of a loop nobody knows the name of its variable; what is under a condition is understood without it.
            let is_loop = shape.starts_with("each");
            let body = std::iter::once(tail).chain(tail.inner()).find(|node| node.rule() == Rule::body);
            return body.filter(|_| !is_loop).map(|body| {
                let condition = self.missing(head.span.end as usize);
                ItemKind::When(When { condition, body: self.items(body.inner()), head: head.span })
            });
        }
        match tail.rule() {
            Rule::body => Some(self.block(head, tail)),
            Rule::equals_body => {
                self.report_equals_before_brace(&head, tail);
                let body = tail.inner().next().expect("the grammar puts the body there");
                Some(self.block(head, body))
            }
            Rule::next_line_body => {
                self.report_brace_on_next_line(head.span, tail);
                let body = tail.inner().next().expect("the grammar puts the body there");
                Some(self.block(head, body))
            }
            Rule::bad_head => self.bad_head(head, tail),
            Rule::typed => self.field_item(head, tail),
            _ => self.attribute(head, &mut nodes),
        }
    }

    fn is_assigned(&self, nodes: &Nodes<'_>) -> bool {
        nodes.peek().is_some_and(|node| node.rule() != Rule::bad_head)
    }

    fn head(&mut self, nodes: &mut Nodes<'_>) -> Head {
        let path = nodes.next().expect("the grammar puts the path first");
        let mut span = self.span_of(path);
        let path = self.path(path);
        let mut labels = Vec::new();
        while let Some(node) = nodes.peek() {
            let name = match node.rule() {
                Rule::name => Label { name: self.name(node), kind: LabelKind::Name },
                Rule::number_label => Label { name: self.name(node), kind: LabelKind::Number },
                Rule::quoted_label => {
                    let name_span = self.span_of(node);
                    let text = self.plain_string(node);
                    Label { name: Name { text, span: name_span }, kind: LabelKind::Quoted }
                }
                _ => break,
            };
            span = span.to(name.name.span);
            labels.push(name);
            nodes.next();
        }
        Head { path, labels, span }
    }

    fn block(&mut self, head: Head, body: Node<'_>) -> ItemKind {
        for label in &head.labels {
            self.check_label(label);
        }
        let body: Vec<Item> = self.items(body.inner());
        let labels = head.labels.into_iter().map(|label| label.name).collect();
        ItemKind::Block(Block { kind: head.path, labels, body, head: head.span })
    }

    fn check_label(&mut self, label: &Label) {
        let Name { text, span } = &label.name;
        match label.kind {
            LabelKind::Name => {}
            LabelKind::Number => {
                let finding =
                    Finding::error(codes::BAD_NAME, format!("`{text}` is no name"), *span, "a name is wanted")
                        .with_help("a name begins with a letter and goes on with letters, digits, `_` and `-`");
                self.report(finding);
            }
            LabelKind::Quoted => {
                let finding = Finding::error(
                    codes::QUOTED_LABEL,
                    format!("the name `{text}` stands in quotes"),
                    *span,
                    "names are written without quotes",
                );
                let finding = if is_name(text) {
                    finding.with_help(format!("write `{text}`")).with_fix(
                        Safety::Safe,
                        format!("write `{text}`"),
                        vec![Edit { span: *span, text: text.clone() }],
                    )
                } else {
                    finding.with_help("a name begins with a letter and goes on with letters, digits, `_` and `-`")
                };
                self.report(finding);
            }
        }
    }

    fn attribute(&mut self, head: Head, nodes: &mut Nodes<'_>) -> Option<ItemKind> {
        let name = self.single_name(head)?;
        let value = self.value(nodes, &name);
        Some(ItemKind::Attribute(Attribute { name, value }))
    }

    /// The name of an attribute or a field: one word. More are reported.
    fn single_name(&mut self, mut head: Head) -> Option<Name> {
        if head.path.len() > 1 {
            let text = self.slice(head.span.start as usize, head.span.end as usize);
            let message = format!("`{}` cannot be given a value", excerpt(text));
            let finding = Finding::error(codes::BAD_NAME, message, head.span, "one name is wanted")
                .with_help("only what stands in this body can be given a value, by its bare name");
            self.report(finding);
            return None;
        }
        if let Some(label) = head.labels.first() {
            let message = format!("`{}` stands between a name and its value", label.name.text);
            let finding = Finding::error(codes::BAD_LINE, message, label.name.span, "not understood")
                .with_help("a value is `name = value`; a block is `kind name { … }`");
            self.report(finding);
            return None;
        }
        head.path.pop()
    }

    fn field_item(&mut self, head: Head, typed: Node<'_>) -> Option<ItemKind> {
        let name = self.single_name(head)?;
        Some(self.typed(name, typed))
    }

    fn input(&mut self, head: Head, nodes: &mut Nodes<'_>) -> Option<ItemKind> {
        let name = head.labels.into_iter().next().expect("the caller has counted the labels");
        self.check_label(&name);
        let name = name.name;
        match nodes.peek() {
            Some(node) if node.rule() == Rule::typed => match self.typed(name, node) {
                ItemKind::Field(field) => Some(ItemKind::Input(field)),
                other => Some(other),
            },
            _ => {
                let message = format!("the input `{}` has no type", name.text);
                let finding = Finding::error(codes::BAD_TYPE, message, name.span, "its type is missing")
                    .with_help(format!("write `input {}: string`", name.text));
                self.report(finding);
                let ty = TypeExpr { phase: None, kind: TypeKind::Missing, span: name.span };
                Some(ItemKind::Input(Field { name, ty, default: None }))
            }
        }
    }

    fn unfinished_let(&mut self, head: Head) -> Option<ItemKind> {
        let name = head.labels.into_iter().next().expect("the caller has counted the labels").name;
        let message = format!("`let {}` has no value", name.text);
        let finding = Finding::error(codes::MISSING_VALUE, message, name.span, "its value is missing")
            .with_help(format!("write `let {} = …`", name.text));
        self.report(finding);
        let value = self.missing(name.span.end as usize);
        Some(ItemKind::Let(Attribute { name, value }))
    }

    fn edition(&mut self, head: &Head, whole: Span, nodes: &mut Nodes<'_>) -> ItemKind {
        let year = match head.labels.as_slice() {
            [label] if nodes.peek().is_none() => label.name.text.parse().ok(),
            _ => None,
        };
        if year.is_none() {
            let finding = Finding::error(codes::BAD_NUMBER, "the edition is a year", whole, "no year")
                .with_help("write `edition 2026`");
            self.report(finding);
        }
        ItemKind::Edition(Edition { year, span: whole })
    }

    fn import(&mut self, head: &Head, whole: Span, nodes: &mut Nodes<'_>) -> Option<ItemKind> {
        let (path, alias) = match head.labels.as_slice() {
            [path] if path.kind == LabelKind::Quoted => (path, None),
            [path, word, alias] if path.kind == LabelKind::Quoted && word.name.text == "as" => (path, Some(alias)),
            _ => {
                let finding = Finding::error(codes::MISSING_VALUE, "an import names a file in quotes", whole, "here")
                    .with_help("write `import \"./shared.release\"`, or `import \"./shared.release\" as shared`");
                self.report(finding);
                return None;
            }
        };
        if let Some(alias) = alias {
            self.check_label(alias);
        }
        if let Some(rest) = nodes.peek() {
            let span = self.span_of(rest);
            let message = format!("`{}` is left over at the end of the import", excerpt(self.text_of(rest)));
            self.report(Finding::error(codes::BAD_LINE, message, span, "not understood"));
        }
        let alias = alias.map(|alias| alias.name.clone());
        Some(ItemKind::Import(Import { path: path.name.text.clone(), path_span: path.name.span, alias }))
    }

    fn bad_head(&mut self, head: Head, node: Node<'_>) -> Option<ItemKind> {
        let span = self.span_of(node);
        let body = node.inner().find(|inner| inner.rule() == Rule::body);
        let end = body.as_ref().map_or(span.end as usize, |body| body.start());
        let text = self.slice(span.start as usize, end).trim_end();
        let span = self.span(span.start as usize, span.start as usize + text.len());
        let message = format!("`{}` cannot stand here", excerpt(text));
        let after = self.slice(head.span.start as usize, head.span.end as usize);
        let finding = Finding::error(codes::BAD_LINE, message, span, "not understood")
            .with_help(format!("an item is `{name} = value` or `{name} {{ … }}`", name = excerpt(after)));
        self.report(finding);
        Some(self.block(head, body?))
    }

    fn report_no_tail(&mut self, head: &Head, whole: Span) {
        let text = excerpt(self.slice(whole.start as usize, whole.end as usize));
        let (message, help) = if head.labels.is_empty() {
            let help = format!("write `{text} = value`, or `{text} {{ … }}`");
            (format!("`{text}` is followed by neither `=` nor `{{`"), help)
        } else {
            (format!("the block `{text}` has no `{{`"), format!("write `{text} {{ … }}`"))
        };
        let finding =
            Finding::error(codes::MISSING_EQUALS_OR_BRACE, message, whole.end_point(), "missing here").with_help(help);
        self.report(finding);
    }

    fn report_foreign_word(&mut self, name: &Name, word: Option<&str>, shape: &str) {
        let message = format!("`{}` begins nothing here", name.text);
        let finding = Finding::error(codes::FOREIGN_WORD, message, name.span, "a word of other languages")
            .with_help(format!("write `{shape}`"));
        self.report(match word {
            None => finding,
            Some(word) => {
                let edit = Edit { span: name.span, text: word.to_owned() };
                finding.with_fix(Safety::Safe, format!("write `{word}`"), vec![edit])
            }
        });
    }

    fn report_equals_before_brace(&mut self, head: &Head, tail: Node<'_>) {
        let start = tail.start();
        let span = self.span(start, start + 1);
        let text = excerpt(self.slice(head.span.start as usize, head.span.end as usize));
        let finding = Finding::error(
            codes::EQUALS_BEFORE_BRACE,
            format!("a block has no `=`: `{text}`"),
            span,
            "not wanted here",
        )
        .with_help(format!("write `{text} {{ … }}`"));
        let edit = Edit { span: self.span(head.span.end as usize, start + 1), text: String::new() };
        self.report(finding.with_fix(Safety::Safe, "remove the `=`", vec![edit]));
    }

    pub fn report_brace_on_next_line(&mut self, head: Span, tail: Node<'_>) {
        let body = tail.inner().next().map_or(tail.start(), |body| body.start());
        let brace = self.span(body, body + 1);
        let text = excerpt(self.slice(head.start as usize, head.end as usize));
        let message = format!("the `{{` of `{text}` stands on the next line");
        let finding = Finding::error(codes::BRACE_ON_NEXT_LINE, message, brace, "belongs to the line above")
            .with_help(format!("write `{text} {{`"));
        let edits =
            vec![Edit { span: head.end_point(), text: " {".to_owned() }, Edit { span: brace, text: String::new() }];
        self.report(finding.with_fix(Safety::Safe, "move the brace", edits));
    }

    /// The text of a string that may not interpolate, such as a path.
    pub fn plain_string(&mut self, node: Node<'_>) -> String {
        let span = self.span_of(node);
        let Some(string) = node.inner().next() else { return String::new() };
        let mut text = String::new();
        for part in self.string(string) {
            match part {
                Part::Text(part) => text.push_str(&part),
                Part::Interpolation(_) => {
                    let finding = Finding::error(codes::BAD_NAME, "nothing can be interpolated here", span, "here")
                        .with_help("names and paths of files are written out");
                    self.report(finding);
                }
            }
        }
        text
    }
}

/// Whether a text is an identifier.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && !text.ends_with('-')
}
