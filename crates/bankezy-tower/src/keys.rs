//! The keys of a request: the same for all, or looked up for each.

use bankezy_crypto::{Channel, Error, Opened, OpenedByKey};
use http::Extensions;
use http::request::Parts;

use super::lookup::{LookedUpKeys, Principal};
use super::refusal::Refusal;

/// Where a layer's keys come from.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    Same(Channel),
    LookedUp(LookedUpKeys),
}

/// The keys of one request.
pub(super) struct RequestKeys {
    pub(super) channel: Channel,
    found: Lookup,
}

enum Lookup {
    NotNeeded,
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

    pub(super) async fn of(&self, request: &Parts) -> Result<RequestKeys, Refusal> {
        let keys = match self {
            Self::LookedUp(keys) => keys,
            Self::Same(channel) => {
                return Ok(RequestKeys {
                    channel: channel.clone(),
                    found: Lookup::NotNeeded,
                });
            }
        };
        Ok(match keys.find(request).await? {
            Some(found) => RequestKeys {
                channel: found.channel,
                found: Lookup::Found(found.principal),
            },
            None => RequestKeys {
                channel: keys.decoy().clone(),
                found: Lookup::NotFound,
            },
        })
    }
}

impl RequestKeys {
    /// Opens a request, and hands its principal to the handlers. Gives back what seals the answer, too.
    pub(super) fn open(
        self,
        sealed: &[u8],
        extensions: &mut Extensions,
    ) -> Result<(Opened, OpenedByKey, Channel), Refusal> {
        let opened = self.channel.open_by_key(sealed);
        match (self.found, opened) {
            (Lookup::NotFound, _) => Err(Refusal::UnknownKey),
            (found, Ok((opened, by_key))) => {
                if let Lookup::Found(principal) = found {
                    principal(extensions);
                }
                Ok((opened, by_key, self.channel))
            }
            // Their limit is lower than the layer's. Of looked up keys it would tell that they were found.
            (Lookup::NotNeeded, Err(Error::SealedTooLong { max, .. })) => {
                Err(Refusal::RequestTooLong { max })
            }
            (_, Err(error)) => Err(Refusal::NotOpened { error }),
        }
    }
}
