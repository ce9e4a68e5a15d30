//! What surrounds a message: its JSON, and its key.

use std::error::Error;
use std::fs;
use std::hint::black_box;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use serde::Serialize;

use crate::floor;
use crate::measure::{self, Effort, Work};
use crate::ours::Ours;
use crate::row::{Op, Row, rounded};

/// A request of the usual size.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetToken {
    reference_id: &'static str,
    customer_id: &'static str,
    account_number: u64,
    device_id: &'static str,
    api_key: &'static str,
    sdk_public_key: &'static str,
}

const GET_TOKEN: GetToken = GetToken {
    reference_id: "5b1f6e6e-2c1b-4d8f-9a30-3f1f5c7c1f10",
    customer_id: "customer-0001234567",
    account_number: 1_234_567_890_123,
    device_id: "device-4f1c2d3e5a6b7c8d",
    api_key: "an API key of the usual length",
    sdk_public_key: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb==",
};

/// `seal_json` beside `serde_json::to_vec` and `seal_to_bytes`.
pub(crate) fn seal_json(ours: &Ours, effort: &Effort) -> Result<Row, Box<dyn Error>> {
    let cipher = &ours.cipher;
    let mut out = Vec::new();
    let apart = Work::new(move || {
        let json = serde_json::to_vec(black_box(&GET_TOKEN)).ok()?;
        cipher.seal_to_bytes(&json, &mut out).ok()?;
        black_box(&out);
        Some(())
    });
    let whole = Work::new(move || cipher.seal_json(black_box(&GET_TOKEN)).ok());
    let bytes = serde_json::to_vec(&GET_TOKEN)?.len();
    row(Op::SealJson, bytes, &ours.backend, [whole, apart], effort)
}

/// A new cipher beside the backend's key set-up.
pub(crate) fn new_cipher(ours: &Ours, effort: &Effort) -> Result<Row, Box<dyn Error>> {
    let (secret, backend) = (PayloadSecret::generate()?, &ours.backend);
    let whole = Work::new(move || PayloadCipher::with_backend(black_box(&secret), backend).ok());
    let set_up = floor::set_up(backend.name())?;
    row(Op::NewCipher, 0, backend, [whole, set_up], effort)
}

fn row(
    op: Op,
    bytes: usize,
    backend: &Backend,
    works: [Work<'_>; 2],
    effort: &Effort,
) -> Result<Row, Box<dyn Error>> {
    eprintln!("measuring {op}");
    let samples = measure::samples(works.into(), effort);
    let Some([ours, floor]) = samples.as_deref() else {
        return Err(format!("{op} failed while it was measured").into());
    };
    let none = "there is no sample";
    Ok(Row {
        op,
        bytes,
        backend: backend.name().to_owned(),
        ours_ns: rounded(ours.beside(floor).ok_or(none)?),
        floor_ns: rounded(floor.median().ok_or(none)?),
        peers: Default::default(),
    })
}

/// MiB of memory that 100,000 ciphers on the default backend take, each after its first message; `None`
/// where the system does not say what a process takes.
pub(crate) fn memory_of_ciphers() -> Option<f64> {
    let before = resident_mib()?;
    let mut ciphers = Vec::with_capacity(100_000);
    for _ in 0..100_000 {
        let cipher = PayloadCipher::new(&PayloadSecret::generate().ok()?).ok()?;
        cipher.seal(b"{}").ok()?;
        ciphers.push(cipher);
    }
    let after = resident_mib()?;
    black_box(ciphers);
    Some(after - before)
}

fn resident_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
