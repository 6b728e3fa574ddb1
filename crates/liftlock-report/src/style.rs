//! How a view may look: colour, characters, width and time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What the place that is written to can show.
#[derive(Debug, Clone)]
pub struct Style {
    pub color: bool,
    /// Whether characters beyond ASCII can be shown.
    pub unicode: bool,
    /// In columns. What is only there to be recognised, a long command say, is cut to it; what has to be read or copied
    /// never is. `usize::MAX` for a file or a pipe.
    pub width: usize,
    /// Whether old and new stand side by side in diffs.
    pub side_by_side: bool,
    /// Whether long diffs are shown in full.
    pub full: bool,
    /// The zone in which people are told times; `None` for that of the system, which takes a while to find and most views do
    /// not need.
    pub zone: Option<TimeZone>,
}

/// What a text is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Only there for the record.
    Quiet,
    Plain,
    Good,
    /// Somebody should look, now or soon.
    Attention,
    Bad,
    Strong,
}

impl Tone {
    /// What turns the colour on (ECMA-48, section 8.3.117).
    fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Quiet => Some("2"),
            Tone::Good => Some("32"),
            Tone::Attention => Some("33"),
            Tone::Bad => Some("1;31"),
            Tone::Strong => Some("1"),
        }
    }
}

impl Style {
    /// Without colour, in ASCII, of any width, in UTC.
    pub fn bare() -> Self {
        Style {
            color: false,
            unicode: false,
            width: usize::MAX,
            side_by_side: false,
            full: false,
            zone: Some(TimeZone::UTC),
        }
    }

    /// The text in the colour of its tone. The text is to be [`plain`](crate::plain) already.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        match tone.code() {
            Some(code) if self.color && !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }

    /// The same, inverted: what differs within a line.
    pub(crate) fn mark(&self, tone: Tone, text: &str) -> String {
        let code = tone.code().unwrap_or("0");
        if self.color && !text.is_empty() { format!("\x1b[7;{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// How wide each half is, where two stand side by side behind `used` columns; `None` where they do not.
    pub(crate) fn side_width(&self, used: usize) -> Option<usize> {
        const NARROWEST: usize = 20;
        const WITHOUT_TERMINAL: usize = 160;
        let width = if self.width == usize::MAX { WITHOUT_TERMINAL } else { self.width };
        let half = width.saturating_sub(used + 3) / 2;
        (self.side_by_side && half >= NARROWEST).then_some(half)
    }

    pub(crate) fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }

    /// The time of day.
    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone()).strftime("%H:%M:%S").to_string()
    }

    /// The day and the time, to the minute.
    pub fn day_time(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// What stands for something left out.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The text, cut where it would go beyond the width behind `used` columns.
    pub(crate) fn cut(&self, text: &str, used: usize) -> String {
        let room = self.width.saturating_sub(used).max(20);
        if text.chars().count() <= room {
            return text.to_owned();
        }
        let kept = room.saturating_sub(self.ellipsis().len());
        text.chars().take(kept).chain(self.ellipsis().chars()).collect()
    }

    /// The first digits of a digest, enough to tell two apart.
    pub(crate) fn digest(digest: &liftlock_names::Digest) -> String {
        format!("sha256 {}", digest.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so() {
        let style = Style { width: 24, ..Style::bare() };
        assert_eq!(style.cut("abcdefghijklmnopqrstuvwxyz", 4), "abcdefghijklmnopq...");
        assert_eq!(style.cut("short", 4), "short");
    }

    #[test]
    fn times_are_those_of_the_zone() {
        let style = Style { zone: Some(TimeZone::fixed(jiff::tz::offset(2))), ..Style::bare() };
        let at = Timestamp::from_second(0).unwrap();
        assert_eq!((style.time(at), style.day_time(at)), ("02:00:00".to_owned(), "1970-01-01 02:00".to_owned()));
    }
}
