//! What the grammar has found, in one flat list.
//!
//! pest's own pairs count references and count their children again at every step down, which took longer than the
//! grammar itself. They are read once, in order, and leave nothing behind.

use pest::Token;
use pest::iterators::Pairs;

use crate::compact::Compact;
use crate::parse::Rule;

/// One match of a rule.
#[derive(Debug, Clone, Copy)]
struct Match {
    rule: Rule,
    start: u32,
    end: u32,
    /// The index behind the last match inside this one.
    next: u32,
}

/// All matches of a text, each in front of those inside it.
#[derive(Debug, Default)]
pub(crate) struct Matches(Vec<Match>);

impl Matches {
    /// Reads the matches in a compact text; their places are those in the whole one.
    pub fn read(pairs: Pairs<'_, Rule>, compact: &Compact) -> Self {
        // Few texts have more matches than this, which is about what most have.
        let mut matches: Vec<Match> = Vec::with_capacity(compact.text.len());
        let mut open = Vec::new();
        for token in pairs.tokens() {
            match token {
                Token::Start { rule, pos } => {
                    open.push(matches.len());
                    matches.push(Match { rule, start: compact.place(pos.pos()), end: 0, next: 0 });
                }
                Token::End { pos, .. } => {
                    let next = matches.len();
                    let index = open.pop().expect("pest ends only what it has begun");
                    matches[index].end = compact.place(pos.pos());
                    matches[index].next = u32::try_from(next).expect("a file has fewer matches than 4 Gi");
                }
            }
        }
        Matches(matches)
    }

    /// The matches inside the outermost one, which is the file.
    pub fn inside_file(&self) -> Nodes<'_> {
        let end = self.0.len();
        Nodes { all: &self.0, at: end.min(1), end }
    }
}

/// One match, and a way to those inside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'a> {
    all: &'a [Match],
    index: usize,
}

impl<'a> Node<'a> {
    pub fn rule(self) -> Rule {
        self.all[self.index].rule
    }

    pub fn start(self) -> usize {
        self.all[self.index].start as usize
    }

    pub fn end(self) -> usize {
        self.all[self.index].end as usize
    }

    pub fn inner(self) -> Nodes<'a> {
        Nodes { all: self.all, at: self.index + 1, end: self.all[self.index].next as usize }
    }
}

/// The matches directly inside another one.
#[derive(Debug, Clone)]
pub(crate) struct Nodes<'a> {
    all: &'a [Match],
    at: usize,
    end: usize,
}

impl<'a> Nodes<'a> {
    pub fn peek(&self) -> Option<Node<'a>> {
        (self.at < self.end).then_some(Node { all: self.all, index: self.at })
    }
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let node = self.peek()?;
        self.at = self.all[node.index].next as usize;
        Some(node)
    }
}
