//! What is folded away in a comment, and what is left out where it would be too long.

use std::fmt::Write as _;

use crate::units::count;

/// One environment, to be opened by who wants to see it.
pub(crate) struct Details {
    /// As HTML.
    pub summary: String,
    pub blocks: Vec<Block>,
}

/// A piece of the details: a line that stays, with a diff or a preview that can be left out.
pub(crate) struct Block {
    pub line: String,
    pub fence: String,
    /// How many lines the fence holds.
    pub lines: usize,
}

impl Details {
    fn render(&self) -> String {
        let mut text = format!("<details><summary>{}</summary>\n\n", self.summary);
        for block in &self.blocks {
            let _ = writeln!(text, "{}\n", block.line);
            if !block.fence.is_empty() {
                let _ = writeln!(text, "{}", block.fence);
            }
        }
        text.push_str("</details>\n\n");
        text
    }

    fn len(&self) -> usize {
        let blocks = self.blocks.iter().map(|block| block.line.len() + block.fence.len() + 3);
        self.summary.len() + 50 + blocks.sum::<usize>()
    }
}

impl Block {
    pub fn line(line: String) -> Block {
        Block { line, fence: String::new(), lines: 0 }
    }
}

/// The details in at most `room` bytes. The longest diffs are left out first, then whole environments, the longest first;
/// what is left out is said.
pub(crate) fn fit(mut stages: Vec<Details>, room: usize) -> String {
    const LEFT_OUT: usize = 120;
    let mut size: usize = stages.iter().map(Details::len).sum();
    let mut fences: Vec<(usize, usize, usize)> = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        fences.extend(stage.blocks.iter().enumerate().map(|(block, it)| (it.fence.len(), at, block)));
    }
    fences.sort_by_key(|fence| std::cmp::Reverse(fence.0));
    for (length, stage, block) in fences {
        if size + LEFT_OUT <= room || length <= LEFT_OUT {
            break;
        }
        let block = &mut stages[stage].blocks[block];
        let note = format!(" · {} left out here", count(block.lines, "line"));
        size = size - length + note.len();
        block.line.push_str(&note);
        block.fence.clear();
    }
    let mut left_out = 0;
    while size + LEFT_OUT > room {
        let Some(at) = (0..stages.len()).max_by_key(|at| stages[*at].len()) else { break };
        size -= stages.remove(at).len();
        left_out += 1;
    }
    let mut text: String = stages.iter().map(Details::render).collect();
    if left_out > 0 {
        let _ = writeln!(
            text,
            "The details of {} are left out: they are too long for a comment.\n",
            count(left_out, "environment")
        );
    }
    text
}
