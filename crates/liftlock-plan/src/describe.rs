//! A plan's items as texts of several lines, so that two of them can be compared line by line.

use std::fmt::Write as _;

use liftlock_journal::State;
use liftlock_model::value::{Program, Text};

use crate::artifact::{ArtifactPlan, ImageSource};
use crate::document::{
    Check, CheckKind, Class, Effect, EffectKind, Gate, GateKind, HttpRequest, Invocation, NoData, Retry,
};

/// What an effect is and does, with its inputs resolved; with `found` also what was there when it was planned.
pub(crate) fn effect(effect: &Effect, found: bool) -> String {
    let mut text = docs(effect.docs.as_deref());
    match &effect.kind {
        EffectKind::Step(step) => {
            step.observe.iter().for_each(|observe| invocation(&mut text, "observe", observe));
            step.desired.iter().for_each(|desired| block(&mut text, "desired", desired));
            step.preview.iter().for_each(|preview| invocation(&mut text, "preview", preview));
            invocation(&mut text, "run", &step.run);
            step.rollback.iter().for_each(|rollback| invocation(&mut text, "rollback", rollback));
            let flags = [("idempotent", step.idempotent), ("atomic", step.atomic)];
            for (name, _) in flags.iter().filter(|(_, set)| *set) {
                let _ = writeln!(text, "{name} = true");
            }
            step.retry.iter().for_each(|retry| line(&mut text, "retry", &waits(retry)));
            step.outputs.iter().for_each(|output| line(&mut text, "output", output));
        }
        EffectKind::File { path, content, mode } => {
            line(&mut text, "file", path);
            mode.iter().for_each(|mode| line(&mut text, "mode", &format!("{mode:04o}")));
            block(&mut text, "content", content);
        }
        EffectKind::Link { path, target } => {
            line(&mut text, "link", path);
            line(&mut text, "target", target);
        }
        EffectKind::Directory { path } => line(&mut text, "folder", path),
        EffectKind::Refresh { run } => invocation(&mut text, "refresh", run),
        EffectKind::Http(http) => {
            http.observe.iter().for_each(|observe| invocation(&mut text, "observe", observe));
            http.desired.iter().for_each(|desired| block(&mut text, "desired", desired));
            request(&mut text, "request", &http.request);
            http.undo.iter().for_each(|undo| request(&mut text, "undo", undo));
            if http.idempotent {
                line(&mut text, "idempotent", "true");
            }
        }
        EffectKind::Manual { instructions, undo, atomic } => {
            block(&mut text, "by a person", instructions);
            undo.iter().for_each(|undo| block(&mut text, "undo, by a person", undo));
            if *atomic {
                line(&mut text, "atomic", "true");
            }
        }
        EffectKind::Notify { run } => {
            invocation(&mut text, "notify", run);
            return text;
        }
    }
    match &effect.class {
        Class::Irreversible { why } => block(&mut text, "point of no return", why),
        Class::Reversible => line(&mut text, "undo", "its own"),
        Class::Covered => line(&mut text, "undo", "by the rollback block around it"),
        Class::ReadOnly => line(&mut text, "undo", "none needed, it only reads"),
    }
    if found {
        let state = effect.observed.as_ref().map_or_else(|| "nothing was observed".to_owned(), State::to_string);
        block(&mut text, "found", &state);
        if let Some(preview) = effect.change.preview() {
            block(&mut text, "preview says", preview);
        }
    }
    text
}

pub(crate) fn gate(gate: &Gate) -> String {
    let mut text = docs(gate.docs.as_deref());
    match &gate.kind {
        GateKind::Approval { group, members, need, own, expires_ms } => {
            line(&mut text, "approval from", group);
            members.iter().for_each(|member| line(&mut text, "member", member));
            line(&mut text, "need", &need.to_string());
            line(&mut text, "by who starts the run", if *own { "yes" } else { "no" });
            line(&mut text, "expires", &milliseconds(*expires_ms));
        }
        GateKind::Window { calendar, zone, allow, deny } => {
            line(&mut text, "window of", calendar);
            line(&mut text, "zone", zone);
            for window in allow {
                let (days, hours) = (window.days, window.hours);
                let _ = writeln!(text, "allow = days {}-{}, {}-{}", days.from, days.to, hours.from, hours.to);
            }
            for freeze in deny {
                let _ = writeln!(text, "deny = {} to {}, {}", freeze.from, freeze.to, freeze.reason);
            }
        }
        GateKind::Soak { environment, lasts_ms, every_ms, checks } => {
            line(&mut text, "soak in", environment);
            line(&mut text, "for", &milliseconds(*lasts_ms));
            line(&mut text, "every", &milliseconds(*every_ms));
            checks.iter().for_each(|check| line(&mut text, "check", check.address.name()));
        }
        GateKind::Check(kind) => check_kind(&mut text, kind),
    }
    text
}

pub(crate) fn check(check: &Check) -> String {
    let mut text = docs(check.docs.as_deref());
    check_kind(&mut text, &check.kind);
    text
}

/// Without the digest of the sources, which is not a thing that an author writes. That of an image is what is released.
pub(crate) fn artifact(artifact: &ArtifactPlan) -> String {
    let mut text = String::new();
    line(&mut text, "artifact", artifact.name());
    match artifact {
        ArtifactPlan::File(file) => {
            file.sources.iter().for_each(|glob| line(&mut text, "sources", glob));
            invocation(&mut text, "build", &file.build);
            line(&mut text, "file", &file.file);
        }
        ArtifactPlan::Image(image) => {
            line(&mut text, "image", &image.image);
            match &image.source {
                ImageSource::Written => {}
                ImageSource::Resolved { resolve } => invocation(&mut text, "resolve", resolve),
                ImageSource::Built(built) => {
                    built.sources.iter().for_each(|glob| line(&mut text, "sources", glob));
                    invocation(&mut text, "build", &built.build);
                    invocation(&mut text, "resolve", &built.resolve);
                }
            }
            image.digest.iter().for_each(|digest| line(&mut text, "digest", &digest.to_string()));
        }
    }
    text
}

fn check_kind(text: &mut String, kind: &CheckKind) {
    match kind {
        CheckKind::Http { url, status, contains, .. } => {
            line(text, "http", url);
            line(text, "status", &status.to_string());
            contains.iter().for_each(|contains| block(text, "contains", contains));
        }
        CheckKind::Tcp { host, port, .. } => line(text, "tcp", &format!("{host}:{port}")),
        CheckKind::Command { run, .. } => invocation(text, "command", run),
        CheckKind::Metric { server, query, above, below, samples, samples_query, no_data, .. } => {
            block(text, "metric", query);
            line(text, "server", server);
            above.iter().for_each(|above| line(text, "above", &above.to_string()));
            below.iter().for_each(|below| line(text, "below", &below.to_string()));
            if *samples > 0 {
                line(text, "samples", &samples.to_string());
            }
            samples_query.iter().for_each(|query| block(text, "samples, counted by", query));
            let no_data = match no_data {
                NoData::Fail => "fail",
                NoData::Pass => "pass",
                NoData::Wait => "wait",
            };
            line(text, "no data", no_data);
        }
    }
    let timing = kind.timing();
    line(text, "within", &milliseconds(timing.within_ms));
    line(text, "every", &milliseconds(timing.every_ms));
    if timing.lasts_ms > 0 {
        line(text, "for", &milliseconds(timing.lasts_ms));
    }
}

fn invocation(text: &mut String, name: &str, run: &Invocation) {
    run.on.iter().for_each(|host| line(text, &format!("{name}, on"), &host.to_string()));
    match &run.program {
        Program::Command(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(&word.to_string())).collect();
            line(text, name, &words.join(" "));
        }
        Program::Script { interpreter, text: script } => {
            block(text, &format!("{name}, a {interpreter} script"), script)
        }
    }
    for (variable, value) in &run.env {
        block(text, &format!("{name}, with {variable}"), &value.to_string());
    }
    if !run.cwd.is_empty() {
        line(text, &format!("{name}, in"), &run.cwd);
    }
    run.stdin.iter().map(Text::to_string).for_each(|stdin| block(text, &format!("{name}, reading"), &stdin));
    line(text, &format!("{name}, at most"), &milliseconds(run.timeout_ms));
}

/// `3 times, after up to 1s, then 2 times as long, at most 1m`.
fn waits(retry: &Retry) -> String {
    let Retry { times, wait_ms, factor, most_ms } = retry;
    let (wait, most) = (milliseconds(*wait_ms), milliseconds(*most_ms));
    format!("{times} times, after up to {wait}, then {factor} times as long, at most {most}")
}

fn request(text: &mut String, name: &str, request: &HttpRequest) {
    line(text, name, &format!("{} {}", request.method, request.url));
    for (header, value) in &request.headers {
        line(text, &format!("{name}, with {header}"), &value.to_string());
    }
    request.body.iter().map(Text::to_string).for_each(|body| block(text, &format!("{name}, with the body"), &body));
    for status in &request.status {
        line(text, &format!("{name}, welcome"), &status.to_string());
    }
    line(text, &format!("{name}, at most"), &milliseconds(request.timeout_ms));
}

/// A word with spaces in it must not read as two.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && !word.contains([' ', '\t', '\n', '"']);
    if is_plain { word.to_owned() } else { format!("{word:?}") }
}

fn docs(docs: Option<&str>) -> String {
    docs.into_iter().flat_map(str::lines).map(|line| format!("# {line}\n")).collect()
}

fn line(text: &mut String, name: &str, value: &str) {
    block(text, name, value);
}

/// `name = value`, or the name with the lines of a longer value below.
fn block(text: &mut String, name: &str, value: &str) {
    match value.lines().collect::<Vec<_>>().as_slice() {
        [] => {
            let _ = writeln!(text, "{name} = \"\"");
        }
        [only] => {
            let _ = writeln!(text, "{name} = {only}");
        }
        lines => {
            let _ = writeln!(text, "{name} =");
            lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    if value.lines().count() > 0 && !value.ends_with('\n') && value.contains('\n') {
        text.push_str("  (no newline at the end)\n");
    }
}

fn milliseconds(ms: u64) -> String {
    match (ms % 3_600_000, ms % 60_000, ms % 1000) {
        (0, _, _) if ms > 0 => format!("{}h", ms / 3_600_000),
        (_, 0, _) if ms > 0 => format!("{}m", ms / 60_000),
        (_, _, 0) => format!("{}s", ms / 1000),
        _ => format!("{ms}ms"),
    }
}
