//! TLS to a server: asked for, it is there; and who is not the server is not let in.

use liftlock_journal::{Guard, PostgresStore, Store as _, StoreError};

use crate::server::Server;
use crate::support::{at, resumed, run};

fn refusal(address: &str) -> String {
    match PostgresStore::open(address, None) {
        Err(StoreError::Refused { why, .. }) => why,
        Err(other) => panic!("{address}: {other}"),
        Ok(_) => panic!("{address} was opened"),
    }
}

#[test]
fn a_server_is_believed_by_its_certificate_alone() {
    let Some(mut server) = Server::start() else { return };
    let plain = server.database();
    // What does not speak TLS is refused where it is asked for, and not spoken to in plain words.
    let asked = format!("{plain}?sslmode=require");
    assert!(refusal(&asked).contains("does not support TLS"), "{}", refusal(&asked));

    let Some((authority, other)) = server.speak_tls() else { return };
    let (authority, other) = (authority.display(), other.display());
    let by_name = plain.replace("127.0.0.1", "localhost");
    for address in [
        asked.clone(),
        format!("{asked}&sslrootcert={authority}"),
        format!("{plain}?sslmode=verify-ca&sslrootcert={authority}"),
        format!("{by_name}?sslmode=verify-full&sslrootcert={authority}"),
    ] {
        let store = PostgresStore::open(&address, None).unwrap_or_else(|error| panic!("{address}: {error}"));
        store.append(&run(1), at(0), &[resumed("ada")], Guard::Always).unwrap();
    }
    let mut client = server.client(plain.rsplit('/').next().unwrap());
    let held = PostgresStore::open(&asked, None).unwrap();
    let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
               WHERE ssl AND application_name = 'liftlock'";
    assert_eq!(client.query_one(sql, &[]).unwrap().get::<_, i64>(0), 1);
    drop(held);

    // Another name, another authority, and one that nobody has heard of.
    let not_the_name = refusal(&format!("{plain}?sslmode=verify-full&sslrootcert={authority}"));
    assert!(not_the_name.contains("certificate"), "{not_the_name}");
    for mode in ["require", "verify-ca", "verify-full"] {
        let why = refusal(&format!("{by_name}?sslmode={mode}&sslrootcert={other}"));
        assert!(why.contains("invalid peer certificate"), "{mode}: {why}");
    }
    let unknown = refusal(&format!("{by_name}?sslmode=verify-full"));
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
}
