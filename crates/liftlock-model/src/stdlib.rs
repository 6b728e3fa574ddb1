//! The modules of the standard library, which are part of the program.

/// Every module with its text, in the order of their names.
pub(crate) const MODULES: &[(&str, &str)] = &[];

pub(crate) fn module(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(module, _)| *module == name).map(|(_, text)| *text)
}
