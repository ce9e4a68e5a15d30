//! Session files: what `bankezy token` keeps for `bankezy call`.
//!
//! One JSON object of texts. The token and an agreed key stand in it; the static payload secret, our
//! private key and X-API-KEY stay where they are, and it names their places.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::{Channel, TokenAnswer};
use bankezy_crypto::{Derivation, PayloadSecret, SecretBytes, SecretText};
use jiff::Timestamp;
use serde::Serializer as _;
use serde_json::value::RawValue;

use crate::args::SessionArgs;
use crate::failure::Failure;
use crate::settings::{Settings, absolute, missing};
use crate::{files, keys, remote};

/// Largest session file that is read.
const MAX_FILE: usize = 1024 * 1024;

/// Settings that a later call needs, and that are no secrets.
const TEXTS: [&str; 4] = ["base_url", "api_version", "encoding", "proxy"];

/// Files that a later call needs.
const FILES: [&str; 3] = ["ca_file", "extra_ca_file", "client_cert_file"];

/// Where secrets are that a later call needs, each in a file or a variable.
const SOURCES: [[&str; 2]; 3] = [
    ["api_key_file", "api_key_env"],
    ["client_key_file", "client_key_env"],
    ["proxy_file", "proxy_env"],
];

const PAYLOAD_SECRET: [&str; 2] = ["secret_file", "secret_env"];

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
    for name in TEXTS {
        if let Some(text) = settings.text(name)? {
            members.insert(name, text);
        }
    }
    for name in FILES {
        if let Some(file) = settings.path(name)? {
            members.insert(name, text(absolute(file.as_os_str())?)?);
        }
    }
    for source in SOURCES {
        keep_source(&mut members, settings, source)?;
    }
    let agreed = match session_keys {
        Keys::Static => {
            keep_source(&mut members, settings, PAYLOAD_SECRET)?;
            members.insert("channel", "static".to_owned());
            None
        }
        Keys::Agreed(secret) => {
            members.insert("channel", "agreed".to_owned());
            Some(secret.to_base64url())
        }
        Keys::KeyTransport { server_pub_key } => {
            let file = settings.path("private_key")?.unwrap_or_default();
            members.insert("private_key", text(absolute(file.as_os_str())?)?);
            members.insert("server_pub_key", server_pub_key.clone());
            members.insert("channel", "key-transport".to_owned());
            None
        }
    };
    if let Some(expiry) = answer.token.expires_at() {
        members.insert("expires_at", rfc3339(expiry)?);
    }
    for (name, stated) in STATED
        .into_iter()
        .zip([&answer.account_number, &answer.token_reference_id])
    {
        // An answer to Renew may leave out what was known before.
        if let Some(text) = stated.clone().or(settings.text(name)?) {
            members.insert(name, text);
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
    files::write_private(path, json.as_bytes(), force)
}

fn keep_source(
    members: &mut BTreeMap<&'static str, String>,
    settings: &Settings,
    [file, variable]: [&'static str; 2],
) -> Result<(), Failure> {
    if let Some(source) = settings.source(file, variable)? {
        let name = if source.in_file { file } else { variable };
        members.insert(name, text(source.lasting()?)?);
    }
    Ok(())
}

fn text(path: OsString) -> Result<String, Failure> {
    path.into_string()
        .map_err(|_| Failure::operation("a path that the session names is not UTF-8"))
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
                let file = settings.path("private_key")?.unwrap_or_default();
                let pair = Arc::new(keys::private_key(&file, backend)?);
                // RSA derives nothing.
                Channel::establish(pair, server_pub_key, &Derivation::RawSharedSecret)?
            }
        })
    }
}

/// Reads a session file and adds what it says of the server to the settings.
fn load(path: &Path, settings: &mut Settings) -> Result<(Token, Keys), Failure> {
    let bytes = files::read_file(path, MAX_FILE, "the session file")?;
    let session = serde_json::from_slice(bytes.as_bytes()).map_err(|_| broken())?;
    let session = Session(session);

    let mut values = BTreeMap::new();
    let names = TEXTS.into_iter().chain(FILES).chain(STATED);
    let names = names.chain(SOURCES.into_iter().chain([PAYLOAD_SECRET]).flatten());
    for name in names.chain(["private_key"]) {
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
        "key-transport" if values.contains_key("private_key") => Keys::KeyTransport {
            server_pub_key: session.needed("server_pub_key")?,
        },
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
