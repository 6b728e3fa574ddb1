//! Contents under their digests.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use liftlock_journal::{BlobError, Blobs, Contents as _};
use liftlock_names::Digest;

struct Shelf {
    folder: tempfile::TempDir,
    blobs: Blobs,
}

impl Shelf {
    fn new() -> Shelf {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().join("blobs"));
        Shelf { folder, blobs }
    }

    fn content(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.path().join("blobs/sha256").join(&hex[..2]).join(&hex[2..]).join("content")
    }

    /// Files that are neither a content nor one of its names.
    fn drafts(&self) -> usize {
        let walk = fs::read_dir(self.folder.path().join("blobs/sha256")).unwrap();
        walk.filter(|entry| entry.as_ref().unwrap().path().is_file()).count()
    }
}

fn put_file(blobs: &Blobs, path: &Path) -> Result<(Digest, u64), BlobError> {
    blobs.put_from(&mut fs::File::open(path).unwrap(), path)
}

#[test]
fn what_was_put_is_found_under_its_digest_and_read_only() {
    let shelf = Shelf::new();
    let bytes = vec![7; 1_000_000];
    let file = shelf.folder.path().join("storefront.tar");
    fs::write(&file, &bytes).unwrap();
    let digest = shelf.blobs.put(&bytes).unwrap();
    assert_eq!(put_file(&shelf.blobs, &file).unwrap(), (digest, 1_000_000));
    assert_eq!(digest, Digest::of(&bytes));
    assert!(shelf.blobs.contains(&digest));
    assert_eq!(shelf.blobs.get(&digest).unwrap(), bytes);
    let mode = fs::metadata(shelf.content(&digest)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
    assert_eq!(shelf.drafts(), 0);
}

#[test]
fn a_content_can_be_had_under_a_name() {
    let shelf = Shelf::new();
    let digest = shelf.blobs.put(b"tar").unwrap();
    for _ in 0..2 {
        let path = shelf.blobs.path(&digest, "storefront-1.2.0.tar").unwrap();
        assert!(path.ends_with("storefront-1.2.0.tar"));
        assert_eq!(fs::read(path).unwrap(), b"tar");
    }
    assert_eq!(shelf.blobs.path(&digest, "content").unwrap(), shelf.content(&digest));
}

#[test]
fn no_name_leads_out_of_the_folder_of_its_content() {
    let shelf = Shelf::new();
    let digest = shelf.blobs.put(b"tar").unwrap();
    let folder = shelf.content(&digest).parent().unwrap().to_owned();
    let long = "ä".repeat(300);
    for name in ["", ".", "..", "../../x", "/etc/passwd", "a\0b", "a\nb", "..\\x", long.as_str()] {
        let path = shelf.blobs.path(&digest, name).unwrap();
        assert_eq!(path.parent(), Some(folder.as_path()), "{name}");
        assert_eq!(fs::read(path).unwrap(), b"tar", "{name}");
    }
}

#[test]
fn what_is_not_there_is_missing() {
    let shelf = Shelf::new();
    let digest = Digest::of(b"never put");
    assert!(!shelf.blobs.contains(&digest));
    assert!(matches!(shelf.blobs.get(&digest), Err(BlobError::Missing { .. })));
    assert!(matches!(shelf.blobs.path(&digest, "x"), Err(BlobError::Missing { .. })));
}

#[test]
fn a_content_that_was_changed_on_disk_is_noticed_and_mended_by_putting_it_again() {
    let shelf = Shelf::new();
    let digest = shelf.blobs.put(b"tar").unwrap();
    fs::remove_file(shelf.content(&digest)).unwrap();
    fs::write(shelf.content(&digest), b"rat").unwrap();
    let found = Digest::of(b"rat");
    let is_changed = |error| matches!(error, BlobError::Changed { found: f, .. } if f == found);
    assert!(is_changed(shelf.blobs.get(&digest).unwrap_err()));
    assert!(is_changed(shelf.blobs.path(&digest, "x").unwrap_err()));
    shelf.blobs.put(b"tar").unwrap();
    assert_eq!(shelf.blobs.get(&digest).unwrap(), b"tar");
}

#[test]
fn a_name_that_stands_for_something_else_by_now_is_put_right() {
    let shelf = Shelf::new();
    let digest = shelf.blobs.put(b"tar").unwrap();
    let elsewhere = shelf.folder.path().join("elsewhere");
    fs::write(&elsewhere, "tar").unwrap();
    let named = shelf.blobs.path(&digest, "x").unwrap();
    fs::remove_file(&named).unwrap();
    fs::write(&named, "rat").unwrap();
    assert_eq!(fs::read(shelf.blobs.path(&digest, "x").unwrap()).unwrap(), b"tar");
    fs::remove_file(&named).unwrap();
    symlink(&elsewhere, &named).unwrap();
    assert!(!shelf.blobs.path(&digest, "x").unwrap().is_symlink());
    assert_eq!(fs::read(&elsewhere).unwrap(), b"tar");
}

#[test]
fn many_writers_of_one_content_do_not_disturb_each_other() {
    let shelf = Shelf::new();
    let bytes = vec![1; 300_000];
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let digest = shelf.blobs.put(&bytes).unwrap();
                assert_eq!(shelf.blobs.get(&digest).unwrap(), bytes);
                let path = shelf.blobs.path(&digest, "storefront.tar").unwrap();
                assert_eq!(fs::read(path).unwrap(), bytes);
            });
        }
    });
    assert_eq!(shelf.drafts(), 0);
}

#[test]
fn a_store_that_cannot_be_written_and_a_file_that_cannot_be_read_are_named() {
    let shelf = Shelf::new();
    let file = shelf.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = Blobs::new(file.join("blobs"));
    assert!(matches!(below.put(b"tar"), Err(BlobError::Io { .. })));
    let folder = shelf.folder.path();
    assert!(matches!(put_file(&shelf.blobs, folder), Err(BlobError::Io { path, .. }) if path == folder));
    assert_eq!(shelf.drafts(), 0);
}
