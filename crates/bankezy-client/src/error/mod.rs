//! What can go wrong between a request and its response, and whether the server may have received it.

mod client;
mod provider;

pub use bankezy_crypto::providers::{ConnectProblem, Setting, TlsProblem, TokenProblem};
pub use client::{ClientError, ClientErrorKind};
pub use provider::ProviderError;

use bankezy_crypto::Error;
use bankezy_crypto::providers::{CallError, ServerHeaders, UrlProblem};

/// The errors that `?` turns into one of this crate's.
macro_rules! from {
    ($($source:ty => $error:ty, $it:ident => $made:expr;)*) => {$(
        impl From<$source> for $error {
            fn from($it: $source) -> Self {
                $made
            }
        }
    )*};
}

from! {
    UrlProblem => ClientError, it => Self::not_sent(ClientErrorKind::Url(it));
    ConnectProblem => ClientError, it => Self::not_sent(ClientErrorKind::Connect(it));
    Setting => ClientError, it => Self::not_sent(ClientErrorKind::Configuration(it));
    Error => ProviderError, it => Self::Request(it.into());
    CallError => ProviderError, it => Self::Answer(it, ServerHeaders::default());
    TokenProblem => ProviderError, it => Self::Token(it);
}
