//! `std/postgres`, with a PostgreSQL of its own on loopback.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::site::{eventually, have, shell, site};
use crate::project::{Project, free_port};

const SQL: &[(&str, &str)] = &[
    ("1.up.sql", "create table people (id serial primary key, name text, age int);"),
    ("1.down.sql", "drop table people;"),
    ("2.up.sql", "insert into people (name, age) values ('ada', 36), ('grace', 85)"),
    ("2.down.sql", "delete from people;"),
    ("3.up.sql", "alter table people add city text;"),
    ("3.down.sql", "alter table people drop city;"),
    ("4.up.sql", "create table half (done int); select nonsense;"),
    ("4.down.sql", "drop table half;"),
    ("mail.sql", "alter table people add mail text;"),
    ("no-mail.sql", "alter table people drop mail;"),
    ("no-age.sql", "alter table people drop age;"),
];

struct Postgres {
    site: Project,
    port: u16,
    user: String,
    server: Option<Child>,
}

/// Where Debian, and everybody else, has the server.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let folders = folders.into_iter().rev().chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    folders.into_iter().find(|folder| folder.join("initdb").is_file())
}

impl Postgres {
    fn start() -> Option<Self> {
        let Some(programs) = programs().filter(|_| have(&["psql", "pg_isready", "pg_dump", "setpriv"])) else {
            eprintln!("skipped: there is no PostgreSQL on this machine");
            return None;
        };
        let mut postgres = Postgres { site: site("postgres"), port: free_port(), user: String::new(), server: None };
        let site = &postgres.site;
        for (name, text) in SQL {
            site.write(&format!("sql/{name}"), text);
        }
        // The server refuses to run as root.
        let is_root = shell(site, "id -u").trim() == "0";
        shell(site, "mkdir srv/data; chmod 0711 . srv");
        if is_root {
            shell(site, "chown postgres srv/data");
        }
        let run = |program: &Path, arguments: &[&str]| {
            let mut command = if is_root {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
                command
            } else {
                Command::new(program)
            };
            command.args(arguments).current_dir(site.path("srv/data")).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let data = site.path("srv/data").to_str().unwrap().to_owned();
        let initialised = run(&programs.join("initdb"), &["-D", &data, "-A", "trust", "-U", "liftlock", "-N"]).status();
        assert!(initialised.unwrap().success(), "initdb");
        let port = postgres.port.to_string();
        let options = ["-D", &data, "-p", &port, "-k", &data, "-h", "127.0.0.1", "-c", "fsync=off"];
        let server = run(&programs.join("postgres"), &options).spawn().unwrap();
        postgres.server = Some(server);
        postgres.user = "liftlock".to_owned();
        eventually("postgres answers", || {
            Command::new("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port]).status().unwrap().success()
        });
        Some(postgres)
    }

    fn psql(&self) -> String {
        format!("psql -XAtq -v ON_ERROR_STOP=1 -h 127.0.0.1 -p {} -U {} postgres", self.port, self.user)
    }

    /// All that is in the data base, but for the comments and the key that makes each dump another one.
    fn state(&self) -> String {
        let dump = format!("pg_dump -h 127.0.0.1 -p {} -U {} postgres", self.port, self.user);
        shell(&self.site, &format!("{dump} | grep -v -e '^--' -e '^.restrict' -e '^.unrestrict'"))
    }

    fn release(&self, inputs: &[&str], code: i32) -> String {
        let reached = ["host=127.0.0.1".to_owned(), format!("port={}", self.port), format!("user={}", self.user)];
        let mut arguments = vec!["run", "postgres", "--yes"];
        arguments.extend(
            reached.iter().map(String::as_str).chain(inputs.iter().copied()).flat_map(|input| ["--set", input]),
        );
        self.site.liftlock(&arguments).expect(code).stdout
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        // The fast shutdown; SIGKILL would leave its shared memory behind.
        let pid = rustix::process::Pid::from_child(&server);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = server.wait();
    }
}

#[test]
fn a_schema_goes_up_and_down_to_exactly_where_it_was() {
    let Some(postgres) = Postgres::start() else { return };
    let before = postgres.state();
    postgres.release(&[], 0);
    assert_eq!(shell(&postgres.site, &format!("{} -c 'select version from schema_version'", postgres.psql())), "3\n");
    let again = postgres.release(&[], 0);
    assert!(again.contains("nothing to do"), "{again}");
    postgres.site.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(postgres.state(), before);
}

#[test]
fn a_migration_that_fails_half_way_leaves_nothing_behind() {
    let Some(postgres) = Postgres::start() else { return };
    let before = postgres.state();
    let ended = postgres.release(&["to=4"], 1);
    assert!(ended.contains("nonsense") && ended.contains("is restored"), "{ended}");
    assert_eq!(postgres.state(), before);
    // Nor does what fails behind one.
    let ended = postgres.release(&["broken=true"], 1);
    assert!(ended.contains("is restored"), "{ended}");
    assert_eq!(postgres.state(), before);
}

#[test]
fn what_waits_for_a_lock_gives_up_and_a_contraction_that_did_is_no_point_of_no_return() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.release(&[], 0);
    let before = postgres.state();
    let mut holder = Command::new("bash")
        .args([
            "-c",
            &format!(
                "exec {} -c 'begin; lock table people in access share mode; select pg_sleep(60)'",
                postgres.psql()
            ),
        ])
        .spawn()
        .unwrap();
    let locked =
        format!("{} -c \"select count(*) from pg_locks where relation = 'people'::regclass\"", postgres.psql());
    eventually("the table is locked", || shell(&postgres.site, &locked) == "1\n");
    let ended = postgres.release(&["contract=true"], 1);
    let _ = holder.kill();
    let _ = holder.wait();
    let ending = format!(
        "{} -c \"select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()\"",
        postgres.psql()
    );
    shell(&postgres.site, &ending);
    assert!(ended.contains("lock timeout") && ended.contains("is restored"), "{ended}");
    assert_eq!(postgres.state(), before);

    let ended = postgres.release(&["contract=true"], 0);
    assert!(ended.contains("is released"), "{ended}");
    assert!(!postgres.state().contains("age integer"), "{}", postgres.state());
}
