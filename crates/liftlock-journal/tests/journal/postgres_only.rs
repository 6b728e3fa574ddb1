//! A server is not a file: it goes away and comes back, others use it, and it lets in only whom it knows.

use std::time::Duration;

use liftlock_journal::{Guard, PostgresStore, Query, Store as _, StoreError, Verification};

use crate::server::Server;
use crate::severed::{Cut, Severed};
use crate::support::{at, resumed, run};

/// A server and an unused database, where there is PostgreSQL.
fn place() -> Option<(&'static Server, String)> {
    Server::shared().map(|server| (server, server.database()))
}

fn open(address: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(address, None)
}

fn database(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

fn is_refused(result: Result<impl Sized, StoreError>, says: &str) -> bool {
    matches!(result, Err(StoreError::Refused { why, .. }) if why.contains(says))
}

#[test]
fn reading_makes_no_journal() {
    let Some((server, address)) = place() else { return };
    assert!(PostgresStore::open_existing(&address, None).unwrap().is_none());
    let row = server.client(database(&address)).query_one("SELECT to_regnamespace('liftlock') IS NULL", &[]);
    assert!(row.unwrap().get::<_, bool>(0));
    open(&address).unwrap().append(&run(1), at(0), &[resumed("ada")], Guard::Head(0)).unwrap();
    let store = PostgresStore::open_existing(&address, None).unwrap().unwrap();
    assert_eq!(store.head().unwrap(), 1);
}

#[test]
fn a_journal_of_a_newer_format_or_without_its_tables_is_left_alone() {
    let Some((server, address)) = place() else { return };
    drop(open(&address).unwrap());
    let mut client = server.client(database(&address));
    client.batch_execute("UPDATE liftlock.journal SET format = 7").unwrap();
    let result = open(&address);
    assert!(matches!(result, Err(StoreError::Newer { found: 7, known: 1, .. })), "{result:?}");
    client.batch_execute("UPDATE liftlock.journal SET format = 1; DROP TABLE liftlock.leases").unwrap();
    assert!(matches!(open(&address), Err(StoreError::Damaged { .. })));
}

#[test]
fn whoever_may_only_read_reads_and_is_told_before_a_run_begins() {
    let Some((server, address)) = place() else { return };
    open(&address).unwrap().append(&run(1), at(0), &[resumed("ada")], Guard::Always).unwrap();
    let database = database(&address);
    let reader = format!("{database}_reader");
    let sql = format!(
        "CREATE ROLE {reader} LOGIN; GRANT USAGE ON SCHEMA liftlock TO {reader};
         GRANT SELECT ON ALL TABLES IN SCHEMA liftlock TO {reader}"
    );
    server.client(database).batch_execute(&sql).unwrap();
    let address = server.address(&reader, database);
    let store = PostgresStore::open_existing(&address, None).unwrap().unwrap();
    assert_eq!(store.read(&Query::default()).unwrap().len(), 1);
    assert!(is_refused(store.append(&run(1), at(0), &[resumed("ada")], Guard::Always), "denied"));
    assert!(is_refused(open(&address), "may not write"));
}

#[test]
fn a_journal_is_made_in_a_schema_that_was_made_for_a_user_who_may_make_none() {
    let Some((server, address)) = place() else { return };
    let database = database(&address);
    let user = format!("{database}_user");
    let sql = format!("CREATE ROLE {user} LOGIN; CREATE SCHEMA liftlock AUTHORIZATION {user}");
    server.client(database).batch_execute(&sql).unwrap();
    let store = open(&server.address(&user, database)).unwrap();
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(0)).unwrap();
    let other = format!("{database}_other");
    server.client("postgres").batch_execute(&format!("CREATE ROLE {other} LOGIN")).unwrap();
    assert!(is_refused(open(&server.address(&other, database)), "denied"));
}

#[test]
fn passwords_databases_and_encodings_are_refused_with_the_reason() {
    let Some((server, address)) = place() else { return };
    let mut client = server.client("postgres");
    client.batch_execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 's3cret'").unwrap();
    let sql = "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0";
    client.batch_execute(sql).unwrap();
    let guarded = server.address("guarded", database(&address));
    assert!(is_refused(PostgresStore::open(&guarded, Some("guess")), "password"));
    assert!(is_refused(PostgresStore::open(&guarded, None), "password"));
    drop(PostgresStore::open(&guarded, Some("s3cret")).unwrap());
    assert!(is_refused(open(&server.address("owner", "nowhere")), "nowhere"));
    assert!(is_refused(open(&server.address("owner", "latin")), "UTF-8"));
}

#[test]
fn a_server_that_is_not_there_is_reported_at_once() {
    let began = std::time::Instant::now();
    let result = open("postgres://ada@127.0.0.1:1/releases");
    assert!(matches!(result, Err(StoreError::Unreachable { .. })), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_session_that_the_server_ends_is_made_again_unseen() {
    let Some((server, address)) = place() else { return };
    let store = open(&address).unwrap();
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(0)).unwrap();
    let sql =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", database(&address));
    for head in 1..4 {
        server.client("postgres").batch_execute(&sql).unwrap();
        store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(head)).unwrap();
    }
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: 4 });
}

#[test]
fn a_server_that_crashes_and_comes_back_has_lost_nothing_that_was_acknowledged() {
    let Some(mut server) = Server::start() else { return };
    let address = server.database();
    let store = open(&address).unwrap();
    let acknowledged = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let append = |_| store.append(&run(1), at(0), &[resumed("ada")], Guard::Always).unwrap()[0].sequence;
            (0..2000).map(append).collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(300));
        server.down();
        server.up();
        writer.join().unwrap()
    });
    assert_eq!(acknowledged, (1..=2000).collect::<Vec<_>>());
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: 2000 });

    // One that stays away is reported, and nothing is said to be kept.
    server.down();
    let result = store.append(&run(1), at(0), &[resumed("ada")], Guard::Always);
    assert!(matches!(result, Err(StoreError::Unreachable { .. })), "{result:?}");
    server.up();
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(2000)).unwrap();
}

#[test]
fn a_commit_whose_answer_was_lost_is_neither_lost_nor_repeated() {
    let Some((server, address)) = place() else { return };
    for (index, cut) in [Cut::BeforeCommit, Cut::AfterCommit].into_iter().enumerate() {
        let way = Severed::new(server.port(), cut);
        let through = address.replace(&format!(":{}/", server.port()), &format!(":{}/", way.port()));
        // Opened before the way is cut: making the tables is a commit as well.
        let store = open(&through).unwrap();
        way.arm();
        let head = index as u64 * 2;
        let events = [resumed("ada"), resumed("grace")];
        let records = store.append(&run(1), at(0), &events, Guard::Head(head)).unwrap();
        assert!(way.was_cut());
        assert_eq!(records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [head + 1, head + 2], "{cut:?}");
        assert_eq!(store.head().unwrap(), head + 2, "{cut:?}");
    }
    assert_eq!(open(&address).unwrap().verify().unwrap(), Verification::Whole { records: 4 });
}

#[test]
fn the_store_is_used_from_within_a_runtime_as_the_engine_does() {
    let Some((_, address)) = place() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = open(&address).unwrap();
        store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(0)).unwrap();
    });
}
