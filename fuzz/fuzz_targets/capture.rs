//! What people paste for a diagnosis: a capture with a message in it, a secret in an unknown writing, a
//! text to explain.
//!
//! The first byte chooses which.
#![no_main]

use std::sync::LazyLock;

use bankezy_crypto::{DEFAULT_MAX_SEALED_LEN, SecretBytes, backend};
use bankezy_crypto_fuzz::{DIR, SECRET, assert_hidden, seal};
use bankezy_diagnose::{DiagnoseError, Message, inspect};
use libfuzzer_sys::fuzz_target;

static CAPTURED: LazyLock<String> = LazyLock::new(|| seal(SECRET, DIR.as_bytes(), b"", b"{}"));

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else {
        return;
    };
    match choice % 3 {
        0 => message(text),
        1 => secret(text),
        _ => {
            if let Err(error) = inspect(text, DEFAULT_MAX_SEALED_LEN) {
                assert_hidden(format_args!("{error:?} {error}"));
            }
        }
    }
});

fn read(text: &[u8]) -> Result<Message<'_>, DiagnoseError> {
    Message::new(text, DEFAULT_MAX_SEALED_LEN, &backend::AWS_LC_RS)
}

/// What is found in a capture is found again in quotation marks and in JSON.
fn message(text: &[u8]) {
    let message = match read(text) {
        Ok(message) => message,
        Err(error) => return assert_hidden(format_args!("{error:?} {error}")),
    };
    assert_hidden(format_args!("{message:?} {:?}", message.stripped()));
    if message.stripped().is_empty() {
        let text = text.trim_ascii_end();
        for (before, after) in [("\"", "\""), (r#"{"body":""#, "\"}")] {
            let around = [before.as_bytes(), text, after.as_bytes()].concat();
            let again = read(&around).unwrap();
            assert_eq!(again.sealed(), message.sealed());
        }
    }
}

/// Only a reading that gives the key of the message is found.
fn secret(text: &[u8]) {
    let message = read(CAPTURED.as_bytes()).unwrap();
    match message.try_readings(&SecretBytes::from(text.to_vec())) {
        Ok(finding) => assert_hidden(format_args!("{finding:?} {finding}")),
        Err(error) => assert_hidden(format_args!("{error:?} {error}")),
    }
}
