//! `bankezy fleet` on a real server, where one is installed.

use std::process::{Child, Command, Stdio};

use bankezy_test_support::{eventually_blocking, vacant};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server with these settings, and its port.
fn server(settings: &[&str]) -> Option<(Server, u16)> {
    let address = vacant();
    let port = address.port().to_string();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
    command.args(settings).current_dir(std::env::temp_dir());
    let Ok(child) = command.stdout(Stdio::null()).spawn() else {
        let message = "no redis-server is installed";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        return None;
    };
    let server = Server(child);
    eventually_blocking("the server", || {
        std::net::TcpStream::connect(address).is_ok()
    });
    Some((server, address.port()))
}

/// The exit code, standard output and standard error.
fn bankezy(arguments: &[&str], url: Option<&str>) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bankezy"));
    command.args(arguments).stdin(Stdio::null());
    if let Some(url) = url {
        command.env("STORE_URL", url);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn status_and_check_say_what_a_server_has_and_lacks() {
    let Some((_server, port)) = server(&[]) else {
        return;
    };
    let url = format!("redis://127.0.0.1:{port}");
    let (code, output, error) = bankezy(&["fleet", "status", &url, "--name", "payments"], None);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.ends_with("0 members, 0 tokens and sessions, 0 logins under way\n"));
    let (code, output, error) = bankezy(&["fleet", "check", &url, "--name", "payments"], None);
    assert_eq!(code, 1, "{error}");
    assert!(
        output.contains("ok      maxmemory-policy noeviction"),
        "{output}"
    );
    assert!(output.contains("risk    appendonly no: "), "{output}");
}

#[test]
fn a_password_comes_from_a_variable_and_is_never_printed() {
    let Some((_server, port)) = server(&["--requirepass", "hunter2"]) else {
        return;
    };
    let url = format!("redis://:hunter2@127.0.0.1:{port}");
    let (code, output, error) = bankezy(&["fleet", "status", &url, "--name", "n"], None);
    assert_eq!((code, output.as_str()), (2, ""));
    assert!(
        error.contains("--url-file") && !error.contains("hunter2"),
        "{error}"
    );
    let from_variable = ["fleet", "status", "--url-env", "STORE_URL", "--name", "n"];
    let (code, _, error) = bankezy(&from_variable, Some(&url));
    assert_eq!((code, error.as_str()), (0, ""));
    let wrong = url.replace("hunter2", "hunter3");
    let (code, output, error) = bankezy(&from_variable, Some(&wrong));
    assert_eq!(code, 1);
    assert!(error.contains("refused") && !(output + &error).contains("hunter"));
}
