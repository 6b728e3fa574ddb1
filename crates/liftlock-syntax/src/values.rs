//! Values: references, calls, lists, maps and what combines them.

use liftlock_diagnostics::{Edit, Finding, Safety};

use crate::codes;
use crate::nodes::{Node, Nodes};
use crate::parse::{Converter, Rule, excerpt};
use crate::tree::{Argument, Entry, Expr, ExprKind, Name, Segment};

impl Converter<'_> {
    /// The value of `name`, with a finding where there is none.
    pub fn value(&mut self, nodes: &mut Nodes<'_>, name: &Name) -> Expr {
        match nodes.peek().map(|node| (node.rule(), node)) {
            None => self.missing(name.span.end as usize),
            Some((Rule::missing_value, node)) => {
                let at = self.end_of_code(node.start());
                let message = format!("`{}` has no value", name.text);
                let finding =
                    Finding::error(codes::MISSING_VALUE, message, self.span(at, at), "a value is missing here")
                        .with_help("a value stands on the same line as its `=`");
                self.report(finding);
                self.missing(at)
            }
            Some((Rule::bad_value, node)) => self.bad_value(node),
            Some(_) => self.expression(nodes),
        }
    }

    /// The place behind the last character in front of `at` that is no gap.
    pub fn end_of_code(&self, at: usize) -> usize {
        self.slice(0, at).trim_end_matches([' ', '\t']).len()
    }

    fn bad_value(&mut self, node: Node<'_>) -> Expr {
        let span = self.span_of(node);
        let message = format!("`{}` is no value", excerpt(self.text_of(node)));
        let finding = Finding::error(codes::BAD_VALUE, message, span, "not understood")
            .with_help("a text stands in double quotes");
        self.report(finding);
        Expr { kind: ExprKind::Missing, span }
    }

    /// An operand with its calls, indices and members.
    pub fn operand(&mut self, nodes: &mut Nodes<'_>) -> Expr {
        /// A longer chain would make a tree that is too deep to be walked.
        const LONGEST_CHAIN: usize = 16;
        let Some(node) = nodes.next() else { return self.missing(0) };
        let mut expr = self.single(node);
        let mut length = 0;
        while let Some(node) = nodes.peek() {
            if !matches!(node.rule(), Rule::arguments | Rule::index | Rule::member) {
                break;
            }
            nodes.next();
            length += 1;
            if length > LONGEST_CHAIN {
                if length == LONGEST_CHAIN + 1 {
                    let message = format!("more than {LONGEST_CHAIN} calls and members follow one value");
                    self.report(Finding::error(codes::TOO_DEEP, message, self.span_of(node), "from here on"));
                }
                continue;
            }
            let span = expr.span.to(self.span_of(node));
            let kind = match node.rule() {
                Rule::arguments => self.call(expr, node),
                Rule::index => self.index(expr, node),
                _ => self.member(expr, node),
            };
            expr = Expr { kind, span };
        }
        expr
    }

    fn index(&mut self, of: Expr, node: Node<'_>) -> ExprKind {
        let mut nodes = node.inner();
        if nodes.peek().is_none_or(|node| node.rule() == Rule::missing_value) {
            let span = self.span_of(node);
            self.report(
                Finding::error(codes::MISSING_VALUE, "nothing stands in these brackets", span, "here")
                    .with_help("write the place in a list, `[0]`, or the key of a map, `[\"name\"]`"),
            );
            return ExprKind::Missing;
        }
        let at = self.expression(&mut nodes);
        self.surplus(nodes, "in these brackets");
        ExprKind::Index(Box::new(of), Box::new(at))
    }

    fn member(&mut self, of: Expr, node: Node<'_>) -> ExprKind {
        let optional = self.text.as_bytes().get(node.start()) == Some(&b'?');
        let name = node.inner().next().expect("the grammar puts the name there");
        let name = self.name(name);
        ExprKind::Member(Box::new(of), Segment { name, optional })
    }

    fn single(&mut self, node: Node<'_>) -> Expr {
        let span = self.span_of(node);
        let kind = match node.rule() {
            Rule::closed => match self.text.as_bytes().get(node.start()) {
                Some(b'"') => ExprKind::String(self.string(node)),
                Some(b'0'..=b'9') => self.literal(node),
                _ => self.reference(node),
            },
            Rule::reference => self.reference(node),
            Rule::string => ExprKind::String(self.string(node)),
            Rule::literal => self.literal(node),
            Rule::command => ExprKind::Command(self.command(node)),
            Rule::script => self.script(node),
            Rule::list => ExprKind::List(self.list(node)),
            Rule::map => ExprKind::Map(self.map(node)),
            Rule::parentheses => return self.parentheses(node),
            Rule::quoted_once => self.single_quotes(node),
            _ => ExprKind::Missing,
        };
        Expr { kind, span }
    }

    fn reference(&mut self, node: Node<'_>) -> ExprKind {
        match self.text_of(node) {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            text if text.starts_with("sha256:") => self.digest(node),
            _ => ExprKind::Reference(self.segments(node)),
        }
    }

    /// The names of a path in front of a block.
    pub fn path(&mut self, node: Node<'_>) -> Vec<Name> {
        if !self.text_of(node).contains('.') {
            return vec![self.name(node)];
        }
        let mut names: Vec<Name> = self.segments(node).into_iter().map(|segment| segment.name).collect();
        if names.iter().any(|name| !name.text.is_empty()) {
            names.retain(|name| !name.text.is_empty());
        }
        names
    }

    fn segments(&mut self, node: Node<'_>) -> Vec<Segment> {
        let text = self.text_of(node);
        let start = node.start();
        let mut segments = Vec::with_capacity(text.bytes().filter(|&byte| byte == b'.').count() + 1);
        let mut at = 0;
        let mut optional = false;
        // Most pieces are shorter than it takes to prepare a search.
        for piece in text.as_bytes().split(|byte| *byte == b'.') {
            let piece = &text[at..at + piece.len()];
            let (name, next_optional) = match piece.strip_suffix('?') {
                Some(name) => (name, true),
                None => (piece, false),
            };
            let span = self.span(start + at, start + at + name.len());
            // The grammar lets no other characters follow.
            if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
                segments.push(Segment { name: Name { text: name.to_owned(), span }, optional });
            } else {
                let message = if name.is_empty() {
                    format!("a name is missing in `{}`", excerpt(text))
                } else {
                    format!("`{name}` is no name")
                };
                self.report(
                    Finding::error(codes::MISSING_NAME, message, span, "a name is wanted here")
                        .with_help("names are put together by dots: `release.version`"),
                );
                segments.push(Segment { name: Name { text: String::new(), span }, optional });
            }
            optional = next_optional;
            at += piece.len() + 1;
        }
        if segments.is_empty() {
            segments.push(Segment { name: Name { text: String::new(), span: self.span_of(node) }, optional: false });
        }
        segments
    }

    fn call(&mut self, function: Expr, node: Node<'_>) -> ExprKind {
        let function = match function.kind {
            ExprKind::Reference(segments) => segments.into_iter().map(|segment| segment.name).collect(),
            _ => {
                self.report(Finding::error(codes::BAD_VALUE, "this cannot be called", function.span, "no function"));
                return ExprKind::Missing;
            }
        };
        let mut arguments = Vec::new();
        let mut previous_end = None;
        for node in node.inner() {
            match node.rule() {
                Rule::argument => {
                    self.check_comma(&mut previous_end, node);
                    arguments.push(self.argument(node));
                }
                Rule::bad_value => {
                    self.bad_argument(node, &arguments);
                    previous_end = None;
                }
                _ => {}
            }
        }
        ExprKind::Call { function, arguments }
    }

    fn argument(&mut self, node: Node<'_>) -> Argument {
        let mut nodes = node.inner();
        let name = match nodes.peek() {
            Some(node) if node.rule() == Rule::name => {
                nodes.next();
                Some(self.name(node))
            }
            _ => None,
        };
        let value = match &name {
            Some(name) => self.value(&mut nodes, name),
            None => self.expression(&mut nodes),
        };
        Argument { name, value }
    }

    /// Most often `f(name = value)`.
    fn bad_argument(&mut self, node: Node<'_>, arguments: &[Argument]) {
        let span = self.span_of(node);
        if self.text_of(node) == "="
            && let Some(Argument { name: None, value: Expr { kind: ExprKind::Reference(_), span: name } }) =
                arguments.last()
        {
            let text = self.slice(name.start as usize, name.end as usize);
            let edit = Edit { span: self.span(name.end as usize, span.end as usize), text: ":".to_owned() };
            let finding = Finding::error(
                codes::BAD_VALUE,
                format!("the argument `{text}` is given by `=`"),
                span,
                "a colon is wanted here",
            )
            .with_help(format!("write `{text}: …`"))
            .with_fix(Safety::Safe, format!("write `{text}:`"), vec![edit]);
            self.report(finding);
            return;
        }
        self.bad_value(node);
    }

    fn list(&mut self, node: Node<'_>) -> Vec<Expr> {
        let mut nodes = node.inner();
        let mut elements = Vec::with_capacity(nodes.clone().count());
        let mut previous_end = None;
        while let Some(node) = nodes.peek() {
            match node.rule() {
                Rule::unclosed => {
                    nodes.next();
                }
                Rule::bad_value => {
                    self.bad_value(node);
                    previous_end = None;
                    nodes.next();
                }
                _ => {
                    self.check_comma(&mut previous_end, node);
                    let element = self.expression(&mut nodes);
                    previous_end = Some(element.span.end as usize);
                    elements.push(element);
                }
            }
        }
        elements
    }

    /// Reports that no comma stands between two members of brackets, of which the second is `node`.
    pub fn check_comma(&mut self, previous_end: &mut Option<usize>, node: Node<'_>) {
        let span = self.span_of(node);
        if let Some(end) = *previous_end
            && !self.has_comma(end, span.start as usize)
        {
            let at = self.span(end, end);
            let finding = Finding::error(codes::MISSING_COMMA, "a comma is missing between two values", at, "here")
                .with_label(span, "the next value")
                .with_help("separate the values by commas; line breaks do not, inside brackets")
                .with_fix(Safety::Safe, "add the comma", vec![Edit { span: at, text: ",".to_owned() }]);
            self.report(finding);
        }
        *previous_end = Some(span.end as usize);
    }

    /// Whether a comma stands between two places, outside the comments.
    fn has_comma(&self, start: usize, end: usize) -> bool {
        self.slice(start, end).lines().any(|line| line.split('#').next().is_some_and(|code| code.contains(',')))
    }

    fn map(&mut self, node: Node<'_>) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(node.inner().count());
        let mut previous_end = None;
        for node in node.inner() {
            match node.rule() {
                Rule::entry => {
                    self.check_comma(&mut previous_end, node);
                    entries.push(self.entry(node));
                }
                Rule::surplus | Rule::bad_value => {
                    self.bad_value(node);
                    previous_end = None;
                }
                _ => {}
            }
        }
        entries
    }

    fn entry(&mut self, node: Node<'_>) -> Entry {
        let mut nodes = node.inner();
        let key = nodes.next().expect("the grammar puts the key first");
        let key = match key.rule() {
            Rule::quoted_label => {
                let span = self.span_of(key);
                Name { text: self.plain_string(key), span }
            }
            _ => self.name(key),
        };
        match nodes.peek() {
            None => {
                let message = format!("the key `{}` has no `=`", key.text);
                let finding =
                    Finding::error(codes::MISSING_EQUALS_OR_BRACE, message, key.span.end_point(), "missing here")
                        .with_help(format!("write `{} = value`", key.text));
                self.report(finding);
            }
            Some(node) if node.rule() == Rule::colon => {
                nodes.next();
                self.report_colon(&key, node.start());
            }
            Some(_) => {}
        }
        let value = self.value(&mut nodes, &key);
        Entry { key, value }
    }

    fn parentheses(&mut self, node: Node<'_>) -> Expr {
        let span = self.span_of(node);
        let mut nodes = node.inner();
        if nodes.peek().is_none_or(|node| node.rule() == Rule::missing_value) {
            self.report(Finding::error(codes::MISSING_VALUE, "nothing stands in these parentheses", span, "here"));
            return Expr { kind: ExprKind::Missing, span };
        }
        let expr = self.expression(&mut nodes);
        self.surplus(nodes, "in parentheses");
        Expr { kind: expr.kind, span }
    }

    /// Reports what stands behind the one value that can stand in an interpolation or in parentheses.
    pub fn surplus(&mut self, nodes: Nodes<'_>, place: &str) {
        let mut nodes = nodes.filter(|node| matches!(node.rule(), Rule::surplus | Rule::bad_value));
        let Some(first) = nodes.next() else { return };
        let mut span = self.span_of(first);
        if let Some(last) = nodes.last() {
            span = span.to(self.span_of(last));
        }
        let text = excerpt(self.slice(span.start as usize, span.end as usize));
        let finding =
            Finding::error(codes::BAD_VALUE, format!("`{text}` is left over {place}"), span, "not understood")
                .with_help("one value stands here; values are joined by operators such as `??`, `==`, `and` and `+`");
        self.report(finding);
    }
}
