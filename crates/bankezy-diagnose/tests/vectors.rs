//! The right reading or derivation is named for messages that other libraries made: `vectors/generate.py`
//! (Python: cryptography, jwcrypto) and `vectors/generate.mjs` (Node: jose).

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{DEFAULT_MAX_SEALED_LEN, KeyPair, PublicKey, SecretBytes};
use bankezy_diagnose::{DiagnoseError, Finding, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

#[test]
fn of_python() {
    run(include_str!("vectors/python.json"));
}

#[test]
fn of_node() {
    run(include_str!("vectors/node.json"));
}

fn run(vectors: &str) {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let all = |name: &str| vectors[name].as_array().unwrap().iter();
    let sessions: Vec<_> = AVAILABLE
        .iter()
        .map(|backend| {
            let of_session = |session: &Value| {
                let ours = KeyPair::from_jwk_with_backend(text(session, "ours"), backend);
                let theirs = PublicKey::from_jwk(text(session, "theirs"));
                (ours.unwrap(), theirs.unwrap())
            };
            (backend, all("sessions").map(of_session).collect::<Vec<_>>())
        })
        .collect();
    let check = |(number, vector): &(usize, &Value)| -> Vec<String> {
        // A derivation takes a good part of a second without optimization, and the backend that opens the message
        // does not matter here: the others have every tenth.
        let backends = if vector["session"].is_u64() && number % 10 != 0 {
            1
        } else {
            sessions.len()
        };
        let differences = sessions[..backends]
            .iter()
            .filter_map(|(backend, sessions)| {
                let difference = if let Some(session) = vector["session"].as_u64() {
                    let (ours, theirs) = &sessions[session as usize];
                    difference(vector, backend, |message| {
                        message.try_derivations(ours, theirs, &[])
                    })
                } else {
                    let secret =
                        SecretBytes::from(STANDARD.decode(text(vector, "secret")).unwrap());
                    difference(vector, backend, |message| message.try_readings(&secret))
                };
                difference.map(|difference| format!("{}: {difference}", backend.name()))
            });
        differences.collect()
    };
    // For the same reason every third derivation is tried, and each with `BANKEZY_TEST_EVERY_CASE` set, as in `.ci/release`.
    let every = std::env::var_os("BANKEZY_TEST_EVERY_CASE").is_some();
    let vectors: Vec<_> = all("secrets")
        .chain(all("derivations"))
        .enumerate()
        .filter(|(number, vector)| every || vector["session"].is_null() || number % 3 == 0)
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let (vectors, check) = (&vectors, &check);
        let running: Vec<_> = (0..threads)
            .map(|start| {
                let share = vectors.iter().skip(start).step_by(threads);
                scope.spawn(move || share.flat_map(check).collect::<Vec<_>>())
            })
            .collect();
        let ended = running.into_iter().map(|thread| thread.join().unwrap());
        ended.flatten().collect()
    });
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn difference(
    vector: &Value,
    backend: &Backend,
    diagnose: impl FnOnce(&Message<'_>) -> Result<Finding, DiagnoseError>,
) -> Option<String> {
    let sealed = text(vector, "jwe").as_bytes();
    let message = Message::new(sealed, DEFAULT_MAX_SEALED_LEN, backend).unwrap();
    let found = match diagnose(&message) {
        Ok(Finding::Reading { reading, .. }) => reading.to_string(),
        Ok(Finding::Derivation { derivation, .. }) => derivation.to_string(),
        Ok(found) => found.to_string(),
        Err(error) => error.code().to_owned(),
    };
    let expected = text(vector, "name");
    (found != expected).then(|| format!("expected {expected}, found {found}"))
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}
