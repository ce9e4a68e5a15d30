//! What `bankezy fleet` says of a store that it cannot reach, and of names and certificates that it cannot use.

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

/// Names are written into the store in clear.
#[test]
fn a_url_as_name_of_the_fleet_is_refused_and_not_printed() {
    let call = "fleet status redis://127.0.0.1:1 --name redis://:hunter2@store:6379";
    let ran = Folder::new().run(call, "");
    assert!(!ran.err.contains("hunter2"), "{}", ran.err);
    ran.failed(2, "(--name)");
}

/// A key in DER begins otherwise than a certificate: it is short.
#[test]
fn a_key_in_der_is_named_with_the_option_that_gave_it() {
    let folder = Folder::new();
    let made = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
    folder.write("client.pem", made.cert.pem());
    let pkcs8 = made.signing_key.serialize_der();
    folder.write("pkcs8", &pkcs8);
    // The SEC1 key that PKCS#8 wraps.
    let begins = pkcs8.windows(2).position(|it| it == [0x30, 0x6b]).unwrap();
    folder.write("sec1", &pkcs8[begins..begins + 2 + 0x6b]);
    folder.write("binary", [0xff; 40]);
    for (key, expected) in [
        ("pkcs8", "is DER; expected text, such as PEM: "),
        ("sec1", "is DER; expected text, such as PEM: "),
        ("binary", "is not UTF-8 text"),
    ] {
        let call = "fleet status rediss://127.0.0.1:1 --name n --store-cert-file client.pem --store-key-file";
        let expected = |option: &str| format!("the file of {option} {expected}");
        folder
            .run(&format!("{call} {key}"), "")
            .failed(1, &expected("--store-key-file"));
        let call = "token faceki --base-url https://127.0.0.1:1 --client-cert-file client.pem --client-key-file";
        folder
            .run_with(
                &format!("{call} {key} --client-id id --client-secret-env ID"),
                "",
                &[("ID", "id")],
            )
            .failed(1, &expected("--client-key-file"));
    }
}
