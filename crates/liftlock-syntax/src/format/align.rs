//! The `=` of neighbours, one below the other.

use super::doc::{Doc, DocKind, Member};

/// Names longer than this, in bytes, stand for themselves: nobody's value should be pushed off the page by them.
const LONGEST: usize = 40;

/// Lines up the members of a group that have a name: so wide, in the order of the members.
pub(super) fn members(doc: &mut Doc<'_>, names: impl Iterator<Item = Option<usize>>) {
    let DocKind::Group(group) = &mut doc.kind else { return };
    let mut run: Vec<(&mut Member<'_>, usize)> = Vec::new();
    for (member, name) in group.members.iter_mut().zip(names) {
        let name = name.filter(|length| *length <= LONGEST);
        if name.is_none() || member.is_apart() {
            pad(&mut run);
        }
        if let Some(length) = name {
            run.push((member, length));
        }
    }
    pad(&mut run);
}

fn pad(run: &mut Vec<(&mut Member<'_>, usize)>) {
    let widest = run.iter().map(|(_, length)| *length).max().unwrap_or(0);
    for (member, length) in run.drain(..) {
        if let DocKind::Joined(pieces) = &mut member.doc.kind
            && let Some(Doc { kind: DocKind::Pad(width), .. }) = pieces.get_mut(1)
        {
            *width = widest - length;
        }
    }
}
