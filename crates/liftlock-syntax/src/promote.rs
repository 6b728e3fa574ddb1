//! Promotions: what goes through which environments.

use liftlock_diagnostics::{Finding, Span};

use crate::codes;
use crate::nodes::Node;
use crate::parse::{Converter, Rule, excerpt};
use crate::statements::is_name;
use crate::tree::{ExprKind, ItemKind, Promote, Wave};

impl Converter<'_> {
    pub fn promote(&mut self, node: Node<'_>) -> ItemKind {
        let whole = self.span_of(node);
        let mut nodes = node.inner();
        let artifact = match nodes.peek() {
            Some(node) if node.rule() != Rule::through => self.expression(&mut nodes),
            _ => self.missing(whole.start as usize + "promote".len()),
        };
        let is_missing = artifact.kind == ExprKind::Missing;
        let mut waves = Vec::new();
        let mut wants_wave = true;
        let has_through = nodes.peek().is_some();
        for node in nodes {
            match node.rule() {
                Rule::through => {}
                Rule::arrow if wants_wave => self.report_bad_promote(self.span_of(node)),
                Rule::arrow => wants_wave = true,
                _ => {
                    wants_wave = false;
                    waves.push(self.wave(node));
                }
            }
        }
        if is_missing || !has_through || wants_wave {
            self.report_bad_promote(whole);
            // A wave without environments says to whoever reads the path that something is missing.
            waves.push(Wave { environments: Vec::new(), span: whole });
        }
        ItemKind::Promote(Promote { artifact, waves })
    }

    fn report_bad_promote(&mut self, span: Span) {
        let finding = Finding::error(codes::BAD_PROMOTE, "the path of the promotion is not complete", span, "here")
            .with_help("write `promote artifact.NAME through dev -> [eu, us] -> production`");
        self.report(finding);
    }

    fn wave(&mut self, node: Node<'_>) -> Wave {
        let span = self.span_of(node);
        let members: Vec<Node<'_>> = match node.rule() {
            Rule::list => node.inner().filter(|inner| inner.rule() != Rule::unclosed).collect(),
            _ => vec![node],
        };
        let mut environments = Vec::new();
        for member in members {
            let name = self.name(member);
            if is_name(&name.text) {
                environments.push(name);
            } else {
                let message = format!("`{}` is no environment's name", excerpt(&name.text));
                let finding = Finding::error(codes::BAD_PROMOTE, message, name.span, "a bare name is wanted")
                    .with_help("name the environments as in `dev -> [eu, us] -> production`");
                self.report(finding);
            }
        }
        Wave { environments, span }
    }
}
