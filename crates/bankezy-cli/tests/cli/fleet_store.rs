//! What `bankezy fleet` says of a store that it cannot reach.

use std::net::TcpListener;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::process::Command;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::time::{Duration, Instant};

use super::Folder;

/// Such a call of the system cannot be cancelled.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_command_does_not_wait_for_a_name_server_that_is_silent() {
    const HANGING: &str = "\
        #include <unistd.h>\n\
        int getaddrinfo(const char *name, const char *service, const void *hints, void **found) {\n\
            return sleep(60), -3;\n\
        }\n";
    let folder = Folder::new();
    folder.write("hanging.c", HANGING);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", "hanging.so", "hanging.c"])
        .current_dir(&folder.0)
        .status();
    if compiled.is_err() {
        let message = "no C compiler is installed";
        assert!(std::env::var_os("CI").is_none(), "{message}");
        eprintln!("skipped: {message}");
        return;
    }
    let library = folder.0.join("hanging.so");
    let begun = Instant::now();
    let ran = folder.run_with(
        "fleet status redis://hang.example --name n",
        "",
        &[("LD_PRELOAD", library.to_str().unwrap())],
    );
    assert!(begun.elapsed() < Duration::from_secs(30), "{}", ran.err);
    ran.failed(1, "the store did not answer in time\n");
}

/// Each hint is for the other kind of URL.
#[test]
fn a_silent_store_is_not_said_to_have_a_url_that_it_has() {
    // Nothing accepts on it: the system does, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let status = |url: String| Folder::new().run(&format!("fleet status {url} --name n"), "");
    status(format!("redis://{address}")).failed(1, "did not answer in time\n");
    let hint = "did not answer in time; a port without TLS needs redis://\n";
    status(format!("REDISS://{address}")).failed(1, hint);
    let (lost, address) = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lost = std::thread::spawn(move || listener.incoming().take(2).for_each(drop));
        (lost, address)
    };
    let hint = "the connection was lost; a port for TLS needs rediss://\n";
    status(format!("redis://{address}")).failed(1, hint);
    let ran = status(format!("rediss://{address}"));
    assert!(!ran.err.contains("needs rediss"), "{}", ran.err);
    drop(lost);
}
