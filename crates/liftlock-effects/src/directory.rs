//! `directory`: a folder.

use liftlock_journal::{Failure, State};

use crate::place::{Place, describe};
use crate::{Context, Entry, Observed};

/// A folder, made with those above it. Its undo removes it if it is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    pub path: String,
}

impl Directory {
    pub(crate) fn observe(&self, context: &Context<'_>) -> Observed {
        let place = Place::new(context, &self.path);
        let state = match place.entry() {
            Ok(None) => State::Absent,
            Ok(Some(Entry::Directory)) => State::Directory,
            Ok(Some(other)) => State::Other { what: describe(&other) },
            Err(error) => place.unknown(&error),
        };
        Observed { state, content: None }
    }

    pub(crate) fn apply(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::Absent | State::Directory => {}
            State::Other { what } => return Err(place.refused(what, "a folder")),
            other => return Err(place.not_known(other)),
        }
        place.world.make_directory(&place.path).map_err(|error| place.failed("could not be made", &error))
    }

    pub(crate) fn undo(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::Absent => match place.checked_entry()? {
                None => Ok(()),
                Some(Entry::Directory) => place.remove(),
                Some(other) => Err(place.refused(&describe(&other), "a folder")),
            },
            // It was there before, or it was refused.
            State::Directory | State::Other { .. } => Ok(()),
            other => Err(place.not_known(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Effect;
    use crate::testing::Site;

    fn directory() -> Effect {
        Effect::Directory(Directory { path: "srv/releases".to_owned() })
    }

    #[test]
    fn a_folder_is_made_and_removed_again() {
        let site = Site::new();
        let before = site.enact(&directory());
        assert_eq!(before, State::Absent);
        for _ in 0..2 {
            site.undo(&directory(), &before).unwrap();
            assert_eq!(site.state(&directory()), State::Absent);
        }
    }

    #[test]
    fn a_folder_that_was_there_stays() {
        let site = Site::new();
        fs::create_dir_all(site.path().join("srv/releases")).unwrap();
        let before = site.enact(&directory());
        site.undo(&directory(), &before).unwrap();
        assert_eq!(site.state(&directory()), State::Directory);
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_removed() {
        let site = Site::new();
        let before = site.enact(&directory());
        for name in ["d", "b", "a", "c"] {
            fs::write(site.path().join("srv/releases").join(name), "").unwrap();
        }
        let message = site.undo(&directory(), &before).unwrap_err().message;
        assert_eq!(message, "`srv/releases` could not be removed: the folder is not empty: `a`, `b`, `c` and 1 more");
        assert_eq!(site.state(&directory()), State::Directory);
    }

    #[test]
    fn a_file_in_its_place_is_refused_and_left() {
        let site = Site::new();
        fs::create_dir(site.path().join("srv")).unwrap();
        fs::write(site.path().join("srv/releases"), "a file").unwrap();
        let before = site.state(&directory());
        let message = "`srv/releases` is a file, not a folder; it is left as it is";
        assert_eq!(site.apply(&directory(), &before).unwrap_err().message, message);
        assert_eq!(site.undo(&directory(), &State::Absent).unwrap_err().message, message);
        assert_eq!(site.state(&directory()), before);
    }
}
