//! The keys of a request: the same for all, or looked up for each.

use std::sync::Arc;

use bankezy_crypto::{Channel, Error, Opened, OpenedByKey};
use http::Extensions;
use http::request::Parts;

use super::form::nonce_and_tag;
use super::lookup::{LookedUpKeys, Principal};
use super::refusal::Refusal;
use super::replay::Kind;

/// Where a layer's keys come from.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    Same {
        channel: Channel,
        /// As the caller names them.
        key_id: Option<Arc<str>>,
    },
    LookedUp(LookedUpKeys),
}

/// The keys of one request.
pub(super) struct RequestKeys {
    channel: Channel,
    /// As the caller or the lookup names them.
    key_id: Option<Arc<str>>,
    found: Lookup,
}

enum Lookup {
    NotNeeded,
    /// The text does not have the form of a sealed one: no key opens it.
    NotAsked,
    NotFound,
    Found(Principal),
}

impl Keys {
    /// Removes a principal that the lookup of this layer did not find.
    pub(super) fn forget(&self, extensions: &mut Extensions) {
        if let Self::LookedUp(keys) = self {
            keys.forget(extensions);
        }
    }

    pub(super) fn are_looked_up(&self) -> bool {
        matches!(self, Self::LookedUp(_))
    }

    /// A lookup is asked only for what can be opened.
    pub(super) async fn of(&self, request: &Parts, sealed: &[u8]) -> Result<RequestKeys, Refusal> {
        let keys = match self {
            Self::LookedUp(keys) => keys,
            Self::Same { channel, key_id } => {
                return Ok(RequestKeys {
                    channel: channel.clone(),
                    key_id: key_id.clone(),
                    found: Lookup::NotNeeded,
                });
            }
        };
        let decoy = |found| RequestKeys {
            channel: keys.decoy().clone(),
            key_id: None,
            found,
        };
        if nonce_and_tag(sealed).is_none() {
            return Ok(decoy(Lookup::NotAsked));
        }
        Ok(match keys.find(request).await? {
            Some(found) => RequestKeys {
                channel: found.channel,
                key_id: Some(found.key_id),
                found: Lookup::Found(found.principal),
            },
            None => decoy(Lookup::NotFound),
        })
    }
}

/// What an answer is sealed with.
pub(super) struct AnswerKeys {
    channel: Channel,
    key_id: Option<Arc<str>>,
    /// The key that opened the request, if it was sealed.
    pub(super) by_key: Option<OpenedByKey>,
}

impl RequestKeys {
    /// Opens a request, and hands its principal to the handlers.
    pub(super) fn open(
        self,
        sealed: &[u8],
        extensions: &mut Extensions,
    ) -> Result<(Opened, AnswerKeys), Refusal> {
        let opened = self.channel.open_by_key(sealed);
        match (self.found, opened) {
            // What a decoy opens is of nobody.
            (Lookup::NotFound, _) | (Lookup::NotAsked, Ok(_)) => Err(Refusal::UnknownKey),
            (found, Ok((opened, by_key))) => {
                if let Lookup::Found(principal) = found {
                    principal(extensions);
                }
                let answering = AnswerKeys {
                    channel: self.channel,
                    key_id: self.key_id,
                    by_key: Some(by_key),
                };
                Ok((opened, answering))
            }
            // Their limit is lower than the layer's. Of looked up keys it would tell that they were found.
            (Lookup::NotNeeded, Err(Error::SealedTooLong { max, .. })) => {
                Err(Refusal::RequestTooLong { max })
            }
            (_, Err(error)) => Err(Refusal::NotOpened { error }),
        }
    }

    /// For the answer to a request that was not sealed.
    pub(super) fn not_opened(self) -> AnswerKeys {
        AnswerKeys {
            channel: self.channel,
            key_id: self.key_id,
            by_key: None,
        }
    }
}

impl AnswerKeys {
    pub(super) fn key_id(&self) -> &str {
        self.key_id.as_deref().unwrap_or_default()
    }

    pub(super) fn kind_of_answer(&self) -> Kind {
        match self.by_key {
            Some(_) => Kind::Answer,
            None => Kind::AnswerToStranger,
        }
    }

    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, Refusal> {
        let (mut sealed, by_key) = (Vec::new(), self.by_key.as_ref());
        self.channel
            .seal_answer_to_bytes(by_key, plaintext, &mut sealed)
            .map_err(|error| Refusal::NotSealed { error })?;
        Ok(sealed)
    }
}
