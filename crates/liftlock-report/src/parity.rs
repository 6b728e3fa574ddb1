//! Two environments side by side.

use liftlock_plan::{Parity, ParityKind, ParityRow};
use serde::Serialize;

use crate::json::{self, FORMAT};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::count;

/// A line for each thing that can be compared; what is equal is marked `=`.
pub fn human(parity: &Parity, style: &Style) -> String {
    let (left, right) = (plain(&parity.left), plain(&parity.right));
    let different = parity.rows.iter().filter(|row| !row.equal).count();
    let verdict =
        format!("{left} and {right}: {} of {}", count(different, "difference"), count(parity.rows.len(), "line"));
    let mut text = format!("{}\n", style.paint(Tone::Strong, &verdict));
    let head = ["", "", left.as_ref(), right.as_ref()];
    text.push_str(&table(style, 2, &head, parity.rows.iter().map(row).collect()));
    text
}

/// The same for a program.
pub fn json(parity: &Parity) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        #[serde(flatten)]
        parity: &'a Parity,
    }
    json::line(&Document { format: FORMAT, r#type: "parity", parity })
}

fn row(row: &ParityRow) -> Vec<Cell> {
    let (mark, tone) = if row.equal { ("=", Tone::Quiet) } else { ("~", Tone::Attention) };
    let name = match row.kind {
        ParityKind::Attribute | ParityKind::Setting => plain(&row.name).into_owned(),
        ParityKind::Release => format!("release of {}", plain(&row.name)),
    };
    let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { plain(text).into_owned() };
    vec![
        Cell::of(tone, mark),
        Cell::of(tone, name),
        Cell::of(tone, shown(&row.left)),
        Cell::of(tone, shown(&row.right)),
    ]
}
