//! The modules of the standard library, which are part of the program.

/// Builds the table, so that the name of a module is written once.
macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../stdlib/", $name, ".release")))),*]
    };
}

/// Every module with its text, in the order of their names.
pub(crate) const MODULES: &[(&str, &str)] = modules![
    "archive",
    "chat",
    "files",
    "gates",
    "git",
    "haproxy",
    "kubernetes",
    "nginx",
    "oci",
    "postgres",
    "process",
    "prometheus",
    "ssh",
    "strategies",
    "systemd",
    "terraform",
    "webhook",
];

pub(crate) fn module(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(module, _)| *module == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What stands in the folder, but for the signatures of the kinds, which nobody imports.
    fn in_the_folder() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stdlib");
        let files = std::fs::read_dir(folder).unwrap();
        let names = files.filter_map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".release").map(str::to_owned)
        });
        let mut names: Vec<String> = names.filter(|name| name != "kinds").collect();
        names.sort();
        names
    }

    #[test]
    fn every_module_of_the_folder_is_part_of_the_program_in_the_order_of_their_names() {
        let table: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(table, in_the_folder());
    }

    #[test]
    fn every_declaration_of_a_module_that_others_name_is_documented() {
        for (name, text) in MODULES {
            let (file, findings) = liftlock_syntax::parse(liftlock_diagnostics::SourceId(0), text);
            assert!(findings.is_empty(), "{name}: {findings:?}");
            for item in &file.items {
                let declared = match &item.kind {
                    liftlock_syntax::ItemKind::Function(function) => &function.name.text,
                    liftlock_syntax::ItemKind::Block(block) => &block.labels[0].text,
                    _ => continue,
                };
                assert!(item.docs.is_some(), "{name}.{declared} says nothing of itself");
            }
        }
    }
}
