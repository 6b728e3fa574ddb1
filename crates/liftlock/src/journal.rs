//! Where the journal is: a file on this machine, or an address at which several machines find it.
//!
//! Whatever can be given by `--store` is a path, and one that begins as an address does is an address.

use std::path::Path;

use liftlock_journal::{SqliteStore, Store, StoreError};

/// Opens the journal at a path or an address; makes it where `create` says so.
///
/// # Errors
/// What keeps it from being opened.
pub fn open_store(place: &Path, create: bool) -> Result<Option<Box<dyn Store>>, StoreError> {
    if let Some(address) = address(place) {
        return open_at(address, create);
    }
    if create {
        return Ok(Some(Box::new(SqliteStore::open(place)?)));
    }
    Ok(SqliteStore::open_existing(place)?.map(|store| Box::new(store) as Box<dyn Store>))
}

/// The address of a server, if this is one.
pub fn address(place: &Path) -> Option<&str> {
    let is_address = |text: &&str| text.starts_with("postgres://") || text.starts_with("postgresql://");
    place.to_str().filter(is_address)
}

#[cfg(feature = "postgres")]
fn open_at(address: &str, create: bool) -> Result<Option<Box<dyn Store>>, StoreError> {
    use liftlock_journal::PostgresStore;
    // An address stands in lists of processes and in files; a password need not.
    let password = std::env::var("PGPASSWORD").ok();
    if create {
        return Ok(Some(Box::new(PostgresStore::open(address, password.as_deref())?)));
    }
    let store = PostgresStore::open_existing(address, password.as_deref())?;
    Ok(store.map(|store| Box::new(store) as Box<dyn Store>))
}

#[cfg(not(feature = "postgres"))]
fn open_at(_: &str, _: bool) -> Result<Option<Box<dyn Store>>, StoreError> {
    // What could be shown of the address may hold a password.
    let (address, why) = ("postgres://".to_owned(), "this liftlock was built without PostgreSQL".to_owned());
    Err(StoreError::Refused { address, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_as_an_address_is_one() {
        for (place, is_address) in [
            ("postgres://ada@db/releases", true),
            ("postgresql:///releases?host=/run/postgresql", true),
            (".liftlock/journal.db", false),
            ("postgres", false),
            ("./postgres://x", false),
        ] {
            assert_eq!(address(Path::new(place)).is_some(), is_address, "{place}");
        }
    }
}
