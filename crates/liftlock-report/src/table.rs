//! Columns that line up.

use crate::style::{Style, Tone};

/// One cell: plain text and what it is to the reader.
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Plain }
    }

    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone }
    }
}

/// The rows under their heading, each with `indent` spaces in front. Colour comes after padding, so that it does not
/// count as width.
pub fn table(style: &Style, indent: usize, head: &[&str], rows: Vec<Vec<Cell>>) -> String {
    let head: Vec<Cell> = head.iter().map(|name| Cell::of(Tone::Quiet, *name)).collect();
    let rows: Vec<Vec<Cell>> = if head.is_empty() { rows } else { std::iter::once(head).chain(rows).collect() };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line.push_str(if at == 0 { "" } else { "  " });
            line.push_str(&style.paint(cell.tone, &cell.text));
            if at + 1 < row.len() {
                line.extend(std::iter::repeat_n(' ', width - cell.text.chars().count()));
            }
        }
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
