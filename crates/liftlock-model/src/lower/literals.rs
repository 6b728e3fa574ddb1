//! Literals whose text is checked, ranges, and the two functions that make calendar entries.

use jiff::civil;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax as syntax;
use liftlock_syntax::Segment;

use super::attributes::resolved;
use super::names::Scope;
use super::{Lowerer, codes};
use crate::expr::{Days, Expr, ExprKind, Freeze, Hours, Window};
use crate::types::{Phase, Type};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A day of the week, as a range of one.
pub(super) fn day(segments: &[Segment]) -> Option<Days> {
    let [segment] = segments else { return None };
    let at = DAYS.iter().position(|day| *day == segment.name.text)?;
    let day = u8::try_from(at + 1).ok()?;
    Some(Days { from: day, to: day })
}

/// A range of days or of times.
pub(super) fn range(from: &syntax::Expr, to: &syntax::Expr) -> Option<ExprKind> {
    match (&from.kind, &to.kind) {
        (syntax::ExprKind::Reference(from), syntax::ExprKind::Reference(to)) => {
            Some(ExprKind::Days(Days { from: day(from)?.from, to: day(to)?.to }))
        }
        (syntax::ExprKind::Time(from), syntax::ExprKind::Time(to)) => {
            Some(ExprKind::Hours(Hours { from: *from, to: *to }))
        }
        _ => None,
    }
}

/// Whether a text is what its type says.
///
/// # Errors
/// What it should look like.
pub(crate) fn check_text(text: &str, ty: &Type) -> Result<(), String> {
    match ty {
        Type::Semver => semver::Version::parse(text).map(drop).map_err(|_| version_hint(text)),
        Type::Url => {
            let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
            match rest {
                Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace) => {
                    Ok(())
                }
                _ => Err("a url looks like `https://shop.example.com/health`".to_owned()),
            }
        }
        Type::Digest => text
            .parse::<liftlock_names::Digest>()
            .map(drop)
            .map_err(|_| "a digest is `sha256:` and 64 hexadecimal digits".to_owned()),
        Type::Host => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '@');
            if !text.is_empty() && text.chars().all(allowed) {
                Ok(())
            } else {
                Err("a host is a name or an address, such as `10.0.0.7` or `web-1.example.com`".to_owned())
            }
        }
        Type::Path if text.is_empty() => Err("a path names something; the project's folder is `.`".to_owned()),
        Type::Path if text.contains('\0') => Err("a path has no NUL character".to_owned()),
        ty if ty.is_versions() => semver::VersionReq::parse(text)
            .map(drop)
            .map_err(|_| "a range of versions looks like `>=1.2, <2`".to_owned()),
        Type::Zone => jiff::tz::TimeZone::get(text)
            .map(drop)
            .map_err(|_| "a zone is named as in the IANA data base: `Europe/Berlin`".to_owned()),
        Type::OneOf(texts) => {
            if texts.iter().any(|known| known == text) {
                Ok(())
            } else {
                Err(crate::near::help(text, texts.iter().map(String::as_str), "such value"))
            }
        }
        _ => Ok(()),
    }
}

/// How a text that is no version would be one.
fn version_hint(text: &str) -> String {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let is_version = |text: &str| semver::Version::parse(text).is_ok();
    let meant = [bare.to_owned(), format!("{bare}.0"), format!("{bare}.0.0")];
    match meant.iter().find(|meant| is_version(meant)) {
        Some(meant) if bare != text => format!("a version has no `v` in front: `{meant}`"),
        Some(meant) => format!("a version has three numbers: `{meant}`"),
        None => "a version looks like `1.5.0` or `2.0.0-rc.1`".to_owned(),
    }
}

/// What was probably meant by a value of another type than the one that is wanted.
pub(super) fn hint(expr: &Expr, wanted: &Type) -> Option<String> {
    let text = expr.literal();
    match (wanted, text, &*expr.kind) {
        (Type::Int | Type::Number, Some(text), _) if text.parse::<f64>().is_ok() => {
            Some(format!("write the number without quotes: `{text}`"))
        }
        (Type::Bool, Some(text @ ("true" | "false")), _) => Some(format!("write it without quotes: `{text}`")),
        (Type::Duration, Some(text), _) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(format!("write the duration without quotes: `{text}`"))
        }
        (Type::Duration, None, ExprKind::Int(number)) => Some(format!("say the unit: `{number}s`")),
        (Type::Percent, None, ExprKind::Int(number)) => Some(format!("say that it is a share: `{number}%`")),
        (Type::Bytes, None, ExprKind::Int(_)) => Some("say the unit: `512MiB`".to_owned()),
        (
            Type::Time | Type::Date | Type::DateTime | Type::Percent | Type::Bytes | Type::Days | Type::Hours,
            Some(text),
            _,
        )
        | (Type::Range(_), Some(text), _)
            if !wanted.is_versions() && text.contains(|c: char| c.is_ascii_digit() || c == '.') =>
        {
            Some(format!("write it without quotes: `{text}`"))
        }
        (Type::Secret, Some(_), _) => {
            Some("a secret is never written down; say where it is kept: `secret.env(\"NAME\")`".to_owned())
        }
        (Type::Duration, ..) => Some("a duration looks like `30s` or `1h30m`".to_owned()),
        (Type::Command, Some(text), _) => Some(format!("a command stands in backticks: `` `{text}` ``")),
        (Type::Environment | Type::Group | Type::Calendar | Type::Artifact, Some(text), _) => {
            Some(format!("name it without quotes: `{text}`"))
        }
        (Type::List(_), ..) if !matches!(expr.ty, Type::List(_)) => {
            Some("a list stands in brackets: `[ … ]`".to_owned())
        }
        (Type::Bool, None, _) => Some("a condition is `true` or `false`, or compares: `a == b`".to_owned()),
        (wanted, None, _) if wanted.is_text() && expr.ty.is_text() => {
            Some("put it into a text, which is checked once it is known: `\"${…}\"`".to_owned())
        }
        (wanted, None, ExprKind::Int(number)) if wanted.is_text() => {
            Some(format!("write it in quotes: `\"{number}\"`"))
        }
        (wanted, None, _) if wanted.is_text() && matches!(expr.ty, Type::Number) => {
            Some("write it in quotes".to_owned())
        }
        _ => None,
    }
}

impl Lowerer<'_> {
    /// `window(days: mon..thu, hours: 09:00..16:00)`
    pub(super) fn window(&mut self, arguments: &[syntax::Argument], span: Span, scope: Scope<'_>) -> Expr {
        let found = self.arguments("window", arguments, ["days", "hours"], [&Type::Days, &Type::Hours], span, scope);
        let Some([days, hours]) = found else { return Expr::error(span) };
        match (resolved(&days), resolved(&hours)) {
            (ExprKind::Days(days), ExprKind::Hours(hours)) => {
                let window = Window { days: *days, hours: *hours };
                Expr::new(ExprKind::Window(window), Type::Window, Phase::Const, span)
            }
            _ => Expr::error(span),
        }
    }

    /// `freeze(from: 2026-12-18, to: 2027-01-04, reason: "year-end freeze")`
    pub(super) fn freeze(&mut self, arguments: &[syntax::Argument], span: Span, scope: Scope<'_>) -> Expr {
        let types = [&Type::Date, &Type::Date, &Type::String];
        let found = self.arguments("freeze", arguments, ["from", "to", "reason"], types, span, scope);
        let Some([from, to, reason]) = found else { return Expr::error(span) };
        let date = |expr: &Expr| -> Option<civil::Date> {
            match resolved(expr) {
                ExprKind::Date(date) => Some(*date),
                _ => None,
            }
        };
        let (Some(first), Some(last), Some(why)) = (date(&from), date(&to), reason.literal()) else {
            return Expr::error(span);
        };
        if last < first {
            self.report(
                Finding::error(codes::TYPE_MISMATCH, "this freeze ends before it begins", to.span, "the last day")
                    .with_label(from.span, "the first day"),
            );
            return Expr::error(span);
        }
        let freeze = Freeze { from: first, to: last, reason: why.to_owned() };
        Expr::new(ExprKind::Freeze(freeze), Type::Freeze, Phase::Const, span)
    }
}
