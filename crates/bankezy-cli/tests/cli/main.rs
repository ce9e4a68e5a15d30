//! The command line as users see it: arguments, files, pipes, exit codes.

mod beside;
#[cfg(target_os = "linux")]
#[path = "../../examples/sandbox_load/client.rs"]
mod client;
mod diagnosing;
mod emulator;
mod environment;
mod explaining;
mod fleet;
mod fleet_store;
mod guide;
mod key_hints;
mod key_texts;
mod keys_and_messages;
mod lines;
#[cfg(target_os = "linux")]
mod long_run;
mod other_forms;
mod other_libraries;
mod pages;
mod plain_json;
mod remote;
mod renewal;
mod secret_texts;
mod server;
mod settings;
mod settings_shown;
mod transport;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use bankezy_crypto::backend::AVAILABLE;

/// A folder of its own for each test, removed at the end.
struct Folder(PathBuf);

/// How a run ended.
struct Ran {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// Runs `bankezy` with arguments that a blank separates.
    fn run(&self, arguments: &str, input: impl AsRef<[u8]>) -> Ran {
        self.run_with(arguments, input, &[])
    }

    fn run_with(
        &self,
        arguments: &str,
        input: impl AsRef<[u8]>,
        variables: &[(&str, &str)],
    ) -> Ran {
        self.run_args(arguments.split_whitespace(), input, variables)
    }

    fn run_args(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: impl AsRef<[u8]>,
        variables: &[(&str, &str)],
    ) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args(arguments)
            .envs(variables.iter().copied())
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A run that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Ran {
    /// It succeeded: what it printed.
    #[track_caller]
    fn printed(self) -> Vec<u8> {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    #[track_caller]
    fn text(self) -> String {
        String::from_utf8(self.printed()).unwrap()
    }

    /// It failed with this code and one line on standard error that holds `reason`.
    #[track_caller]
    fn failed(self, code: i32, reason: &str) {
        assert_eq!(self.code, code, "{}", self.err);
        assert!(self.err.contains(reason), "{}", self.err);
        assert!(
            self.err.starts_with("bankezy: ") && self.err.ends_with('\n'),
            "{}",
            self.err
        );
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
    }
}

/// The names of the backends that this build holds.
fn backends() -> impl Iterator<Item = &'static str> {
    AVAILABLE.iter().map(|backend| backend.name())
}
