//! `file`: a file with a content.

use liftlock_journal::{Failure, State};
use liftlock_names::Digest;

use crate::place::{Place, describe, failure};
use crate::{Context, Entry, Observed};

/// The permission bits of a file that nobody has said any for.
const DEFAULT_MODE: u32 = 0o644;

/// A file, written atomically.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEffect {
    pub path: String,
    pub content: String,
    /// Permission bits; where there is none, those of the file that is there, or 0644.
    pub mode: Option<u32>,
}

impl FileEffect {
    pub(crate) fn observe(&self, context: &Context<'_>) -> Observed {
        let place = Place::new(context, &self.path);
        let state = match place.entry() {
            Ok(None) => State::Absent,
            Ok(Some(Entry::File { mode, .. })) => match place.world.read(&place.path) {
                Ok(content) => {
                    let state = State::File { digest: Digest::of(&content), bytes: content.len() as u64, mode };
                    return Observed { state, content: Some(content) };
                }
                Err(error) => place.unknown(&error),
            },
            Ok(Some(other)) => State::Other { what: describe(&other) },
            Err(error) => place.unknown(&error),
        };
        Observed { state, content: None }
    }

    pub(crate) fn desired(&self, before: &State) -> State {
        let content = self.content.as_bytes();
        State::File { digest: Digest::of(content), bytes: content.len() as u64, mode: self.mode_after(before) }
    }

    fn mode_after(&self, before: &State) -> u32 {
        match (self.mode, before) {
            (Some(mode), _) => mode & 0o7777,
            (None, State::File { mode, .. }) => *mode,
            (None, _) => DEFAULT_MODE,
        }
    }

    pub(crate) fn keep(&self, context: &Context<'_>, observed: &Observed) -> Result<(), Failure> {
        let State::File { digest, .. } = &observed.state else {
            return Ok(());
        };
        let Some(content) = &observed.content else {
            return Err(failure(format!("the content of `{}` was observed but not read, which is a bug", self.path)));
        };
        let kept = context.blobs.put(content);
        let kept =
            kept.map_err(|error| failure(format!("the content of `{}` could not be kept: {error}", self.path)))?;
        if kept != *digest {
            return Err(failure(format!("what was kept of `{}` is not what was observed", self.path)));
        }
        Ok(())
    }

    pub(crate) fn apply(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::Absent | State::File { .. } => {}
            State::Other { what } => return Err(place.refused(what, "a file")),
            other => return Err(place.not_known(other)),
        }
        own(&place)?;
        write(&place, self.content.as_bytes(), self.mode_after(before))
    }

    pub(crate) fn undo(&self, context: &Context<'_>, before: &State) -> Result<(), Failure> {
        let place = Place::new(context, &self.path);
        match before {
            State::File { digest, mode, .. } => {
                own(&place)?;
                let content = context.blobs.get(digest);
                let content = content.map_err(|error| {
                    failure(format!("the earlier content of `{}` cannot be had: {error}", self.path))
                })?;
                write(&place, &content, *mode)
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

/// Nothing but a file is replaced or removed, whatever has come to stand there since it was observed.
fn own(place: &Place<'_>) -> Result<(), Failure> {
    match place.checked_entry()? {
        None | Some(Entry::File { .. }) => Ok(()),
        Some(other) => Err(place.refused(&describe(&other), "a file")),
    }
}

fn write(place: &Place<'_>, content: &[u8], mode: u32) -> Result<(), Failure> {
    place.world.write(&place.path, content, mode).map_err(|error| place.failed("could not be written", &error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;
    use crate::Effect;
    use crate::testing::Site;

    fn file(mode: Option<u32>) -> Effect {
        Effect::File(FileEffect { path: "etc/shop.toml".to_owned(), content: "workers = 4\n".to_owned(), mode })
    }

    /// A site with the file that is to be replaced.
    fn site() -> Site {
        let site = Site::new();
        let path = site.path().join("etc/shop.toml");
        fs::create_dir(site.path().join("etc")).unwrap();
        fs::write(&path, "workers = 2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        site
    }

    fn names(site: &Site) -> Vec<String> {
        let folder = fs::read_dir(site.path().join("etc")).unwrap();
        folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_new_file_is_made_with_its_folder_and_removed_again() {
        let site = Site::new();
        let effect = file(None);
        let before = site.enact(&effect);
        assert_eq!(before, State::Absent);
        assert_eq!(names(&site), ["shop.toml"]);
        assert_eq!(fs::metadata(site.path().join("etc/shop.toml")).unwrap().mode() & 0o7777, 0o644);
        site.undo(&effect, &before).unwrap();
        assert_eq!(site.state(&effect), State::Absent);
        site.undo(&effect, &before).unwrap();
    }

    #[test]
    fn an_old_file_gets_its_content_and_its_mode_back() {
        for (mode, after) in [(None, 0o640), (Some(0o600), 0o600), (Some(0o4755), 0o4755)] {
            let site = site();
            let before = site.enact(&file(mode));
            let path = site.path().join("etc/shop.toml");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, after);
            site.undo(&file(mode), &before).unwrap();
            assert_eq!(site.state(&file(mode)), before);
            assert_eq!(fs::read_to_string(&path).unwrap(), "workers = 2\n");
            assert_eq!(names(&site), ["shop.toml"]);
        }
    }

    #[test]
    fn an_undo_of_what_was_not_yet_done_changes_nothing() {
        let site = site();
        let observed = site.observe(&file(None));
        site.with(async |context| file(None).keep(context, &observed)).0.unwrap();
        site.undo(&file(None), &observed.state).unwrap();
        assert_eq!(site.state(&file(None)), observed.state);
    }

    #[test]
    fn the_owner_stays() {
        let site = site();
        let path = site.path().join("etc/shop.toml");
        // Only a superuser can make a file of somebody else's to try it with.
        if std::os::unix::fs::chown(&path, Some(4321), Some(1234)).is_err() {
            return;
        }
        site.enact(&file(None));
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (4321, 1234));
    }

    #[test]
    fn what_is_no_file_is_refused_and_left() {
        let site = site();
        let path = site.path().join("etc/shop.toml");
        fs::remove_file(&path).unwrap();
        let refused = |message: &str| {
            let state = site.state(&file(None));
            assert_eq!(site.apply(&file(None), &state).unwrap_err().message, message);
            // Also where it came there after it was observed.
            assert_eq!(site.apply(&file(None), &State::Absent).unwrap_err().message, message);
            assert_eq!(site.undo(&file(None), &State::Absent).unwrap_err().message, message);
            site.undo(&file(None), &state).unwrap();
            assert_eq!(site.state(&file(None)), state);
        };
        symlink("elsewhere", &path).unwrap();
        refused("`etc/shop.toml` is a link to `elsewhere`, not a file; it is left as it is");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused("`etc/shop.toml` is a folder, not a file; it is left as it is");
    }

    #[test]
    fn what_is_kept_must_be_what_was_observed() {
        let site = site();
        let mut observed = site.observe(&file(None));
        observed.content = Some(b"workers = 3\n".to_vec());
        let failure = site.with(async |context| file(None).keep(context, &observed)).0.unwrap_err();
        assert_eq!(failure.message, "what was kept of `etc/shop.toml` is not what was observed");
    }

    #[test]
    fn a_failure_leaves_the_old_content_and_nothing_else() {
        let site = Site::new();
        fs::write(site.path().join("etc"), "a file in the way").unwrap();
        assert_eq!(site.state(&file(None)), State::Absent);
        let failure = site.apply(&file(None), &State::Absent).unwrap_err();
        assert!(failure.message.starts_with("`etc/shop.toml` could not be written: "), "{}", failure.message);
        assert_eq!(fs::read_dir(site.path()).unwrap().count(), 1);
        site.undo(&file(None), &State::Absent).unwrap();
    }

    #[test]
    fn a_state_that_is_not_known_is_not_written_over() {
        let site = site();
        let before = State::Unknown { why: "permission denied".to_owned() };
        let message = "what stood at `etc/shop.toml` is not known: permission denied";
        assert_eq!(site.apply(&file(None), &before).unwrap_err().message, message);
        assert_eq!(site.undo(&file(None), &before).unwrap_err().message, message);
    }
}
