//! `link`: a symbolic link.

use std::path::Path;

use liftlock_journal::{Failure, State};

use crate::place::{Place, describe};
use crate::{Context, Entry, Observed};

/// A symbolic link, replaced atomically. The target is written as it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub path: String,
    pub target: String,
}

impl Link {
    pub(crate) fn observe(&self, context: &Context<'_>) -> Observed {
        let place = Place::new(context, &self.path);
        let state = match place.entry() {
            Ok(None) => State::Absent,
            Ok(Some(Entry::Link { target })) => match target.into_os_string().into_string() {
                Ok(target) => State::Link { target },
                // It could not be restored as it was.
                Err(_) => State::Other { what: "a link whose target is not valid UTF-8".to_owned() },
            },
            Ok(Some(other)) => State::Other { what: describe(&other) },
            Err(error) => place.unknown(&error),
        };
        Observed { state, content: None }
    }

    pub(crate) fn desired(&self) -> State {
        State::Link { target: self.target.clone() }
    }

    pub(crate) fn apply(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::Absent | State::Link { .. } => {}
            State::Other { what } => return Err(place.refused(what, "a link")),
            other => return Err(place.not_known(other)),
        }
        own(&place)?;
        point(&place, &self.target)
    }

    pub(crate) fn undo(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::Link { target } => {
                own(&place)?;
                point(&place, target)
            }
            State::Absent => {
                own(&place)?;
                place.remove()
            }
            // It was refused, and nothing was changed.
            State::Other { .. } => Ok(()),
            other => Err(place.not_known(other)),
        }
    }
}

/// Nothing but a link is replaced or removed, whatever has come to stand there since it was observed.
fn own(place: &Place<'_>) -> Result<(), Failure> {
    match place.checked_entry()? {
        None | Some(Entry::Link { .. }) => Ok(()),
        Some(other) => Err(place.refused(&describe(&other), "a link")),
    }
}

fn point(place: &Place<'_>, target: &str) -> Result<(), Failure> {
    place.world.link(&place.path, Path::new(target)).map_err(|error| place.failed("could not be linked", &error))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Effect;
    use crate::testing::Site;

    fn link(target: &str) -> Effect {
        Effect::Link(Link { path: "srv/current".to_owned(), target: target.to_owned() })
    }

    #[test]
    fn a_link_is_made_replaced_and_put_back() {
        let site = Site::new();
        let first = site.enact(&link("releases/1"));
        assert_eq!(first, State::Absent);
        let second = site.enact(&link("releases/2"));
        assert_eq!(second, State::Link { target: "releases/1".to_owned() });

        site.undo(&link("releases/2"), &second).unwrap();
        assert_eq!(site.state(&link("releases/2")), second);
        site.undo(&link("releases/1"), &first).unwrap();
        assert_eq!(site.state(&link("releases/1")), first);
        site.undo(&link("releases/1"), &first).unwrap();
        assert_eq!(fs::read_dir(site.path().join("srv")).unwrap().count(), 0);
    }

    #[test]
    fn a_link_to_a_folder_is_replaced_and_not_entered() {
        let site = Site::new();
        fs::create_dir_all(site.path().join("srv/releases/1")).unwrap();
        site.enact(&link("releases/1"));
        site.enact(&link("releases/2"));
        assert_eq!(fs::read_dir(site.path().join("srv/releases/1")).unwrap().count(), 0);
    }

    #[test]
    fn a_file_or_a_folder_in_its_place_is_refused_and_left() {
        let site = Site::new();
        let path = site.path().join("srv/current");
        let refused = |message: &str| {
            let state = site.state(&link("x"));
            assert_eq!(site.apply(&link("x"), &state).unwrap_err().message, message);
            // Also where it came there after it was observed.
            assert_eq!(site.apply(&link("x"), &State::Absent).unwrap_err().message, message);
            assert_eq!(site.undo(&link("x"), &State::Absent).unwrap_err().message, message);
            assert_eq!(site.state(&link("x")), state);
        };
        fs::create_dir_all(&path).unwrap();
        refused("`srv/current` is a folder, not a link; it is left as it is");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        refused("`srv/current` is a file, not a link; it is left as it is");
    }
}
