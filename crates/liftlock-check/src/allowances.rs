//! Findings that the source accepts, with a reason.
//!
//! Only what rules find can be allowed: a file that cannot be read or understood has no meaning that could be planned.

use std::collections::HashSet;

use liftlock_diagnostics::{Code, Finding, Span};
use liftlock_model::{Allowance, Expansion, near};

use crate::RULES;
use crate::codes::{ALLOWANCE_IMPOSSIBLE, ALLOWANCE_UNUSED, ALLOWANCE_WITHOUT_REASON, UNKNOWN_RULE, codes};

/// How far calls are followed outwards; lowering follows no more of them inwards.
const MAX_CALLS: usize = 32;

/// The allowances of the files of one model, and what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    valid: Vec<(Code, Span, Span)>,
    used: HashSet<Span>,
}

impl Accepted {
    /// Takes the allowances that can hold, and reports the others.
    pub fn of(allowances: &[Allowance], findings: &mut Vec<Finding>) -> Self {
        let mut accepted = Accepted::default();
        for allowance in allowances {
            match understood(allowance) {
                Ok(code) => {
                    let nowhere = Span { end: allowance.span.start, ..allowance.span };
                    accepted.valid.push((code, allowance.covers.unwrap_or(nowhere), allowance.span));
                }
                Err(finding) => findings.push(*finding),
            }
        }
        accepted
    }

    /// Whether the source accepts a finding: where it is, or, of one inside a procedure, at every call that leads there.
    pub fn accepts(&mut self, finding: &Finding, expansions: &[Expansion]) -> bool {
        let mut comments = HashSet::new();
        let accepts = self.covers(finding.code, finding.span(), expansions, MAX_CALLS, &mut comments);
        // One at a call has its use, also where another call has none.
        self.used.extend(comments);
        accepts
    }

    /// Whether comments cover a place, which are collected.
    fn covers(
        &self,
        code: Code,
        at: Span,
        expansions: &[Expansion],
        deep: usize,
        comments: &mut HashSet<Span>,
    ) -> bool {
        let holding = self.valid.iter().filter(|(allowed, covers, _)| *allowed == code && holds(*covers, at));
        let here: Vec<Span> = holding.map(|(.., comment)| *comment).collect();
        if !here.is_empty() || deep == 0 {
            comments.extend(&here);
            return !here.is_empty();
        }
        // A procedure that calls another is expanded around it: what leads to both is looked at from the inner one.
        let mut calls: Vec<Span> = Vec::new();
        for expansion in expansions.iter().filter(|expansion| holds(expansion.body, at)) {
            if !calls.contains(&expansion.call) {
                calls.push(expansion.call);
            }
        }
        let covered = calls.iter().filter(|call| self.covers(code, **call, expansions, deep - 1, comments)).count();
        !calls.is_empty() && covered == calls.len()
    }

    /// A warning for each allowance that has accepted nothing.
    pub fn unused(&self) -> impl Iterator<Item = Finding> + '_ {
        self.valid.iter().filter(|(.., comment)| !self.used.contains(comment)).map(|(code, covers, comment)| {
            let help = if covers.start == covers.end {
                "it belongs directly above an item, or behind it on its line"
            } else {
                "remove the comment"
            };
            Finding::warning(ALLOWANCE_UNUSED, format!("nothing of `{code}` is found here"), *comment, "allows nothing")
                .with_help(help)
        })
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && (outer.start..outer.end).contains(&inner.start)
}

/// The rule that an allowance is about, if it can hold.
fn understood(allowance: &Allowance) -> Result<Code, Box<Finding>> {
    let rule = RULES.iter().map(|rule| rule.code).find(|code| code.0 == allowance.rule);
    let Some(rule) = rule else {
        let is_known = codes().any(|(code, _)| code.0 == allowance.rule);
        let at = allowance.rule_span;
        let finding = if is_known {
            let message = format!("`{}` cannot be allowed", allowance.rule);
            Finding::error(ALLOWANCE_IMPOSSIBLE, message, at, "not a matter of judgement")
                .with_help("mend it; only findings of the rules that `liftlock explain --list` shows can be allowed")
        } else {
            let message = format!("there is no rule `{}`", allowance.rule);
            let help = near::help(&allowance.rule, RULES.iter().map(|rule| rule.code.0), "rule");
            Finding::error(UNKNOWN_RULE, message, at, "not known").with_help(help)
        };
        return Err(Box::new(finding));
    };
    if allowance.reason.is_none() {
        let message = format!("`{rule}` is allowed without a reason");
        let finding = Finding::error(ALLOWANCE_WITHOUT_REASON, message, allowance.span, "says no reason")
            .with_help(format!("write `# allow {rule} -- REASON`"));
        return Err(Box::new(finding));
    }
    Ok(rule)
}
