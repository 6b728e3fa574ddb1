//! The tables of a journal: made on first use, and recognised by their version.

use postgres::types::Type;
use postgres::{Client, GenericClient};

use super::failure;
use super::line;
use crate::StoreError;

/// The format of the tables that this program writes, and the newest that it reads.
const FORMAT: i32 = 1;

/// The triggers keep also those from changing records who reach the tables by other ways. The text of a record is kept
/// as text and not as JSON, because its very bytes are what was hashed.
const TABLES: &str = "
CREATE TABLE liftlock.journal (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    format INTEGER NOT NULL
);
CREATE TABLE liftlock.records (
    sequence BIGINT PRIMARY KEY,
    run TEXT NOT NULL,
    at TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX records_by_run ON liftlock.records (run, sequence);
CREATE FUNCTION liftlock.records_are_added_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.sequence IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) + 1 FROM liftlock.records) THEN
        RAISE EXCEPTION 'records are only ever added at the end';
    END IF;
    RETURN new;
END $$;
CREATE FUNCTION liftlock.records_are_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'records are never changed or deleted';
END $$;
CREATE TRIGGER records_are_added_at_the_end BEFORE INSERT ON liftlock.records
FOR EACH ROW EXECUTE FUNCTION liftlock.records_are_added_at_the_end();
CREATE TRIGGER records_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON liftlock.records
FOR EACH STATEMENT EXECUTE FUNCTION liftlock.records_are_never_changed();
CREATE TABLE liftlock.leases (
    lock TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    token BIGINT NOT NULL,
    until BIGINT
);
";

/// Whether there is a journal, and one that this program knows.
pub(super) fn is_there(address: &str, client: &mut impl GenericClient) -> Result<bool, StoreError> {
    let fault = |error| failure::of(address, &error);
    // By the tables of the server: what it would say of a name may be what it knew before another made the journal.
    let sql =
        "SELECT relname::text FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace space ON space.oid = relnamespace
               WHERE nspname = 'liftlock' AND relname IN ('journal', 'records', 'leases')";
    let rows = client.query_typed(sql, &[]).map_err(fault)?;
    let tables = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<&str>, _>>().map_err(fault)?;
    if !tables.contains(&"journal") {
        return Ok(false);
    }
    let damaged = |why: &str| StoreError::Damaged { path: address.into(), why: why.to_owned() };
    let row = client.query_typed_opt("SELECT format FROM liftlock.journal", &[]).map_err(fault)?;
    let row = row.ok_or_else(|| damaged("it does not say which format it has"))?;
    let found: i32 = row.try_get(0).map_err(fault)?;
    if found > FORMAT {
        let (found, known) = (found.unsigned_abs(), FORMAT.unsigned_abs());
        return Err(StoreError::Newer { path: address.into(), found, known });
    }
    if tables.len() < 3 {
        return Err(damaged("its tables are missing"));
    }
    Ok(true)
}

/// Sees to it that there is a journal that may be written to. Where another process is quicker, its journal stays.
pub(super) fn make(address: &str, client: &mut Client) -> Result<(), StoreError> {
    let fault = |error| failure::of(address, &error);
    let refused = |why: &str| StoreError::Refused { address: address.to_owned(), why: why.to_owned() };
    if !is_there(address, client)? {
        let mut transaction = line::begin(client).map_err(fault)?;
        if !is_there(address, &mut transaction)? {
            let encoding = "SELECT pg_catalog.current_setting('server_encoding')";
            let encoding = transaction.query_typed_one(encoding, &[]).map_err(fault)?;
            if encoding.try_get::<_, &str>(0).map_err(fault)? != "UTF8" {
                return Err(refused("its database is not in UTF-8; make one with `ENCODING 'UTF8'`"));
            }
            // Where the schema was made for this user, who may make none, it is used.
            let sql = "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'liftlock')";
            if transaction.query_typed_one(sql, &[]).and_then(|row| row.try_get(0)).map_err(fault)? {
                transaction.batch_execute("CREATE SCHEMA liftlock").map_err(fault)?;
            }
            transaction.batch_execute(TABLES).map_err(fault)?;
            let sql = "INSERT INTO liftlock.journal (format) VALUES ($1)";
            transaction.execute_typed(sql, &[(&FORMAT, Type::INT4)]).map_err(fault)?;
        }
        transaction.commit().map_err(fault)?;
    }
    let sql = "SELECT pg_catalog.pg_is_in_recovery(),
               pg_catalog.has_table_privilege('liftlock.records', 'SELECT, INSERT')
               AND pg_catalog.has_table_privilege('liftlock.leases', 'INSERT')
               AND pg_catalog.has_table_privilege('liftlock.leases', 'UPDATE')";
    let row = client.query_typed_one(sql, &[]).map_err(fault)?;
    if row.try_get(0).map_err(fault)? {
        return Err(refused("the server is a copy that is only read; name the one that is written to"));
    }
    if !row.try_get(1).map_err(fault)? {
        return Err(refused("this user may not write to the tables in its schema `liftlock`"));
    }
    Ok(())
}
