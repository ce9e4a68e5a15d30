//! Keys that are looked up for each request.

use core::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bankezy_crypto::Channel;
#[cfg(feature = "aws-lc-rs")]
use bankezy_crypto::{Error, PayloadCipher, PayloadSecret};
use http::Extensions;
use http::request::Parts;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::limits::semaphore;
use super::refusal::Refusal;
use super::unavailable::Unavailable;
use super::unknown::Unknown;

const DEFAULT_DEADLINE: Duration = Duration::from_secs(2);
const DEFAULT_MAX_LOOKUPS: usize = 64;
const DEFAULT_UNKNOWN_TIME: Duration = Duration::from_secs(10);
const DEFAULT_MAX_UNKNOWN: usize = 10_000;

/// Finds the keys of a request by what names them: an API key, a session token or the path.
///
/// ```
/// use std::collections::HashMap;
///
/// use bankezy_crypto::Channel;
/// use bankezy_tower::{FoundKeys, KeyLookup, Unavailable, only_header};
/// use http::request::Parts;
///
/// #[derive(Clone)]
/// struct Partner(u32);
///
/// /// In real life a database, and in front of it the ciphers that are in use.
/// struct Partners(HashMap<String, (Partner, Channel)>);
///
/// impl KeyLookup for Partners {
///     type Principal = Partner;
///
///     fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str> {
///         only_header(request, "x-api-key")
///     }
///
///     async fn find(&self, api_key: &str) -> Result<Option<FoundKeys<Partner>>, Unavailable> {
///         let partner = self.0.get(api_key).cloned();
///         Ok(partner.map(|(partner, channel)| {
///             FoundKeys::new(partner.0.to_string(), channel, partner)
///         }))
///     }
/// }
/// ```
pub trait KeyLookup: Send + Sync + 'static {
    /// Whom the keys belong to. The handler gets it as an extension of the request once the body was opened. One
    /// that is already there is removed.
    type Principal: Clone + Send + Sync + 'static;

    /// The one value of the request that names its keys. `None` if there is none, or more than one: the request
    /// is then refused like one under an unknown key.
    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str>;

    /// Finds the keys that an identifier names, or `None` if there are none. It is not authenticated: anyone can
    /// send it.
    ///
    /// Return clones of one [`Channel`] for one key. A cipher counts the messages that it has sealed, so one
    /// that is made anew for each request counts from zero each time.
    fn find(
        &self,
        identifier: &str,
    ) -> impl Future<Output = Result<Option<FoundKeys<Self::Principal>>, Unavailable>> + Send;
}

/// What a [`KeyLookup`] found.
#[derive(Debug, Clone)]
pub struct FoundKeys<P> {
    key_id: Arc<str>,
    channel: Channel,
    principal: P,
}

impl<P> FoundKeys<P> {
    /// Keys, what names them, and whom they belong to.
    ///
    /// `key_id` is no secret. It has to be the same for the same keys, whatever identifier they were found by,
    /// and another one for others: the [`ReplayGuard`](super::ReplayGuard) tells by it whose messages are alike. A
    /// layer with the same keys that shares the guard needs the same
    /// [`key_id`](super::SealedServerLayer::new_with_key_id).
    #[must_use]
    pub fn new(key_id: impl Into<Arc<str>>, channel: impl Into<Channel>, principal: P) -> Self {
        Self {
            key_id: key_id.into(),
            channel: channel.into(),
            principal,
        }
    }
}

/// The value of a header, if it is there exactly once, is visible ASCII and not empty.
#[must_use]
pub fn only_header<'r>(request: &'r Parts, name: &str) -> Option<&'r str> {
    let mut values = request.headers.get_all(name).iter();
    let (Some(only), None) = (values.next(), values.next()) else {
        return None;
    };
    only.to_str().ok().filter(|value| !value.is_empty())
}

/// A [`KeyLookup`] and its limits, for
/// [`SealedServerLayer::from_lookup`](super::SealedServerLayer::from_lookup).
///
/// A request whose keys are not found is opened all the same, with a random key that is made here: it gets the
/// same answer as one that does not open under keys that were found, after the same work as under one key. A
/// [`KeyRing`](bankezy_crypto::KeyRing) tries each of its keys, which takes longer. The time of the lookup is not
/// hidden either: how long it takes is up to its implementation, and an identifier that was unknown a moment ago is
/// not looked up again: while lookups fail it gets their 503, from the first failure on. A body that no key opens, because it is no compact JWE, is refused without a lookup.
#[derive(Clone)]
pub struct LookedUpKeys {
    lookup: Arc<dyn ErasedLookup>,
    decoy: Channel,
    lookups: Arc<Semaphore>,
    deadline: Duration,
    unknown: Arc<Unknown>,
    /// Why the last lookup failed, if it did.
    failing: Arc<Mutex<Option<Refusal>>>,
    unknown_time: Duration,
    max_unknown: usize,
}

impl LookedUpKeys {
    /// For keys that are payload secrets, on the default backend.
    ///
    /// # Errors
    /// [`Error::Randomness`] or [`Error::Backend`] if no random key can be made.
    #[cfg(feature = "aws-lc-rs")]
    pub fn new(lookup: impl KeyLookup) -> Result<Self, Error> {
        let decoy = PayloadCipher::new(&PayloadSecret::generate()?)?;
        Ok(Self::with_decoy(lookup, decoy))
    }

    /// For keys of any kind. `decoy` takes the place of keys that are not found: a random one of the same kind
    /// and backend, so that it takes the same work.
    #[must_use]
    pub fn with_decoy(lookup: impl KeyLookup, decoy: impl Into<Channel>) -> Self {
        Self {
            lookup: Arc::new(lookup),
            decoy: decoy.into(),
            lookups: semaphore(DEFAULT_MAX_LOOKUPS),
            deadline: DEFAULT_DEADLINE,
            unknown: Arc::new(Unknown::new(DEFAULT_MAX_UNKNOWN, DEFAULT_UNKNOWN_TIME)),
            failing: Arc::default(),
            unknown_time: DEFAULT_UNKNOWN_TIME,
            max_unknown: DEFAULT_MAX_UNKNOWN,
        }
    }

    /// Refuses a request with 503 if its keys have not been found by then. Default: 2 s.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Does at most `max` lookups at once. More wait, within their deadlines. Default: 64.
    #[must_use]
    pub fn with_max_lookups(mut self, max: usize) -> Self {
        self.lookups = semaphore(max);
        self
    }

    /// Looks up an identifier that was unknown again after this time at the latest: until then a new key is not
    /// found if its identifier was tried before. Zero remembers none. Default: 10 s.
    #[must_use]
    pub fn with_unknown_time(mut self, time: Duration) -> Self {
        self.unknown_time = time;
        self.remembering()
    }

    /// Remembers at most `max` unknown identifiers; with more, the oldest are looked up again. They are kept in two
    /// halves, so with 0 or 1 none is remembered. Default: 10,000.
    #[must_use]
    pub fn with_max_unknown(mut self, max: usize) -> Self {
        self.max_unknown = max;
        self.remembering()
    }

    fn remembering(mut self) -> Self {
        self.unknown = Arc::new(Unknown::new(self.max_unknown, self.unknown_time));
        self
    }

    pub(super) fn decoy(&self) -> &Channel {
        &self.decoy
    }

    /// Removes a principal that is not from this lookup.
    pub(super) fn forget(&self, extensions: &mut Extensions) {
        self.lookup.forget(extensions);
    }

    pub(super) async fn find(&self, request: &Parts) -> Result<Option<Found>, Refusal> {
        let Some(identifier) = self.lookup.identifier(request) else {
            return Ok(None);
        };
        if self.unknown.contains(identifier) {
            // A known one would be looked up, and the status must not tell.
            return self.failing().clone().map_or(Ok(None), Err);
        }
        let looking_up = async {
            // It is never closed.
            let _place = self.lookups.acquire().await.map_err(|_| Unavailable)?;
            self.lookup.find(identifier).await
        };
        let found = match timeout(self.deadline, looking_up).await {
            Ok(found) => found.map_err(|Unavailable| Refusal::LookupFailed),
            Err(_) => Err(Refusal::LookupTimedOut),
        };
        *self.failing() = found.as_ref().err().cloned();
        if let Ok(None) = found {
            self.unknown.insert(identifier);
        }
        found
    }

    fn failing(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for LookedUpKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookedUpKeys")
            .field("deadline", &self.deadline)
            .field("unknown_time", &self.unknown_time)
            .field("max_unknown", &self.max_unknown)
            .finish_non_exhaustive()
    }
}

/// Keys without the type of their principal.
pub(super) struct Found {
    pub(super) key_id: Arc<str>,
    pub(super) channel: Channel,
    pub(super) principal: Principal,
}

/// Puts it among the extensions of a request.
pub(super) type Principal = Box<dyn FnOnce(&mut Extensions) + Send>;
type Finding<'a> = Pin<Box<dyn Future<Output = Result<Option<Found>, Unavailable>> + Send + 'a>>;

/// A [`KeyLookup`] without the type of its principals.
trait ErasedLookup: Send + Sync {
    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str>;
    fn find<'a>(&'a self, identifier: &'a str) -> Finding<'a>;
    fn forget(&self, extensions: &mut Extensions);
}

impl<L: KeyLookup> ErasedLookup for L {
    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str> {
        KeyLookup::identifier(self, request)
    }

    fn find<'a>(&'a self, identifier: &'a str) -> Finding<'a> {
        Box::pin(async move {
            let found = KeyLookup::find(self, identifier).await?;
            Ok(found.map(|found| Found {
                key_id: found.key_id,
                channel: found.channel,
                principal: Box::new(move |extensions| {
                    extensions.insert(found.principal);
                }),
            }))
        })
    }

    fn forget(&self, extensions: &mut Extensions) {
        extensions.remove::<L::Principal>();
    }
}
