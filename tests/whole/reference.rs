//! The examples of the pages about the language are true: each whole file in them is sound.

use crate::project::{Project, repository};

/// The blocks of a page that are fenced as `release`, whatever the length of the fence.
fn examples(page: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        match &mut open {
            Some((fence, text)) if line == *fence => {
                examples.push(std::mem::take(text));
                open = None;
            }
            Some((_, text)) => {
                text.push_str(line);
                text.push('\n');
            }
            None => {
                let fence = line.trim_end_matches("release");
                if fence.len() >= 3 && fence.len() < line.len() && fence.chars().all(|c| c == '`') {
                    open = Some((fence, String::new()));
                }
            }
        }
    }
    examples
}

#[test]
fn every_whole_example_of_the_reference_is_sound_and_in_the_style() {
    every_example_is_sound("grammar/REFERENCE.md", 5);
}

#[test]
fn every_whole_example_for_newcomers_is_sound_and_in_the_style() {
    every_example_is_sound("grammar/COMING-FROM.md", 6);
}

fn every_example_is_sound(page: &str, at_least: usize) {
    let text = std::fs::read_to_string(repository().join(page)).unwrap();
    let examples = examples(&text);
    assert!(examples.len() >= at_least, "{page}: {}", examples.len());
    for example in examples {
        let project = Project::with(&[("example.release", &example)]);
        let ended = project.liftlock(&["check", "--output", "concise"]).expect(0);
        assert!(!ended.stdout.contains("error["), "{page}: {example}\n{}", ended.stdout);
        project.liftlock(&["fmt", "--check"]).expect(0);
    }
}
