//! JSON and YAML, compared by what they say rather than by how it is laid out.
//!
//! JSON is read as the YAML that it is (YAML 1.2, section 1.3). What a reader could misunderstand is not compared here but
//! line by line: aliases, which could grow without end, keys that are no scalars, and keys that are there twice.

use std::fmt::Write as _;

use indexmap::IndexMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// Texts above this size, in bytes, are compared line by line.
const LARGEST: usize = 1024 * 1024;
/// How deep a text may be nested.
const DEEPEST: usize = 64;

/// What is different, a line for each value: `-replicas: 2`, `+replicas: 3`. `None` where the texts are not both structured,
/// or say the same.
pub(crate) fn structural(path: &str, before: &str, after: &str) -> Option<String> {
    let is_named = [".json", ".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    if before.len().max(after.len()) > LARGEST || !(is_named || (is_json(before) && is_json(after))) {
        return None;
    }
    let (before, after) = (read(before)?, read(after)?);
    let mut text = String::new();
    compare(&mut text, &At::default(), &before, &after);
    (!text.is_empty()).then_some(text)
}

/// What a program prints is structured only where nothing else is likely.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'))
}

#[derive(Debug, Clone, PartialEq)]
enum Tree {
    /// As it is shown.
    Scalar(String),
    List(Vec<Tree>),
    Map(IndexMap<String, Tree>),
}

/// A collection that is being read, with the key that waits for its value.
enum Open {
    List(Vec<Tree>),
    Map(IndexMap<String, Tree>, Option<String>),
}

/// The documents of a text; a lone one stands for itself.
fn read(text: &str) -> Option<Tree> {
    let mut documents = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let done = match event.ok()?.0 {
            Event::Alias(_) => return None,
            Event::SequenceStart(_, tag) => {
                plain_tag(tag.as_deref())?;
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(_, tag) => {
                plain_tag(tag.as_deref())?;
                open.push(Open::Map(IndexMap::new(), None));
                None
            }
            Event::Scalar(value, style, _, tag) => Some(Tree::Scalar(scalar(&value, style, tag.as_deref()))),
            Event::SequenceEnd | Event::MappingEnd => Some(match open.pop()? {
                Open::List(items) => Tree::List(items),
                Open::Map(entries, _) => Tree::Map(entries),
            }),
            _ => None,
        };
        if open.len() > DEEPEST {
            return None;
        }
        if let Some(tree) = done {
            match open.last_mut() {
                None => documents.push(tree),
                Some(Open::List(items)) => items.push(tree),
                Some(Open::Map(entries, key)) => match key.take() {
                    Some(key) => entries.insert(key, tree).is_none().then_some(())?,
                    None => {
                        let Tree::Scalar(name) = tree else { return None };
                        *key = Some(name);
                    }
                },
            }
        }
    }
    match documents.len() {
        0 => None,
        1 => documents.pop().filter(|tree| !matches!(tree, Tree::Scalar(_))),
        _ => Some(Tree::List(documents)),
    }
}

/// A collection whose tag means something to its reader is not compared here.
fn plain_tag(tag: Option<&Tag>) -> Option<()> {
    tag.is_none_or(Tag::is_yaml_core_schema).then_some(())
}

/// A plain scalar stands for itself; a quoted one keeps its quotes, for `"1"` is not `1`.
fn scalar(value: &str, style: ScalarStyle, tag: Option<&Tag>) -> String {
    let shown = match style {
        ScalarStyle::Plain => value.to_owned(),
        _ => serde_json::to_string(value).expect("a text is always JSON"),
    };
    match tag {
        Some(tag) => format!("{tag} {shown}"),
        None => shown,
    }
}

/// Where a value stands: `spec.containers[name=web].image`.
#[derive(Debug, Clone, Default)]
struct At(String);

impl At {
    fn key(&self, key: &str) -> At {
        let name = serde_json::from_str::<String>(key).unwrap_or_else(|_| key.to_owned());
        let is_plain = !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "_-/".contains(char));
        match (is_plain, self.0.is_empty()) {
            (true, true) => At(name),
            (true, false) => At(format!("{}.{name}", self.0)),
            (false, _) => At(format!("{}[{}]", self.0, serde_json::to_string(&name).unwrap_or(name))),
        }
    }

    fn named(&self, key: &str, name: &str) -> At {
        let bare = serde_json::from_str::<String>(name).unwrap_or_else(|_| name.to_owned());
        self.item(format!("{key}={}", if bare.contains([']', '\n']) { name } else { &bare }))
    }

    fn item(&self, at: impl std::fmt::Display) -> At {
        At(format!("{}[{at}]", self.0))
    }
}

fn compare(text: &mut String, at: &At, before: &Tree, after: &Tree) {
    match (before, after) {
        _ if before == after => {}
        (Tree::Map(old), Tree::Map(new)) => {
            for (key, value) in old {
                match new.get(key) {
                    Some(other) => compare(text, &at.key(key), value, other),
                    None => whole(text, '-', &at.key(key), value),
                }
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                whole(text, '+', &at.key(key), value);
            }
        }
        (Tree::List(old), Tree::List(new)) => lists(text, at, old, new),
        _ => {
            whole(text, '-', at, before);
            whole(text, '+', at, after);
        }
    }
}

fn lists(text: &mut String, at: &At, old: &[Tree], new: &[Tree]) {
    if let Some((key, names, others)) = named(old, new) {
        for (name, value) in &names {
            let at = at.named(key, name);
            match others.get(name) {
                Some(other) => compare(text, &at, value, other),
                None => whole(text, '-', &at, value),
            }
        }
        for (name, value) in others.iter().filter(|(name, _)| !names.contains_key(*name)) {
            whole(text, '+', &at.named(key, name), value);
        }
        let in_both = |of: &Named<'_>, other: &Named<'_>| -> Vec<String> {
            of.keys().filter(|name| other.contains_key(*name)).map(|name| (*name).to_owned()).collect()
        };
        let (was, is) = (in_both(&names, &others), in_both(&others, &names));
        if was != is {
            let at = &at.0;
            let _ = write!(text, "-{at}, in order: {}\n+{at}, in order: {}\n", was.join(", "), is.join(", "));
        }
        return;
    }
    let same = |(one, other): &(&Tree, &Tree)| one == other;
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(same).count();
    let (changed, changes) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let both = changed.len().min(changes.len());
    for index in 0..both {
        compare(text, &at.item(head + index), &changed[index], &changes[index]);
    }
    for (index, value) in changed.iter().enumerate().skip(both) {
        whole(text, '-', &at.item(head + index), value);
    }
    for (index, value) in changes.iter().enumerate().skip(both) {
        whole(text, '+', &at.item(head + index), value);
    }
}

/// The items of a list by what tells them apart.
type Named<'t> = IndexMap<&'t str, &'t Tree>;

/// The key by which the items of both lists tell themselves apart, and the items by it.
fn named<'t>(old: &'t [Tree], new: &'t [Tree]) -> Option<(&'static str, Named<'t>, Named<'t>)> {
    ["name", "id", "key"].into_iter().find_map(|key| {
        let names = |list: &'t [Tree]| -> Option<Named<'t>> {
            let names: Named<'t> = list.iter().map(|item| Some((name(item, key)?, item))).collect::<Option<_>>()?;
            (names.len() == list.len() && !names.is_empty()).then_some(names)
        };
        Some((key, names(old)?, names(new)?))
    })
}

fn name<'t>(item: &'t Tree, key: &str) -> Option<&'t str> {
    let Tree::Map(entries) = item else { return None };
    let quoted = format!("\"{key}\"");
    match entries.get(key).or_else(|| entries.get(&quoted))? {
        Tree::Scalar(name) => Some(name),
        _ => None,
    }
}

/// A value that comes or goes, with everything in it.
fn whole(text: &mut String, sign: char, at: &At, tree: &Tree) {
    let empty = match tree {
        Tree::Scalar(value) => Some(value.as_str()),
        Tree::List(items) if items.is_empty() => Some("[]"),
        Tree::Map(entries) if entries.is_empty() => Some("{}"),
        Tree::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| whole(text, sign, &at.item(index), item));
            None
        }
        Tree::Map(entries) => {
            entries.iter().for_each(|(key, value)| whole(text, sign, &at.key(key), value));
            None
        }
    };
    if let Some(value) = empty {
        let _ = writeln!(text, "{sign}{}: {value}", at.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        structural("app.yaml", before, after).unwrap_or_else(|| "lines".to_owned())
    }

    #[test]
    fn values_are_named_by_their_place() {
        let before = "spec:\n  replicas: 2\n  image: shop:1\n  old: {a: 1, b: []}\n";
        let after = "spec:\n    image: shop:2 # newer\n    replicas: 2\n    new: true\n";
        let wanted = "-spec.image: shop:1\n+spec.image: shop:2\n-spec.old.a: 1\n-spec.old.b: []\n+spec.new: true\n";
        assert_eq!(diff(before, after), wanted);
    }

    #[test]
    fn json_is_compared_whatever_its_layout() {
        let after = "{\n  \"b\": [1, 2, 4],\n\t\"a\": {\"x y\": \"1\"}\n}";
        assert_eq!(
            structural("a.json", "{\"a\":{\"x y\":1},\"b\":[1,2,3]}", after).unwrap(),
            "-a[\"x y\"]: 1\n+a[\"x y\"]: \"1\"\n-b[2]: 3\n+b[2]: 4\n"
        );
        assert_eq!(structural("", "{\"a\": 1}", "{\"a\": 2}").unwrap(), "-a: 1\n+a: 2\n");
        assert_eq!(structural("", "a: 1", "a: 2"), None, "what a program prints is no YAML by chance");
    }

    #[test]
    fn items_with_a_name_are_followed_to_another_place() {
        let before = "- {name: \"web\", port: 80}\n- {name: db, port: 5432}\n";
        let after = "- {name: cache, port: 1}\n- {name: db, port: 5432}\n- {name: \"web\", port: 81}\n";
        let wanted = "-[name=web].port: 80\n+[name=web].port: 81\n+[name=cache].name: cache\n+[name=cache].port: 1\n\
                      -, in order: \"web\", db\n+, in order: db, \"web\"\n";
        assert_eq!(diff(before, after), wanted);
    }

    #[test]
    fn an_item_put_in_front_is_one_difference() {
        assert_eq!(diff("- b\n- c\n", "- a\n- b\n- c\n"), "+[0]: a\n");
        assert_eq!(diff("a: 1\n---\nb: 1\n", "a: 1\n---\nb: 2\n"), "-[1].b: 1\n+[1].b: 2\n");
    }

    #[test]
    fn what_could_be_misread_is_compared_line_by_line() {
        for odd in ["a: &x [1]\nb: *x\n", "a: 1\na: 2\n", "? [1]\n: 2\n", "a: [", "just text\n", "", "a: !Ref [x]\n"] {
            assert_eq!(diff(odd, "a: 1\n"), "lines", "{odd}");
            assert_eq!(diff("a: 1\n", odd), "lines", "{odd}");
        }
        assert_eq!(diff("a: 1\n", "a:   1 # the same\n"), "lines");
        assert_eq!(diff(&"[".repeat(5000), &"[".repeat(4000)), "lines");
    }

    #[test]
    fn long_lists_take_no_longer_than_they_are() {
        let list =
            |port: usize| -> String { (0..20_000).map(|at| format!("- {{name: n{at}, port: {port}}}\n")).collect() };
        let (before, after) = (list(1), list(2));
        assert_eq!(diff(&before, &after).lines().count(), 40_000);
        assert_eq!(diff(&before, &before.replacen("n7,", "m7,", 1)).lines().count(), 4);
    }

    #[test]
    fn broken_texts_are_no_trouble() {
        let text =
            "a: {b: [1, \"x\\u00e4\", 'y'], c: |\n  d\n  e\n? f\n: - g\n  - !!str h\n&i j: *i\n%TAG ! x\n---\n...\n";
        for (from, _) in text.char_indices() {
            for (to, _) in text.char_indices().filter(|(to, _)| *to >= from) {
                let cut = format!("{}{}", &text[..from], &text[to..]);
                let _ = structural("x.yaml", &cut, text);
                let _ = structural("x.yaml", "a: 1", &cut);
            }
        }
    }
}
