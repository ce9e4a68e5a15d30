//! One case of a vector file. `test-vectors/runner` includes this file too.

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Channel, Derivation, Error, ErrorCategory, KeyPair, PayloadSecret, PrivateKeyOpener, PublicKey,
    PublicKeySealer,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Runs one case; the error says what is wrong.
pub(crate) fn run(case: &Value, backend: &Backend) -> Result<(), String> {
    let channel = channel(case, backend)?;
    let jwe = text(case, "jwe")?;
    let opened = match (text(case, "result")?, channel.open(jwe)) {
        ("valid", Ok(opened)) => opened,
        ("valid", Err(error)) => return Err(format!("should open: {error}")),
        ("invalid", Ok(_)) => return Err("should not open".to_owned()),
        // Not an answer about the message.
        ("invalid", Err(error)) if error.category() == ErrorCategory::Backend => {
            return Err(said(error));
        }
        ("invalid", Err(_)) => return Ok(()),
        (result, _) => return Err(format!("unknown result {result}")),
    };
    let expected = decode(&URL_SAFE_NO_PAD, text(case, "plaintext_b64u")?)?;
    if opened.as_bytes() != expected {
        return Err("the plaintext differs".to_owned());
    }
    match channel
        .seal(&opened)
        .and_then(|sealed| channel.open(&sealed))
    {
        Ok(again) if again.as_bytes() == expected => Ok(()),
        Ok(_) => Err("the plaintext differs after sealing again".to_owned()),
        Err(error) => Err(format!("sealed again: {error}")),
    }
}

/// The key of a case, for both directions.
fn channel(case: &Value, backend: &Backend) -> Result<Channel, String> {
    match text(case, "kind")? {
        "dir" => Channel::from_secret(&any_length_secret(case)?, backend).map_err(said),
        "ecdh-p256+dir" => Channel::from_secret(&agreed(case, backend)?, backend).map_err(said),
        "ecdh-es" => {
            let public = public_key(case, "server_pub_key")?;
            let pair = p256_pair(case, "server_private_d_b64u", &public, backend)?;
            private(pair, &public, backend)
        }
        "rsa-oaep-256" => {
            let der = decode(&STANDARD, text(case, "private_pkcs8_b64")?)?;
            let pair = KeyPair::from_pkcs8_der_with_backend(&der, backend).map_err(said)?;
            let public = public_key(case, "public_spki_b64")?;
            if case.get("public_jwk_b64u").is_some()
                && public_key(case, "public_jwk_b64u")? != public
            {
                return Err("the key as JWK is not the key as SPKI".to_owned());
            }
            private(pair, &public, backend)
        }
        kind => Err(format!("unknown kind {kind}")),
    }
}

fn private(pair: KeyPair, public: &PublicKey, backend: &Backend) -> Result<Channel, String> {
    if pair.public_key() != public {
        return Err("the private key is not that of the public key".to_owned());
    }
    let sealer = PublicKeySealer::with_backend(public, backend).map_err(said)?;
    Ok((sealer, PrivateKeyOpener::new(pair)).into())
}

/// A case of another `enc` has a key of another length: its message must be refused whatever the key, so any will do.
fn any_length_secret(case: &Value) -> Result<PayloadSecret, String> {
    match decode(&URL_SAFE_NO_PAD, text(case, "key_b64u")?)?.len() {
        32 => secret(case, "key_b64u"),
        _ => PayloadSecret::generate().map_err(said),
    }
}

/// The key that both sides agree on, compared with the case's own values.
fn agreed(case: &Value, backend: &Backend) -> Result<PayloadSecret, String> {
    let derivation = match text(case, "derivation")? {
        "raw" => Derivation::RawSharedSecret,
        "sha256" => Derivation::Sha256,
        "concat-kdf" => Derivation::ConcatKdf { apu: b"", apv: b"" },
        other => return Err(format!("unknown derivation {other}")),
    };
    let sdk_public = public_key(case, "sdk_public_key")?;
    let server_public = public_key(case, "server_pub_key")?;
    let sdk = p256_pair(case, "sdk_private_d_b64u", &sdk_public, backend)?;
    let server = p256_pair(case, "server_private_d_b64u", &server_public, backend)?;
    for (pair, peer) in [(&sdk, &server_public), (&server, &sdk_public)] {
        let shared = pair
            .agree(peer, &Derivation::RawSharedSecret)
            .map_err(said)?;
        if shared != secret(case, "shared_secret_b64u")? {
            return Err("the shared secret differs".to_owned());
        }
        if pair.agree(peer, &derivation).map_err(said)? != secret(case, "key_b64u")? {
            return Err("the derived key differs".to_owned());
        }
    }
    sdk.agree(&server_public, &derivation).map_err(said)
}

fn p256_pair(
    case: &Value,
    scalar: &str,
    public: &PublicKey,
    backend: &Backend,
) -> Result<KeyPair, String> {
    let scalar = text(case, scalar)?;
    let public = public.to_jwk();
    let jwk = format!("{},\"d\":\"{scalar}\"}}", public.trim_end_matches('}'));
    KeyPair::from_jwk_with_backend(&jwk, backend).map_err(said)
}

fn public_key(case: &Value, name: &str) -> Result<PublicKey, String> {
    PublicKey::from_wire(text(case, name)?).map_err(said)
}

fn secret(case: &Value, name: &str) -> Result<PayloadSecret, String> {
    PayloadSecret::from_base64url(text(case, name)?).map_err(said)
}

pub(crate) fn text<'a>(case: &'a Value, name: &str) -> Result<&'a str, String> {
    case.get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("the case has no text `{name}`"))
}

fn decode(engine: &impl Engine, text: &str) -> Result<Vec<u8>, String> {
    engine
        .decode(text)
        .map_err(|_| "a key or plaintext of the case is not base64".to_owned())
}

fn said(error: Error) -> String {
    error.to_string()
}
