//! The Markdown form of a plan: good to read, never too long, and nothing in it that was not meant.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use liftlock_plan::{Change, Class, EffectKind, Node, Plan};
use liftlock_report::Style;
use liftlock_report::plan::{View, between};
use support::{at, golden};

/// What would end a fence, a cell or an element, call people, or load something.
const HOSTILE: &str = "x`y``z```\n```\n~~~\n</details><script>alert(1)</script> @team #1 ![i](https://e.example/i) \
                       | a | b |\n# heading <!-- \\| www.e.example";

/// The longest text a comment may have.
const LIMIT: usize = 65_536;

fn markdown(plan: &Plan, now: jiff::Timestamp) -> String {
    liftlock_report::plan::markdown(&[View { plan, risks: &support::risks(plan, now), place: (1, 1), now }])
}

fn each(nodes: &mut [Node], change: &mut dyn FnMut(&mut liftlock_plan::Effect)) {
    for node in nodes {
        match node {
            Node::Effect(effect) => change(effect),
            Node::Check(_) => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } => each(body, change),
        }
    }
}

fn dangerous(made: &mut Plan) {
    if let Node::Effect(effect) = &mut made.waves[2][0].body[2] {
        effect.class = Class::Irreversible { why: "dropped columns do not come back".to_owned() };
        let preview = Some("drop column sku\n".to_owned());
        effect.change = Change::Unknown { why: "it has no `observe`".to_owned(), preview };
    }
    made.waves[2][0].coverage.restored = 7;
}

#[test]
fn what_matters_most_comes_first() {
    let mut made = support::plan();
    golden("plan.md", &markdown(&made, at(0)));
    dangerous(&mut made);
    made.waves.remove(0);
    golden("plan-no-return.md", &markdown(&made, at(0)));
    golden("plan-preview.md", &markdown(&support::previewed(), at(0)));
    golden("plan-rollback.md", &markdown(&support::rollback(), at(0)));
}

#[test]
fn the_longest_diffs_are_left_out_first_and_that_is_said() {
    let mut made = support::plan();
    let long: String = (0..9_000).map(|line| format!("+line {line}\n")).collect();
    if let Node::Effect(effect) = &mut made.waves[1][0].body[2] {
        effect.change = Change::Diff { diff: long, by_structure: false, preview: None };
    }
    let text = markdown(&made, at(0));
    assert!(text.len() < LIMIT, "{}", text.len());
    assert!(text.contains("9000 lines left out here"), "{text}");
    assert_eq!(text.matches("+workers  = 4").count(), 3, "the short ones stay: {text}");
}

#[test]
fn what_is_done_at_once_is_said() {
    let mut made = support::plan();
    let body = &mut made.waves[0][0].body;
    let rest = body.split_off(2);
    let turn = |name: &str, body| Node::Phase { name: name.to_owned(), body, rollback: None };
    let members = vec![turn("host[\"a\"]", std::mem::take(body)), turn("host[\"b\"]", rest)];
    body.push(Node::Parallel { name: "host wave 1".to_owned(), body: members });
    let text = markdown(&made, at(0));
    let said = "at the same time (`host wave 1`): `host[\"a\"]`, `host[\"b\"]`\n\n**`deploy/unpack`**";
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert_eq!(text.matches("in this order, one after another").count(), 1, "only where it is not plain: {text}");
    assert_inert(&text);
}

#[test]
fn no_plan_is_too_long_for_a_comment() {
    let mut made = support::plan();
    let long = format!("@<|`{}", "ä@<|`".repeat(500));
    for stage in made.waves.iter_mut().flatten() {
        each(&mut stage.body, &mut |effect| {
            effect.class = Class::Irreversible { why: long.clone() };
            effect.change = Change::Unknown { why: long.clone(), preview: Some(long.clone()) };
        });
        stage.environment = long.clone();
    }
    made.docs = Some(long.clone());
    made.version = long.clone();
    made.inputs.extend((0..300).map(|at| (format!("{at}{long}"), long.clone())));
    let wave = made.waves[2].clone();
    made.waves.extend((0..60).map(|_| wave.clone()));
    let text = markdown(&made, at(0));
    assert!(text.len() < LIMIT, "{}", text.len());
    assert!(text.contains("The details of") && text.contains(&made.hash().to_string()), "{text}");
    assert!(text.contains("and 38 environments more") && text.contains("and 287 inputs more"), "{text}");
    assert_inert(&text);
}

#[test]
fn many_plans_share_the_room_of_one_comment() {
    let made = support::rollback();
    for many in [2, 40, 400] {
        let views: Vec<View<'_>> =
            (0..many).map(|at| View { plan: &made, risks: &[], place: (at + 1, many), now: support::at(0) }).collect();
        let text = liftlock_report::plan::markdown(&views);
        assert!(text.len() < LIMIT, "{}", text.len());
        let told = text.matches("### rollback of production, ").count();
        assert!(told == many || text.contains(&format!("{} plans left out", many - told)), "{told} of {many}");
        assert_inert(&text);
    }
}

#[test]
fn hostile_text_stays_where_it_stands() {
    for mut made in [support::plan(), support::rollback()] {
        made.docs = Some(HOSTILE.to_owned());
        made.version = HOSTILE.to_owned();
        made.inputs.insert("input".to_owned(), HOSTILE.to_owned());
        for stage in made.waves.iter_mut().flatten() {
            stage.environment = HOSTILE.to_owned();
            each(&mut stage.body, &mut |effect| {
                effect.class = Class::Irreversible { why: HOSTILE.to_owned() };
                match &mut effect.kind {
                    EffectKind::File { path, .. } => *path = HOSTILE.to_owned(),
                    EffectKind::Step(step) => step.run = support::command(&["say", HOSTILE]),
                    _ => {}
                }
                match &mut effect.change {
                    Change::Diff { diff, .. } => *diff = format!("+{HOSTILE}\n```\n"),
                    change => *change = Change::Unknown { why: HOSTILE.to_owned(), preview: Some(HOSTILE.to_owned()) },
                }
            });
        }
        assert_inert(&markdown(&made, at(0)));
        let risks = support::every_risk(HOSTILE);
        let view = View { plan: &made, risks: &risks, place: (1, 1), now: at(0) };
        assert_inert(&liftlock_report::plan::markdown(&[view]));
    }
}

/// The plan of the example, and what it becomes by an edit.
fn edited() -> (Plan, Plan) {
    let (before, mut after) = (support::plan(), support::plan());
    after.inputs.insert("schema".to_owned(), "43".to_owned());
    after.waves[2][0].gates.remove(0);
    after.waves[0][0].body.swap(1, 2);
    after.waves.remove(1);
    each(&mut after.waves[1][0].body, &mut |effect| {
        if let EffectKind::Link { target, .. } = &mut effect.kind {
            *target = "releases/1.2.0".to_owned();
        }
    });
    (before, after)
}

#[test]
fn what_an_edit_changes_is_told_item_by_item() {
    let (before, after) = edited();
    let diff = liftlock_plan::between(Some(&before), Some(&after));
    golden("diff.txt", &between::human(&diff, &Style::bare()));
    golden("diff.md", &between::markdown(&diff));
    let all = liftlock_plan::between(None, Some(&after));
    assert!(between::human(&all, &Style::bare()).starts_with("storefront: is new\n"));
    assert!(liftlock_plan::between(Some(&after), Some(&after)).is_empty());
}

#[test]
fn hostile_text_stays_where_it_stands_in_a_difference() {
    let (before, mut after) = edited();
    after.pipeline = HOSTILE.to_owned();
    after.inputs.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    for stage in after.waves.iter_mut().flatten() {
        stage.environment = HOSTILE.to_owned();
        each(&mut stage.body, &mut |effect| {
            effect.address.path.push(HOSTILE.to_owned());
            effect.docs = Some(HOSTILE.repeat(2_000));
        });
    }
    let text = between::markdown(&liftlock_plan::between(Some(&before), Some(&after)));
    assert_inert(&text);
    assert!(text.len() < LIMIT && text.contains("left out here"), "{}", text.len());
}

/// Takes fences and code away as CommonMark reads them, and looks at what is left.
#[track_caller]
fn assert_inert(text: &str) {
    let mut fence: Option<usize> = None;
    let mut columns = None;
    let mut depth = 0;
    for line in text.lines() {
        let ticks = line.chars().take_while(|char| *char == '`').count();
        match fence {
            Some(length) => {
                if ticks >= length && line.trim_end().len() == ticks {
                    fence = None;
                }
                continue;
            }
            None if ticks >= 3 && !line[ticks..].contains('`') => {
                assert!(matches!(&line[ticks..], "diff" | "text"), "{line}");
                fence = Some(ticks);
                continue;
            }
            None => {}
        }
        // In a block of HTML, Markdown is not read.
        let bare = if line.starts_with("<details>") { line.to_owned() } else { without_code(line) };
        if bare.starts_with('|') {
            let bars = bare.replace("\\|", "").matches('|').count();
            assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
        }
        depth += bare.matches("<details>").count();
        depth -= bare.matches("</details>").count();
        let tags = ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"];
        let escaped = bare.replace("\\[", "").replace("\\]", "");
        let html = tags.iter().fold(escaped, |line, tag| line.replace(tag, ""));
        assert!(!html.contains('<'), "{line}");
        let calls = |mark: char| html.split(mark).skip(1).any(|rest| rest.starts_with(char::is_alphanumeric));
        // Within `<code>` nobody is called, and nothing is linked.
        if !line.contains("<code>") {
            assert!(!html.contains("]("), "{line}");
            assert!(!calls('@') && !calls('#') && !html.contains("://") && !html.contains("www."), "{line}");
        }
    }
    assert_eq!((fence, depth), (None, 0), "{text}");
}

fn without_code(line: &str) -> String {
    let mut bare = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (before, ticks) = rest.split_at(at);
        let length = ticks.chars().take_while(|char| *char == '`').count();
        bare.push_str(before);
        if before.ends_with('\\') {
            rest = &ticks[1..];
            continue;
        }
        let inner = &ticks[length..];
        let close = runs(inner).find(|(_, run)| *run == length).unwrap_or_else(|| panic!("unclosed code: {line}"));
        rest = &inner[close.0 + length..];
    }
    bare + rest
}

/// Every run of backticks, with its length.
fn runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let starts = text.match_indices('`').map(|(at, _)| at).filter(|at| !text[..*at].ends_with('`'));
    starts.map(|at| (at, text[at..].chars().take_while(|char| *char == '`').count()))
}
