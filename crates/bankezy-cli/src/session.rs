//! Session files: what `bankezy token` keeps for `bankezy call`.
//!
//! One JSON object of texts. The token and an agreed key stand in it; the static payload secret, our
//! private key and X-API-KEY stay where they are, and it names their places.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::TokenAnswer;
use bankezy_crypto::{Channel, Derivation, PayloadSecret, SecretBytes, SecretText};
use jiff::Timestamp;
use serde::Serializer as _;
use serde_json::value::RawValue;

use crate::args::SessionArgs;
use crate::failure::Failure;
use crate::settings::{Settings, is_path, missing};
use crate::{files, keys, remote};

/// Largest session file that is read.
const MAX_FILE: usize = 1024 * 1024;

/// Settings that a later call needs, each by one of these names. Of secrets it is their places.
const KEPT: [&[&str]; 8] = [
    &["base_url"],
    &["api_version"],
    &["encoding"],
    &["api_key_file", "api_key_env"],
    &["ca_file", "extra_ca_file"],
    &["client_cert_file"],
    &["client_key_file", "client_key_env"],
    &["proxy", "proxy_file", "proxy_env"],
];

/// What is kept for some keys alone.
const PAYLOAD_SECRET: &[&str] = &["secret_file", "secret_env"];
const PRIVATE_KEY: &[&str] = &["private_key", "private_key_env"];

/// What the server said of the token, and takes for it.
const STATED: [&str; 2] = ["account_number", "token_reference_id"];

/// The keys of a session.
pub(crate) enum Keys {
    /// The static payload secret.
    Static,
    /// A key agreed on P-256.
    Agreed(PayloadSecret),
    /// RSA, with our private key in the file of `--private-key`.
    KeyTransport {
        /// As it came.
        server_pub_key: String,
    },
}

/// Writes a session file that only its owner may read.
pub(crate) fn save(
    path: &Path,
    force: bool,
    settings: &Settings,
    answer: &TokenAnswer,
    session_keys: &Keys,
) -> Result<(), Failure> {
    let mut members = BTreeMap::new();
    for names in KEPT {
        keep(&mut members, settings, names)?;
    }
    let agreed = match session_keys {
        Keys::Static => {
            keep(&mut members, settings, PAYLOAD_SECRET)?;
            members.insert("channel", "static".to_owned());
            None
        }
        Keys::Agreed(secret) => {
            members.insert("channel", "agreed".to_owned());
            Some(secret.to_base64url())
        }
        Keys::KeyTransport { server_pub_key } => {
            keep(&mut members, settings, PRIVATE_KEY)?;
            members.insert("server_pub_key", server_pub_key.clone());
            members.insert("channel", "key-transport".to_owned());
            None
        }
    };
    if let Some(expiry) = answer.token.expires_at() {
        members.insert("expires_at", rfc3339(expiry)?);
    }
    let stated = [&answer.account_number, &answer.token_reference_id];
    for (name, stated) in STATED.into_iter().zip(stated) {
        if let Some(text) = stated {
            members.insert(name, text.clone());
        }
    }
    let mut json = SecretBytes::new();
    let entries = members
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .chain([("token", answer.token.as_str())])
        .chain(
            agreed
                .iter()
                .map(|secret| ("payload_secret", secret.as_str())),
        );
    serde_json::Serializer::new(&mut json)
        .collect_map(entries)
        .map_err(|_| Failure::operation("the session cannot be written as JSON"))?;
    files::write_private(path, "--save-session", json.as_bytes(), force)
}

fn keep(
    members: &mut BTreeMap<&'static str, String>,
    settings: &Settings,
    names: &[&'static str],
) -> Result<(), Failure> {
    if let Some((name, value)) = settings.find(names)? {
        // A later run may start from another folder.
        let value = if is_path(name) {
            absolute(&value)?
        } else {
            value
        };
        let text = value.into_string();
        let text =
            text.map_err(|_| Failure::operation("a setting that the session keeps is not UTF-8"))?;
        members.insert(name, text);
    }
    Ok(())
}

fn absolute(path: &OsStr) -> Result<OsString, Failure> {
    std::path::absolute(path)
        .map(PathBuf::into_os_string)
        .map_err(|error| Failure::operation(format!("cannot make a path absolute: {error}")))
}

/// The token and the keys that the arguments name, where they name a token.
pub(crate) fn held(
    args: &SessionArgs,
    settings: &mut Settings,
) -> Result<(Option<Token>, Keys), Failure> {
    if let Some(path) = &args.session {
        let (token, keys) = load(path, settings)?;
        return Ok((Some(token), keys));
    }
    let Some(source) = settings.source("token_file", "token_env")? else {
        return Ok((None, Keys::Static));
    };
    let token = source.read()?;
    let token = SecretText::from(keys::text(&token, "the token")?.to_owned());
    Ok((Some(Token::new(token, None)), Keys::Static))
}

/// The same, where it takes a token.
pub(crate) fn needed(
    args: &SessionArgs,
    settings: &mut Settings,
) -> Result<(Token, Keys), Failure> {
    let (token, keys) = held(args, settings)?;
    let token = token.ok_or_else(|| missing("--session, or --token-file or --token-env,"))?;
    Ok((token, keys))
}

impl Keys {
    /// What bodies are sealed and opened with.
    pub(crate) fn channel(
        &self,
        settings: &Settings,
        backend: &Backend,
    ) -> Result<Channel, Failure> {
        Ok(match self {
            Self::Static => Channel::from_secret(&remote::payload_secret(settings)?, backend)?,
            Self::Agreed(secret) => Channel::from_secret(secret, backend)?,
            Self::KeyTransport { server_pub_key } => {
                let source = settings.needed_source("private_key", "private_key_env")?;
                let pair = Arc::new(keys::private_key(&source.read()?, backend)?);
                // RSA derives nothing.
                Channel::establish(pair, server_pub_key, &Derivation::RawSharedSecret)?
            }
        })
    }
}

/// Reads a session file and adds what it says of the server to the settings.
fn load(path: &Path, settings: &mut Settings) -> Result<(Token, Keys), Failure> {
    let bytes = files::read_file(path, MAX_FILE, "--session")?;
    let session = serde_json::from_slice(bytes.as_bytes()).map_err(|_| broken())?;
    let session = Session(session);

    let mut values = BTreeMap::new();
    let names = KEPT.into_iter().chain([PAYLOAD_SECRET, PRIVATE_KEY]);
    for name in names.flatten().copied().chain(STATED) {
        if let Some(value) = session.text(name)? {
            values.insert(name, value.into());
        }
    }
    let session_keys = match session.needed("channel")?.as_str() {
        "static" => Keys::Static,
        "agreed" => {
            let secret = SecretText::from(session.needed("payload_secret")?);
            Keys::Agreed(PayloadSecret::from_base64url(secret.as_str())?)
        }
        "key-transport" if PRIVATE_KEY.iter().any(|name| values.contains_key(name)) => {
            Keys::KeyTransport {
                server_pub_key: session.needed("server_pub_key")?,
            }
        }
        _ => return Err(broken()),
    };
    settings.add_session(values);
    let token = SecretText::from(session.needed("token")?);
    Ok((Token::new(token, None), session_keys))
}

struct Session<'a>(BTreeMap<String, &'a RawValue>);

impl Session<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(raw) = self.0.get(name) else {
            return Ok(None);
        };
        let text = serde_json::from_str(raw.get());
        text.map(Some).map_err(|_| broken())
    }

    fn needed(&self, name: &str) -> Result<String, Failure> {
        self.text(name)?.ok_or_else(broken)
    }
}

fn broken() -> Failure {
    Failure::operation(
        "the session file is not one of `bankezy token bankezy --save-session`: get a new one",
    )
}

pub(crate) fn rfc3339(time: SystemTime) -> Result<String, Failure> {
    Timestamp::try_from(time)
        .map(|time| time.to_string())
        .map_err(|_| Failure::operation("the server states an expiry beyond the year 9999"))
}
