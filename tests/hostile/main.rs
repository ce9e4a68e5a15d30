//! Hostile inputs by hand: each returns the right error, without a panic, without allocating more than it may, and
//! without any part of the input or of a secret in the error.

mod dir;
mod header;
mod memory;
mod private_der;
mod private_forms;
mod private_keys;
mod public_der;
mod public_keys;
mod recipients;
mod regressions;
mod rsa_numbers;
mod sealed;
mod secrets;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bankezy_crypto::{Error, HeaderProblem, KeyForm, KeyProblem, Malformed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Cap of sealed texts, as the crate documents it.
const CAP: usize = 8 * 1024 * 1024;

/// Cap of keys, as its errors say.
const KEY_CAP: usize = 64 * 1024;

/// What opening a sealed text may hold beyond twice its length.
const OPEN_MARGIN: usize = 64 * 1024;

/// What reading a key may hold beyond its own size.
const KEY_MARGIN: usize = 64 * 1024;

/// Collects what went wrong, so that one run of a table shows every row.
#[derive(Default)]
struct Table {
    failures: Vec<String>,
}

/// One hostile input and its expected result.
struct Row<'a> {
    name: &'a str,
    input: &'a [u8],
    expected: Error,
    /// None of these may be in the error.
    secrets: &'a [&'a str],
    /// The most memory that may be held at any time.
    peak: usize,
}

impl Table {
    /// Runs one row.
    fn row<T>(&mut self, row: &Row<'_>, work: impl FnOnce() -> Result<T, Error>) {
        let measured = catch_unwind(AssertUnwindSafe(|| {
            memory::measure(|| work().map(|_| "accepted"))
        }));
        let Ok((asked, found)) = measured else {
            return self.fail(row, "it panicked");
        };
        let error = match found {
            Ok(accepted) => return self.fail(row, accepted),
            Err(error) => error,
        };
        if error != row.expected {
            self.fail(
                row,
                &format!("found {error:?}, expected {:?}", row.expected),
            );
        }
        if asked.peak > row.peak {
            self.fail(row, &format!("{asked:?}, allowed {}", row.peak));
        }
        for shown in [error.to_string(), format!("{error:?}")] {
            if quotes(&shown, row.input) {
                self.fail(row, &format!("quotes its input: {shown}"));
            }
            if row.secrets.iter().any(|secret| shown.contains(secret)) {
                self.fail(row, &format!("shows a secret: {shown}"));
            }
        }
    }

    /// An input that must be accepted, to show that the refusals are due to what is wrong with the others.
    fn control<T>(&mut self, name: &str, found: Result<T, Error>) {
        if let Err(error) = found {
            self.failures
                .push(format!("{name}: refused with {error:?}"));
        }
    }

    fn fail(&mut self, row: &Row<'_>, what: &str) {
        self.failures.push(format!("{}: {what}", row.name));
    }

    fn finish(self) {
        let count = self.failures.len();
        assert!(count == 0, "{count} failures\n{}", self.failures.join("\n"));
    }
}

/// Whether a message holds the input or 16 bytes of it in a row: fixed words of messages, such as
/// names of algorithms and members, are shorter than that.
fn quotes(shown: &str, input: &[u8]) -> bool {
    let start = &input[..input.len().min(KEY_CAP)];
    let whole = input.len() > 8
        && shown
            .as_bytes()
            .windows(input.len())
            .any(|part| part == input);
    whole
        || shown
            .as_bytes()
            .windows(16)
            .any(|part| start.windows(16).any(|own| own == part))
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn malformed(problem: Malformed) -> Error {
    Error::from(problem)
}

fn header(problem: HeaderProblem) -> Error {
    Error::from(problem)
}

fn key(problem: KeyProblem) -> Error {
    Error::from(problem)
}

fn form(found: KeyForm) -> KeyProblem {
    KeyProblem::OtherForm { found }
}

const PRIVATE_LABEL: KeyProblem = KeyProblem::PemLabel {
    expected: "PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY",
};

const PUBLIC_LABEL: KeyProblem = KeyProblem::PemLabel {
    expected: "PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE",
};

/// The bytes of a PEM text, whatever its label.
fn der_of(pem: &str) -> Vec<u8> {
    der::Document::from_pem(pem).unwrap().1.into_vec()
}

/// The text with one string replaced by another; the first must be in it.
fn swapped(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not there");
    text.replacen(from, to, 1)
}

#[test]
fn the_check_for_quotes_works() {
    assert!(quotes("it said hello world again", b"hello world"));
    assert!(quotes("0123456789abcdef!", b"xx0123456789abcdefyy"));
    assert!(!quotes("0123456789abcdef!", b"xx0123456789abcdeFyy"));
    assert!(!quotes("short", b"short"));
}
