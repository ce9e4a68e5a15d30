//! A text that another library sealed to a public key, changed on the way, as in `mutated`; and any
//! payload that is sealed to the key here.
//!
//! The first byte chooses the key and which half is tried. Then come the changes, as `Changes` reads
//! them; the others are the payload.
#![no_main]

use std::sync::LazyLock;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{KeyPair, PrivateKeyOpener, PublicKey, PublicKeySealer};
use bankezy_crypto_fuzz::{BACKENDS, Changes, assert_agree};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// One key on both backends, and a text to it.
struct Recipient {
    sealers: [PublicKeySealer; 2],
    openers: [PrivateKeyOpener; 2],
    text: String,
    payload: Vec<u8>,
}

/// Case 7 of `test-vectors/jose.json`, with `apu` and `apv`.
static P256: LazyLock<Recipient> = LazyLock::new(|| {
    Recipient::of(7, |case, backend| {
        let public = PublicKey::from_wire(text(case, "server_pub_key")).unwrap();
        let members = public.to_jwk();
        let members = members.trim_end_matches('}');
        let d = text(case, "server_private_d_b64u");
        KeyPair::from_jwk_with_backend(&format!(r#"{members},"d":"{d}"}}"#), backend).unwrap()
    })
});

/// Case 9 of `test-vectors/jose.json`.
static RSA: LazyLock<Recipient> = LazyLock::new(|| {
    Recipient::of(9, |case, backend| {
        let der = STANDARD.decode(text(case, "private_pkcs8_b64")).unwrap();
        KeyPair::from_pkcs8_der_with_backend(&der, backend).unwrap()
    })
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    // RSA takes many times as long.
    let recipient = match choice {
        0 | 1 => &RSA,
        _ => &P256,
    };
    let changes = Changes::read(rest);
    match choice % 2 {
        0 => recipient.check(&changes, &recipient.text, &recipient.payload),
        _ => {
            for sealer in &recipient.sealers {
                let sealed = sealer.seal(changes.rest).unwrap();
                recipient.check(&changes, &sealed, changes.rest);
            }
        }
    }
});

impl Recipient {
    fn of(id: u64, key: fn(&Value, &Backend) -> KeyPair) -> Self {
        let vectors = include_str!("../../test-vectors/jose.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let mut cases = vectors["cases"].as_array().unwrap().iter();
        let case = cases.find(|case| case["id"] == id).unwrap();
        let keys = BACKENDS.map(|backend| key(case, backend));
        let public = keys[0].public_key();
        Self {
            sealers: BACKENDS
                .map(|backend| PublicKeySealer::with_backend(public, backend).unwrap()),
            text: text(case, "jwe").to_owned(),
            payload: URL_SAFE_NO_PAD
                .decode(text(case, "plaintext_b64u"))
                .unwrap(),
            openers: keys.map(PrivateKeyOpener::new),
        }
    }

    fn check(&self, changes: &Changes<'_>, sealed: &str, payload: &[u8]) {
        let text = changes.apply(sealed);
        let answers = self.openers.each_ref().map(|opener| opener.open(&text));
        assert_agree(answers, text != sealed.as_bytes(), payload);
    }
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap()
}
