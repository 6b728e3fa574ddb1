//! What operators do to values. All of them are total: what is too large stays at the largest, what is not there is missing.

use std::cmp::Ordering;

use crate::evaluate::value_text;
use crate::expr::Operator;
use crate::types::Type;
use crate::value::Value;

/// How many members a list or a map that is put together has at most.
const MAX_MEMBERS: usize = 65_536;

/// `left operator right`; the right side is asked for only where it matters. `ordered_as` tells versions from other texts.
pub(crate) fn binary(operator: Operator, left: &Value, right: impl FnOnce() -> Value, ordered_as: &Type) -> Value {
    let is_true = |value: &Value| matches!(value, Value::Bool(true));
    match operator {
        Operator::And => return Value::Bool(is_true(left) && is_true(&right())),
        Operator::Or => return Value::Bool(is_true(left) || is_true(&right())),
        _ => {}
    }
    let right = &right();
    let compared = |wanted: &[Ordering]| {
        Value::Bool(compare(left, right, ordered_as).is_some_and(|ordering| wanted.contains(&ordering)))
    };
    match operator {
        Operator::Equal => Value::Bool(is_equal(left, right)),
        Operator::Unequal => Value::Bool(!is_equal(left, right)),
        Operator::Less => compared(&[Ordering::Less]),
        Operator::AtMost => compared(&[Ordering::Less, Ordering::Equal]),
        Operator::Greater => compared(&[Ordering::Greater]),
        Operator::AtLeast => compared(&[Ordering::Greater, Ordering::Equal]),
        Operator::In => Value::Bool(is_in(left, right)),
        Operator::Plus | Operator::Minus | Operator::Times => calculate(operator, left, right),
        Operator::And | Operator::Or => unreachable!("answered above"),
    }
}

pub(crate) fn not(value: &Value) -> Value {
    Value::Bool(!matches!(value, Value::Bool(true)))
}

/// A member of a list, or the value of a key.
pub(crate) fn index(of: &Value, at: &Value) -> Value {
    match (of, at) {
        (Value::List(items), Value::Int(at)) => {
            usize::try_from(*at).ok().and_then(|at| items.get(at)).cloned().unwrap_or(Value::None)
        }
        (Value::Map(_), key) => member(of, &value_text(key).to_string()),
        _ => Value::None,
    }
}

pub(crate) fn member(of: &Value, name: &str) -> Value {
    match of {
        Value::Map(entries) => entries.get(name).cloned().unwrap_or(Value::None),
        Value::Range(from, _) if name == "from" => (**from).clone(),
        Value::Range(_, to) if name == "to" => (**to).clone(),
        _ => Value::None,
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(int), Value::Number(number)) | (Value::Number(number), Value::Int(int)) => *int as f64 == *number,
        _ => left == right,
    }
}

fn compare(left: &Value, right: &Value, ordered_as: &Type) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) | (Value::Percent(left), Value::Percent(right)) => {
            left.partial_cmp(right)
        }
        (Value::Int(left), Value::Number(right)) => (*left as f64).partial_cmp(right),
        (Value::Number(left), Value::Int(right)) => left.partial_cmp(&(*right as f64)),
        (Value::Duration(left), Value::Duration(right)) | (Value::Bytes(left), Value::Bytes(right)) => {
            Some(left.cmp(right))
        }
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) if *ordered_as == Type::Semver => {
            let version = |text: &crate::value::Text| semver::Version::parse(&text.to_string()).ok();
            // What stands behind `+` says how it was built, and nothing about what comes first.
            Some(version(left)?.cmp_precedence(&version(right)?))
        }
        _ => None,
    }
}

fn is_in(value: &Value, of: &Value) -> bool {
    match of {
        Value::List(items) => items.iter().any(|item| is_equal(item, value)),
        Value::Map(entries) => entries.contains_key(&value_text(value).to_string()),
        Value::Range(first, last) => {
            let from = compare(first, value, &Type::Semver);
            let to = compare(value, last, &Type::Semver);
            let is_at_most =
                |ordering: Option<Ordering>| ordering.is_some_and(|ordering| ordering != Ordering::Greater);
            match (&**first, &**last) {
                // A span of the day may run over midnight, and its end is no part of it.
                (Value::Time(first), Value::Time(last)) if first > last => {
                    is_at_most(from) || to == Some(Ordering::Less)
                }
                (Value::Time(_), Value::Time(_)) => is_at_most(from) && to == Some(Ordering::Less),
                _ => is_at_most(from) && is_at_most(to),
            }
        }
        _ => false,
    }
}

fn calculate(operator: Operator, left: &Value, right: &Value) -> Value {
    let natural = |left: u64, right: u64| match operator {
        Operator::Plus => left.saturating_add(right),
        Operator::Minus => left.saturating_sub(right),
        _ => left.saturating_mul(right),
    };
    let real = |left: f64, right: f64| {
        let result = match operator {
            Operator::Plus => left + right,
            Operator::Minus => left - right,
            _ => left * right,
        };
        // A plan is written as JSON, which has no infinity.
        result.clamp(f64::MIN, f64::MAX)
    };
    let times = |amount: u64, count: i64| amount.saturating_mul(u64::try_from(count).unwrap_or(0));
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Value::Int(match operator {
            Operator::Plus => left.saturating_add(*right),
            Operator::Minus => left.saturating_sub(*right),
            _ => left.saturating_mul(*right),
        }),
        (Value::Number(left), Value::Number(right)) => Value::Number(real(*left, *right)),
        (Value::Int(left), Value::Number(right)) => Value::Number(real(*left as f64, *right)),
        (Value::Number(left), Value::Int(right)) => Value::Number(real(*left, *right as f64)),
        (Value::Percent(left), Value::Percent(right)) => Value::Percent(real(*left, *right)),
        (Value::Duration(left), Value::Duration(right)) => Value::Duration(natural(*left, *right)),
        (Value::Bytes(left), Value::Bytes(right)) => Value::Bytes(natural(*left, *right)),
        (Value::Duration(amount), Value::Int(count)) | (Value::Int(count), Value::Duration(amount)) => {
            Value::Duration(times(*amount, *count))
        }
        (Value::Bytes(amount), Value::Int(count)) | (Value::Int(count), Value::Bytes(amount)) => {
            Value::Bytes(times(*amount, *count))
        }
        (Value::List(left), Value::List(right)) => {
            Value::List(left.iter().chain(right).take(MAX_MEMBERS).cloned().collect())
        }
        (Value::Map(left), Value::Map(right)) => {
            let entries = left.iter().chain(right).map(|(key, value)| (key.clone(), value.clone()));
            Value::Map(entries.take(MAX_MEMBERS).collect())
        }
        _ => Value::None,
    }
}

/// The type of members of which some have the one type and some the other.
fn together(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Error, known) | (known, Type::Error) => Some(known.clone()),
        (left, right) if right.fits(left) => Some(left.clone()),
        (left, right) if left.fits(right) => Some(right.clone()),
        _ => None,
    }
}

/// The type of `left operator right`; `None` where the two do not go together.
pub(crate) fn joined(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Number);
    let is_unknown = |ty: &Type| *ty == Type::Error;
    if is_unknown(left) || is_unknown(right) {
        return Some(if operator.compares() || matches!(operator, Operator::And | Operator::Or) {
            Type::Bool
        } else {
            Type::Error
        });
    }
    match operator {
        Operator::And | Operator::Or => (*left == Type::Bool && *right == Type::Bool).then_some(Type::Bool),
        Operator::Equal | Operator::Unequal => {
            let is_comparable = !matches!(left, Type::Secret | Type::Command)
                && (left.fits(right) || right.fits(left) || is_number(left) && is_number(right));
            is_comparable.then_some(Type::Bool)
        }
        Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast => {
            let is_ordered = left.is_ordered() && (left == right || is_number(left) && is_number(right));
            is_ordered.then_some(Type::Bool)
        }
        Operator::In => match right {
            Type::List(item) => (left.fits(item) || item.fits(left)).then_some(Type::Bool),
            Type::Range(item) => (left.fits(item)).then_some(Type::Bool),
            Type::Hours => (*left == Type::Time).then_some(Type::Bool),
            Type::Map(_) => left.is_text().then_some(Type::Bool),
            _ => None,
        },
        Operator::Plus | Operator::Minus => match (left, right) {
            (Type::Int, Type::Int) => Some(Type::Int),
            (left, right) if is_number(left) && is_number(right) => Some(Type::Number),
            (Type::Duration | Type::Bytes | Type::Percent, right) if left == right => Some(left.clone()),
            (Type::List(left), Type::List(right)) if operator == Operator::Plus => {
                together(left, right).map(|item| Type::List(Box::new(item)))
            }
            (Type::Map(left), Type::Map(right)) if operator == Operator::Plus => {
                let variable = |ty: &Type| ty.fits(&Type::Variable);
                let item = together(left, right);
                // Of what programs are given, each may be of another type.
                let item = item.or_else(|| (variable(left) && variable(right)).then_some(Type::Variable));
                item.map(|item| Type::Map(Box::new(item)))
            }
            _ => None,
        },
        Operator::Times => match (left, right) {
            (Type::Int, Type::Int) => Some(Type::Int),
            (left, right) if is_number(left) && is_number(right) => Some(Type::Number),
            (amount @ (Type::Duration | Type::Bytes), Type::Int)
            | (Type::Int, amount @ (Type::Duration | Type::Bytes)) => Some(amount.clone()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overflows() {
        let sum = |left: Value, right: Value, operator| binary(operator, &left, || right, &Type::Error);
        assert_eq!(sum(Value::Int(i64::MAX), Value::Int(1), Operator::Plus), Value::Int(i64::MAX));
        assert_eq!(sum(Value::Duration(1), Value::Duration(2), Operator::Minus), Value::Duration(0));
        assert_eq!(sum(Value::Bytes(u64::MAX), Value::Int(2), Operator::Times), Value::Bytes(u64::MAX));
        assert_eq!(sum(Value::Duration(5), Value::Int(-2), Operator::Times), Value::Duration(0));
        assert_eq!(sum(Value::Number(f64::MAX), Value::Number(2.0), Operator::Times), Value::Number(f64::MAX));
    }

    #[test]
    fn versions_are_ordered_as_versions_and_other_texts_not_at_all() {
        let text = |text: &str| Value::Text(text.into());
        let less = |ty: &Type| binary(Operator::Less, &text("1.9.0"), || text("1.10.0"), ty);
        assert_eq!(less(&Type::Semver), Value::Bool(true));
        assert_eq!(less(&Type::Error), Value::Bool(false));
    }

    #[test]
    fn lists_are_put_behind_each_other_and_of_two_entries_the_right_one_stays() {
        let plus = |left: Value, right: Value| binary(Operator::Plus, &left, || right, &Type::Error);
        let list = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int).collect());
        assert_eq!(plus(list(&[1, 2]), list(&[2])), list(&[1, 2, 2]));
        let map = |entries: &[(&str, i64)]| {
            Value::Map(entries.iter().map(|(key, value)| ((*key).to_owned(), Value::Int(*value))).collect())
        };
        assert_eq!(plus(map(&[("a", 1), ("b", 2)]), map(&[("b", 3)])), map(&[("a", 1), ("b", 3)]));
        let many = Value::List(vec![Value::Int(0); 40_000]);
        assert!(matches!(plus(many.clone(), many), Value::List(items) if items.len() == MAX_MEMBERS));
    }

    #[test]
    fn what_is_not_there_is_missing() {
        let list = Value::List(vec![Value::Int(1)]);
        assert_eq!(index(&list, &Value::Int(0)), Value::Int(1));
        assert_eq!(index(&list, &Value::Int(1)), Value::None);
        assert_eq!(index(&list, &Value::Int(-1)), Value::None);
        assert_eq!(member(&list, "x"), Value::None);
    }
}
