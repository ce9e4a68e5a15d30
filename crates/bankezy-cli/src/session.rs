//! Session files: what `bankezy token` keeps for `bankezy call`.
//!
//! One JSON object of strings. It contains the token and an agreed key; the static payload secret, our private key
//! and X-API-KEY are not copied: the file names where they are.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::backend::Backend;
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::TokenAnswer;
use bankezy_crypto::{Channel, Derivation, PayloadSecret, SecretBytes, SecretText};
use clap::{Args, Command};
use jiff::Timestamp;
use serde::Serializer as _;
use serde_json::value::RawValue;

use crate::args::{Place, PrivateKeyArg, SecretArg, SecretArgs, ServerArgs, SessionArgs};
use crate::failure::Failure;
use crate::scope::settings_of;
use crate::values::{Value, Values};
use crate::{files, keys, usage};

/// Largest session file that is read.
const MAX_FILE: usize = 1024 * 1024;

/// Our private key: its file, or the variable that holds it.
const PRIVATE_KEY: [&str; 2] = PrivateKeyArg::FLAGS;

/// What the server returned with the token, and expects for it.
const STATED: [&str; 2] = ["account_number", "token_reference_id"];

/// The keys of a session.
pub(crate) enum Keys {
    /// The static payload secret.
    Static,
    /// A key agreed on P-256.
    Agreed(PayloadSecret),
    /// RSA.
    KeyTransport {
        /// As it came.
        server_pub_key: String,
        /// Where our private key is.
        private_key: Place,
    },
}

/// The content of a session file.
pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) keys: Keys,
    /// What it says about the server, and what the server returned with the token.
    pub(crate) values: Values,
}

/// Writes a session file that only its owner may read.
pub(crate) fn save(
    path: &Path,
    force: bool,
    settings: &Values,
    answer: &TokenAnswer,
    session_keys: &Keys,
) -> Result<(), Failure> {
    let mut members = BTreeMap::new();
    let mut keep = |name: String| -> Result<(), Failure> {
        if let Some(value) = settings.get(&name) {
            let text = kept(&name, &value.text)?;
            members.insert(name, text);
        }
        Ok(())
    };
    kept_settings::<ServerArgs>().try_for_each(&mut keep)?;
    let agreed = match session_keys {
        Keys::Static => {
            kept_settings::<SecretArgs>().try_for_each(keep)?;
            members.insert("channel".to_owned(), "static".to_owned());
            None
        }
        Keys::Agreed(secret) => {
            members.insert("channel".to_owned(), "agreed".to_owned());
            Some(secret.to_base64url())
        }
        Keys::KeyTransport {
            server_pub_key,
            private_key,
        } => {
            let name = PRIVATE_KEY[usize::from(private_key.is_variable)];
            members.insert(name.to_owned(), kept(name, &private_key.name)?);
            members.insert("server_pub_key".to_owned(), server_pub_key.clone());
            members.insert("channel".to_owned(), "key-transport".to_owned());
            None
        }
    };
    if let Some(expiry) = answer.token.expires_at() {
        members.insert("expires_at".to_owned(), rfc3339(expiry)?);
    }
    let stated = [&answer.account_number, &answer.token_reference_id];
    for (name, stated) in STATED.into_iter().zip(stated) {
        if let Some(text) = stated {
            members.insert(name.to_owned(), text.clone());
        }
    }
    let mut json = SecretBytes::new();
    let entries = members
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
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

/// The settings among some arguments that a later call needs. For secrets, only where they are.
fn kept_settings<A: Args>() -> impl Iterator<Item = String> {
    let command = A::augment_args(Command::new("kept"));
    let names: Vec<_> = settings_of(&command)
        .map(|arg| arg.get_id().to_string())
        .collect();
    // The deadline of a call does not belong to the session.
    names.into_iter().filter(|name| name != "timeout")
}

fn kept(name: &str, value: &OsStr) -> Result<String, Failure> {
    // A later run may start from another folder.
    let value = if name.ends_with("_file") || name == PRIVATE_KEY[0] {
        absolute(value)?
    } else {
        value.to_owned()
    };
    let text = value.into_string();
    text.map_err(|_| Failure::operation("a setting that the session keeps is not UTF-8"))
}

fn absolute(path: &OsStr) -> Result<OsString, Failure> {
    std::path::absolute(path)
        .map(PathBuf::into_os_string)
        .map_err(|error| Failure::operation(format!("cannot make a path absolute: {error}")))
}

/// The token and the keys of the session, or else those that the arguments name, if they name a token.
pub(crate) fn held(
    args: &SessionArgs,
    session: Option<Session>,
) -> Result<(Option<Token>, Keys), Failure> {
    if let Some(session) = session {
        return Ok((Some(session.token), session.keys));
    }
    if args.token.place().is_none() {
        return Ok((None, Keys::Static));
    }
    let token = keys::needed_text(&args.token, "the token")?;
    Ok((Some(Token::new(token, None)), Keys::Static))
}

/// The same for a call that needs a token.
pub(crate) fn needed(
    args: &SessionArgs,
    session: Option<Session>,
) -> Result<(Token, Keys), Failure> {
    let (token, keys) = held(args, session)?;
    let token = token.ok_or_else(|| usage::missing(&["session", "token_file", "token_env"]))?;
    Ok((token, keys))
}

impl Keys {
    /// The keys that seal and open bodies.
    pub(crate) fn channel(
        &self,
        secret: &SecretArgs,
        backend: &Backend,
    ) -> Result<Channel, Failure> {
        Ok(match self {
            Self::Static => Channel::from_secret(&keys::secret(secret)?, backend)?,
            Self::Agreed(secret) => Channel::from_secret(secret, backend)?,
            Self::KeyTransport {
                server_pub_key,
                private_key,
            } => {
                let pair = Arc::new(keys::private_key(private_key, None, backend)?);
                // RSA needs no derivation.
                Channel::establish(pair, server_pub_key, &Derivation::RawSharedSecret)?
            }
        })
    }
}

/// Reads a session file.
pub(crate) fn load(path: &Path) -> Result<Session, Failure> {
    let bytes = files::read_file(path, MAX_FILE, "--session")?;
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_slice(bytes.as_bytes()).map_err(|_| broken())?;
    let text = |name: &str| -> Result<Option<String>, Failure> {
        let raw = members.get(name);
        let text = raw.map(|raw| serde_json::from_str(raw.get()));
        text.transpose().map_err(|_| broken())
    };
    let needed = |name: &str| text(name)?.ok_or_else(broken);
    let mut values = Values::new();
    let kept = kept_settings::<ServerArgs>().chain(kept_settings::<SecretArgs>());
    for name in kept.chain(STATED.map(str::to_owned)) {
        if let Some(text) = text(&name)? {
            let from = from(&name);
            values.insert(name, Value::new(text, from));
        }
    }
    let keys = match needed("channel")?.as_str() {
        "static" => Keys::Static,
        "agreed" => {
            let secret = SecretText::from(needed("payload_secret")?);
            Keys::Agreed(PayloadSecret::from_base64url(secret.as_str())?)
        }
        "key-transport" => {
            let [file, variable] = PRIVATE_KEY;
            let (name, is_variable) = match text(file)? {
                Some(name) => (name, false),
                None => (needed(variable)?, true),
            };
            Keys::KeyTransport {
                server_pub_key: needed("server_pub_key")?,
                private_key: Place {
                    is_variable,
                    name: name.into(),
                    from: from(PRIVATE_KEY[usize::from(is_variable)]),
                },
            }
        }
        _ => return Err(broken()),
    };
    let token = SecretText::from(needed("token")?);
    Ok(Session {
        token: Token::new(token, None),
        keys,
        values,
    })
}

/// Names a member in messages.
fn from(name: &str) -> String {
    format!("`{name}` of the session")
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
