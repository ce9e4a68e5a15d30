//! Processes of a fleet: this test binary, started again with a role.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const ROLE: &str = "BANKEZY_FLEET_ROLE";

/// A process of the fleet. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a role with settings, which its process reads with [`setting`].
    pub(crate) fn start(role: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "children::a_process_of_the_fleet", "--nocapture"]);
        command.env(ROLE, role).envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    /// Lets it go on from its next [`pause`].
    pub(crate) fn go(&mut self) {
        writeln!(self.input, "go").unwrap();
    }

    /// The next line that it says; the harness's own lines are ignored.
    pub(crate) fn says(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the process ended without a word");
            if let Some((_, said)) = line.split_once("@@") {
                return said.trim_end().to_owned();
            }
        }
    }

    /// As `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In a process of the fleet.
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("no setting {name}"))
}

/// In a process of the fleet: says a line to the test.
pub(crate) fn say(line: impl std::fmt::Display) {
    println!("@@{line}");
    std::io::stdout().flush().unwrap();
}

/// In a process of the fleet: waits for [`Process::go`].
pub(crate) fn pause() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// Does nothing when the harness runs it among the other tests.
#[test]
fn a_process_of_the_fleet() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match role.as_str() {
            "tokens" => crate::tokens::calls().await,
            "login" => crate::tokens::logs_in().await,
            "seals" => crate::budget::seals().await,
            "rotates" => crate::rotation::serves().await,
            "receives" => crate::replay::receives().await,
            "session" => crate::sessions::uses().await,
            other => panic!("no role {other}"),
        }
    });
    // Without the harness's summary and exit handlers: the tasks end with the process.
    std::process::exit(0);
}
