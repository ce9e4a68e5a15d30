//! Redis servers on loopback, in temporary folders, which end with the test that started them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bankezy_test_support::vacant;

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// The server program: that of `BANKEZY_FLEET_SERVER`, or one that is installed. Without one the tests say so and pass,
/// but in CI they fail.
pub(crate) fn program() -> Option<String> {
    let runs = |program: &String| {
        let version = Command::new(program).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    if let Ok(program) = std::env::var("BANKEZY_FLEET_SERVER") {
        assert!(runs(&program), "{program} is no server that runs here");
        return Some(program);
    }
    let found = PROGRAMS.map(str::to_owned).into_iter().find(runs);
    if found.is_none() {
        let message = "no redis-server and no valkey-server is installed";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
    }
    found
}

pub(crate) struct Redis {
    child: Child,
    folder: Folder,
    pub(crate) address: SocketAddr,
    program: String,
    arguments: Vec<String>,
    tls: Option<String>,
}

impl Redis {
    /// A server without persistence. `None` if none is installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Option<Self> {
        let folder = Folder::new("redis");
        Self::launch(program()?, folder, arguments, None)
    }

    /// Listens with TLS alone, under a certificate for 127.0.0.1 that is made now.
    pub(crate) fn start_with_tls() -> Option<Self> {
        Self::start_with_tls_as("127.0.0.1", None)
    }

    /// Under a certificate for this host. Clients have to show one of these certificates, if any are given.
    pub(crate) fn start_with_tls_as(host: &str, clients: Option<&str>) -> Option<Self> {
        let program = program()?;
        if !has_tls(&program) {
            eprintln!("skipped: {program} was built without TLS");
            return None;
        }
        let folder = Folder::new("redis-tls");
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let pem = made.cert.pem();
        fs::write(folder.0.join("cert.pem"), &pem).unwrap();
        fs::write(folder.0.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::write(folder.0.join("clients.pem"), clients.unwrap_or(&pem)).unwrap();
        let asks = if clients.is_some() { "yes" } else { "no" };
        let arguments = [
            "--save",
            "",
            "--tls-cert-file",
            "cert.pem",
            "--tls-key-file",
            "key.pem",
            "--tls-ca-cert-file",
            "clients.pem",
            "--tls-auth-clients",
            asks,
        ];
        Self::launch(program, folder, &arguments, Some(pem))
    }

    fn launch(
        program: String,
        folder: Folder,
        arguments: &[&str],
        tls: Option<String>,
    ) -> Option<Self> {
        let address = vacant();
        let mut arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let port = address.port().to_string();
        let ports: &[&str] = if tls.is_some() {
            &["--port", "0", "--tls-port", &port]
        } else {
            &["--port", &port]
        };
        arguments.extend(ports.iter().map(|it| (*it).to_owned()));
        arguments.extend(["--bind", "127.0.0.1", "--daemonize", "no"].map(str::to_owned));
        let child = spawn(&program, &folder.0, &arguments);
        let mut redis = Self {
            child,
            folder,
            address,
            program,
            arguments,
            tls,
        };
        redis.await_start();
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn certificate(&self) -> Option<&str> {
        self.tls.as_deref()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// One command, by a connection of its own.
    pub(crate) fn ask(&self, command: &[&str]) -> redis::RedisResult<redis::Value> {
        ask(&self.url(), command)
    }

    pub(crate) fn text(&self, command: &[&str]) -> String {
        let found = redis::from_redis_value::<Option<String>>(self.ask(command).unwrap());
        found.unwrap().unwrap_or_default()
    }

    pub(crate) fn number(&self, command: &[&str]) -> i64 {
        redis::from_redis_value(self.ask(command).unwrap()).unwrap()
    }

    /// Names that match a pattern.
    pub(crate) fn keys(&self, pattern: &str) -> Vec<String> {
        redis::from_redis_value(self.ask(&["KEYS", pattern]).unwrap()).unwrap()
    }

    /// As a power cut does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// At the same address and with the same files.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.program, &self.folder.0, &self.arguments);
        self.await_start();
    }

    /// It neither answers nor breaks connections.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let mut kill = Command::new("kill");
        kill.args([&format!("-{signal}"), &id]);
        assert!(kill.status().unwrap().success());
    }

    fn await_start(&mut self) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            // With TLS, that it listens is enough, and with a password, that it asks for that.
            let is_up = if self.tls.is_some() {
                std::net::TcpStream::connect(self.address).is_ok()
            } else {
                let answer = self.ask(&["PING"]);
                answer.map_or_else(|error| error.code() == Some("NOAUTH"), |_| true)
            };
            if is_up {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            assert!(Instant::now() < until, "the server did not start");
            sleep(Duration::from_millis(20));
        }
    }
}

/// Without a certificate a server ends at once, and says whether that is what it lacks.
fn has_tls(program: &str) -> bool {
    let port = vacant().port().to_string();
    let mut command = Command::new(program);
    command.args(["--port", "0", "--tls-port", &port]);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    !String::from_utf8_lossy(&said).contains("Failed finding TLS support")
}

pub(crate) fn ask(url: &str, command: &[&str]) -> redis::RedisResult<redis::Value> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
    let mut asked = redis::cmd(command[0]);
    for argument in &command[1..] {
        asked.arg(argument);
    }
    asked.query(&mut connection)
}

fn spawn(program: &str, folder: &Path, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A temporary folder that is removed when it is dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bankezy-fleet-{name}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
