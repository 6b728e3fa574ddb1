//! Which files others may import, told from their text, before anything is parsed.
//!
//! A file that nobody imports is the root of a model of its own, and can be parsed, checked and forgotten. What is said here
//! may name too many files, also those that a comment or a text seems to import, but none too few.

use liftlock_diagnostics::{SourceId, Sources};

use super::imports::neighbour_path;

/// For each source, whether its tree is to be held: another file may import it, or it imports what is no source yet.
pub(super) fn held(sources: &Sources) -> Vec<bool> {
    let count = sources.iter().count();
    let mut held = vec![false; count];
    for (id, source) in sources.iter() {
        let Some(imported) = imported(&source.text) else { return vec![true; count] };
        for written in imported {
            let SourceId(holder) = sources.find(&neighbour_path(&source.path, written)).unwrap_or(id);
            held[holder as usize] = true;
        }
    }
    held
}

/// The paths that a text may import; `None` where they are not written out.
fn imported(text: &str) -> Option<Vec<&str>> {
    const WORD: &str = "import";
    let mut found = Vec::new();
    for (at, _) in text.match_indices(WORD) {
        // What the scan takes for a gap: control characters, too, and those that hide what a reader sees.
        let rest = &text[at + WORD.len()..];
        let rest = rest.trim_start_matches(|c: char| c != '\n' && (c <= ' ' || c >= '\u{7f}'));
        let Some(rest) = rest.strip_prefix('"') else { continue };
        let written = rest.split(['"', '\n']).next().unwrap_or(rest);
        // An escape, an interpolation, or text that spans lines.
        if written.contains(['\\', '$']) || rest.starts_with("\"\"") {
            return None;
        }
        found.push(written);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_is_seen_in_the_text() {
        assert_eq!(
            imported("edition 2026\n\nimport \"./a.release\" as b\nimport\t\"std/x\"\n"),
            Some(vec!["./a.release", "std/x"])
        );
        assert_eq!(imported("run = `ops/import ${x}`, reimport = 1\nimport"), Some(vec![]));
        assert_eq!(imported("import \u{202e}\"./a"), Some(vec!["./a"]));
        assert_eq!(imported("import \"./\\u{61}\""), None);
        assert_eq!(imported("import \"\"\"\n./a\"\"\""), None);
    }

    #[test]
    fn a_file_is_held_that_another_imports_or_that_imports_something_else() {
        let mut sources = Sources::default();
        sources.add("top.release", "import \"./shared/all.release\"\n");
        sources.add("shared/all.release", "");
        sources.add("alone.release", "# nothing\n");
        sources.add("library.release", "import \"std/http\"\n");
        assert_eq!(held(&sources), [false, true, false, true]);
        sources.add("hidden.release", "import \"${x}\"\n");
        assert_eq!(held(&sources), [true; 5]);
    }
}
