//! The map in `crates/README.md` is true: each crate uses no other crate of the project than those it says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::project::repository;

/// The table of the map: each crate with those it may use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let map = std::fs::read_to_string(repository().join("crates/README.md")).unwrap();
    let mut allowed = BTreeMap::new();
    for line in map.lines().filter(|line| line.starts_with("| `liftlock")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].trim_matches('`').to_owned();
        let uses = cells[2].split(',').map(|name| name.trim().trim_matches('`')).filter(|name| *name != "–");
        allowed.insert(name, uses.map(|name| format!("liftlock-{name}")).collect());
    }
    allowed
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn crates_use_only_what_the_map_lets_them() {
    let allowed = allowed();
    let metadata = metadata();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        if !package["manifest_path"].as_str().unwrap().contains("/crates/") {
            continue;
        }
        seen.insert(name.to_owned());
        let allowed = allowed.get(name).unwrap_or_else(|| panic!("the map does not show `{name}`"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            if used.starts_with("liftlock") && dependency["kind"].is_null() {
                assert!(allowed.contains(used), "`{name}` uses `{used}`, which the map does not let it");
            }
        }
    }
    assert_eq!(seen, allowed.keys().cloned().collect(), "the map shows exactly the crates that there are");
}
