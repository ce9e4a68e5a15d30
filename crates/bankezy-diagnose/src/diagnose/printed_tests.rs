//! The Rust that is printed for derivations compiles and gives their keys: `printed/terms.rs` has each kind of term.
//! A run with `BANKEZY_WRITE_PRINTED_TERMS` set writes it anew.

use std::collections::BTreeMap;

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Derivation, KeyPair, PayloadSecret, PublicKey};
use serde_json::Value;

use crate::diagnose::candidates::{Candidate, candidates};
use crate::diagnose::derivation::TriedDerivation;
use crate::diagnose::function::{Function, Hash, Take};
use crate::diagnose::info::Info;
use crate::diagnose::kdf::Kdf;
use crate::diagnose::printed::terms::terms;
use crate::diagnose::printed::y_coordinate::y_coordinate;
use crate::diagnose::shared::{SharedForm, SharedOctets, SharedText, shared_secret};

const HEADER: &str = r#"{"apu":"QWxpY2U","apv":"Qm9i"}"#;

struct Session {
    ours: KeyPair,
    theirs: PublicKey,
    x: Vec<u8>,
    candidates: Vec<Candidate>,
}

/// Those of the vectors: their x coordinates start in different ways.
fn sessions() -> Vec<Session> {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/python.json")).unwrap();
    let session = |session: &Value| {
        let text = |name: &str| session[name].as_str().unwrap();
        let ours = KeyPair::from_jwk_with_backend(text("ours"), &AVAILABLE[0]).unwrap();
        let theirs = PublicKey::from_jwk(text("theirs")).unwrap();
        let shared = shared_secret(&ours, &theirs).unwrap();
        let candidates = candidates(ours.public_key(), &theirs, HEADER, &["a text", "0x61ff"]);
        Session {
            x: shared.as_bytes().to_vec(),
            candidates,
            ours,
            theirs,
        }
    };
    vectors["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(session)
        .collect()
}

/// Each form, function, choice of octets, construction and kind of input, but not each with each other.
fn derivations(candidates: &[Candidate]) -> Vec<TriedDerivation> {
    let empty = || [Info::Empty, Info::Empty];
    let mut all = Vec::new();
    let mut add = |form, kdf, inputs, take| {
        all.push(TriedDerivation {
            form,
            kdf,
            inputs,
            take,
        });
    };
    let takes = [Take::Whole, Take::First32, Take::Last32, Take::ZeroPadded];
    for octets in SharedOctets::ALL {
        for text in SharedText::ALL {
            let form = SharedForm { octets, text };
            let is_none = match text {
                SharedText::None => false,
                SharedText::Decimal => octets != SharedOctets::X,
                _ => octets == SharedOctets::Sha256,
            };
            if is_none {
                continue;
            }
            add(form, Kdf::Function(Function::Sha256), empty(), Take::Whole);
            add(
                form,
                Kdf::HmacUnderShared(Hash::Sha256),
                empty(),
                Take::Whole,
            );
            if form.is_common() {
                for take in takes {
                    add(form, Kdf::Function(Function::Identity), empty(), take);
                }
                add(form, Kdf::Hkdf(Hash::Sha256), empty(), Take::Whole);
                add(form, Kdf::HmacOfShared(Hash::Sha256), empty(), Take::Whole);
            }
        }
    }
    for function in Function::ALL {
        for take in takes {
            add(SharedForm::X, Kdf::Function(function), empty(), take);
        }
    }
    for kdf in Kdf::other_concats()
        .chain(Kdf::odd_concats())
        .chain([Kdf::CONCAT])
    {
        add(SharedForm::X, kdf, empty(), Take::Whole);
        add(SharedForm::X, kdf, empty(), Take::First32);
    }
    let hashes = [Hash::Sha1, Hash::Sha256, Hash::Sha384, Hash::Sha512];
    let kdfs = Kdf::WITH_ONE_INPUT.into_iter();
    for kdf in kdfs
        .chain(hashes.map(Kdf::Hkdf))
        .chain(hashes.map(Kdf::X963))
        .chain([Kdf::X963(Hash::Sha224)])
    {
        for take in takes {
            add(SharedForm::X, kdf, empty(), take);
        }
    }
    for Candidate { info, .. } in candidates {
        let is_known = matches!(info, Info::Known(text) if *text != "Alice");
        if !is_known {
            for kdf in [
                Kdf::CONCAT,
                Kdf::Hkdf(Hash::Sha512),
                Kdf::HmacOfShared(Hash::Sha256),
            ] {
                let inputs = [info.clone(), Info::Empty];
                add(SharedForm::X, kdf, inputs, Take::Whole);
            }
        }
    }
    all
}

/// The key by the code that finds it. `None` if this session has none.
fn key(derivation: &TriedDerivation, session: &Session, parity: u8) -> Option<PayloadSecret> {
    let octets_of = |info: &Info| {
        let mut all = session.candidates.iter();
        let found = all.find(|candidate| candidate.info == *info);
        found.map(|candidate| candidate.bytes.as_slice())
    };
    let [first, second] = derivation.inputs.each_ref().map(octets_of);
    let y = y_coordinate(session.x.as_slice().try_into().unwrap(), parity);
    let shared = derivation.form.write(&session.x, &y[..], 2 + parity)?;
    let output = derivation
        .kdf
        .derive(shared.as_bytes(), [first?, second?])?;
    let key = derivation.take.apply(output.as_bytes())?;
    Some(PayloadSecret::from_bytes(key.as_bytes()).unwrap())
}

fn check(terms: &[Derivation<'_>], derivations: &[TriedDerivation], session: &Session, parity: u8) {
    let mut checked = 0;
    for (term, derivation) in terms.iter().zip(derivations) {
        if let Some(key) = key(derivation, session, parity) {
            let agreed = session.ours.agree(&session.theirs, term);
            assert_eq!(agreed, Ok(key), "{derivation}: {}", derivation.rust());
            checked += 1;
        }
    }
    assert!(checked > 100);
}

/// Everything before the first term in the file.
const START: &str = "    look(&[\n";

#[test]
fn printed_terms_give_their_keys() {
    let file = include_str!("printed/terms.rs");
    let (start, _) = file.split_once(START).unwrap();
    for session in sessions() {
        let derivations = derivations(&session.candidates);
        let printed: Vec<String> = derivations.iter().map(TriedDerivation::rust).collect();
        let printed = printed.join(",\n    ");
        let written = format!("{start}{START}    {printed},\n    ]);\n}}\n");
        if std::env::var_os("BANKEZY_WRITE_PRINTED_TERMS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnose/printed/terms.rs");
            std::fs::write(path, written).unwrap();
            return;
        }
        assert!(written == file, "printed/terms.rs is out of date");
        let header: BTreeMap<&str, &str> = serde_json::from_str(HEADER).unwrap();
        let keys = [session.ours.public_key(), &session.theirs];
        for parity in [0, 1] {
            terms(keys, &header, parity, &|terms| {
                check(terms, &derivations, &session, parity);
            });
        }
    }
}
