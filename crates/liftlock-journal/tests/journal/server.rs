//! A PostgreSQL server of the tests' own: in a folder that goes away, on a port that nobody uses. The tests of the whole
//! program use this file, too.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, Config, NoTls};

/// A server that runs as long as this, or the process that made it.
pub struct Server {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
    /// A shell that ends the server and removes its folder when its standard input ends: also where this process is killed.
    guard: Option<Child>,
}

impl Server {
    /// The server that all tests of a process share; `None`, and a word about it, where there is no PostgreSQL.
    pub fn shared() -> Option<&'static Server> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Server::start).as_ref()
    }

    /// A server of one test's own; `None`, and a word about it, where there is no PostgreSQL.
    pub fn start() -> Option<Server> {
        let Some(binaries) = binaries() else {
            eprintln!("skipped: PostgreSQL is not installed here (no `initdb`)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("liftlock-pg-").tempdir().unwrap().keep();
        let mut server = Server { folder, binaries, port: free_port(), guard: None };
        if let Some((user, group)) = other_than_root() {
            std::os::unix::fs::chown(&server.folder, Some(user), Some(group)).unwrap();
        }
        let output = server
            .program("initdb")
            .args(["--auth=trust", "--username=owner", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(server.data())
            .output()
            .unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        // One user needs a password; the others are believed.
        let rules = server.data().join("pg_hba.conf");
        let text = fs::read_to_string(&rules).unwrap();
        fs::write(&rules, format!("host all guarded 127.0.0.1/32 scram-sha-256\n{text}")).unwrap();
        server.up();
        Some(server)
    }

    /// Starts the server, and waits until it answers.
    pub fn up(&mut self) {
        let script = r#"
            "$0" "$@" >> "$FOLDER/log" 2>&1 &
            echo started
            read -r word
            kill -QUIT $!
            wait
            [ "$word" = keep ] || rm -rf "$FOLDER"
        "#;
        let mut guard = self
            .program("sh")
            .arg("-c")
            .arg(script)
            .arg(self.binaries.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "max_connections=200", "-k"])
            .arg(&self.folder)
            .env("FOLDER", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        self.guard = Some(guard);
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = self.config("postgres").connect(NoTls) {
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "the server does not answer: {error}\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server at once, as a crash would.
    pub fn down(&mut self) {
        self.end("keep\n");
    }

    fn end(&mut self, word: &str) {
        if let Some(mut guard) = self.guard.take() {
            guard.stdin.take().unwrap().write_all(word.as_bytes()).unwrap();
            guard.wait().unwrap();
        }
    }

    /// A database that nobody has used yet, as an address.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.address("owner", &name)
    }

    /// Makes the server speak TLS from now on, with a certificate for `localhost` by an authority of its own. Returns the
    /// files of that authority and of another; `None`, and a word about it, where `openssl` is not there.
    pub fn speak_tls(&mut self) -> Option<(PathBuf, PathBuf)> {
        let script = r#"
            set -e
            for name in ca other; do
              openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$name" \
                -addext basicConstraints=critical,CA:TRUE -keyout $name.key -out $name.pem
            done
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
              -keyout server.key -out server.csr
            printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > server.ext
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem
            chmod 600 server.key
        "#;
        match self.program("sh").args(["-c", script]).output() {
            Ok(made) if made.status.success() => {}
            Ok(made) => {
                eprintln!("skipped: no certificates can be made here: {}", String::from_utf8_lossy(&made.stderr));
                return None;
            }
            Err(error) => panic!("sh: {error}"),
        }
        let (key, certificate) = (self.folder.join("server.key"), self.folder.join("server.pem"));
        let settings =
            format!("ssl = on\nssl_key_file = '{}'\nssl_cert_file = '{}'\n", key.display(), certificate.display());
        let file = self.data().join("postgresql.auto.conf");
        let text = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, format!("{text}{settings}")).unwrap();
        self.down();
        self.up();
        Some((self.folder.join("ca.pem"), self.folder.join("other.pem")))
    }

    pub fn address(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// A connection that is bound by none of the store's promises.
    pub fn client(&self, database: &str) -> Client {
        self.config(database).connect(NoTls).unwrap()
    }

    fn config(&self, database: &str) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user("owner").dbname(database);
        config
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A program that runs as a user whom PostgreSQL serves: it refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let beside = self.binaries.join(name);
        let mut command = Command::new(if beside.is_file() { beside } else { name.into() });
        command.current_dir(&self.folder);
        if let Some((user, group)) = other_than_root() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("");
    }
}

/// The folder of PostgreSQL's programs: on the path, or where Debian keeps them. The newest is taken.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter_map(|folder| {
        // A link leads to where the other programs are.
        fs::canonicalize(folder.join("initdb")).ok()?.parent().map(Path::to_owned)
    });
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    on_path.chain(versions.into_iter().rev()).find(|folder| is_complete(folder))
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file())
}

/// The user and group that a server runs as where the tests run as root: those that own nothing.
fn other_than_root() -> Option<(u32, u32)> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    is_root.then_some((65_534, 65_534))
}

/// A port below the range from which the system takes those of outgoing connections.
fn free_port() -> u16 {
    // A server that is down for a while must find its port again: none is given twice.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 27_000 + u16::try_from(std::process::id() % 400).unwrap() * 10;
    let first = first + NEXT.fetch_add(1, Ordering::Relaxed);
    (first..32_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
