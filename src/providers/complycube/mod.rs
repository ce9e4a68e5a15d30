//! ComplyCube: a token for its Web or Mobile SDK, for one client.
//!
//! | | |
//! |---|---|
//! | `POST https://api.complycube.com/v1/tokens` with the live or test key as it is in `Authorization` | stated |
//! | `clientId`, and `referrer` for the Web SDK or `appId` for the Mobile SDK | stated |
//! | `referrer` is a Chrome match pattern | stated, see [`MatchPattern`] |
//! | how long a token lasts | not documented, so [`Token::expires_at`] is `None` |
//! | refusals have `type`, `message` and perhaps `param` | shown, see [`Refusal`] |

mod match_pattern;
mod refusal;

pub use match_pattern::MatchPattern;
pub use refusal::{ErrorKind, Param, Refusal};

use core::fmt;
use std::time::SystemTime;

use http::{Request, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::codec::json::Object;
use crate::envelope::to_json;
use crate::providers::fields::{credential, required};
use crate::providers::plain_json::{PlainJsonAnswer, post_json};
use crate::providers::token::sensitive;
use crate::providers::{
    self, BaseUrl, CachedTokenApi, CallError, RequestError, Token, TokenApi, TokenKey,
};
use crate::secret::{SecretBytes, SecretText};

/// Where ComplyCube's API is, as documented.
pub const BASE_URL: &str = "https://api.complycube.com";

/// ComplyCube's API and our key with it.
pub struct ComplyCube {
    base: BaseUrl,
    api_key: SecretText,
}

/// The client that a token is for, and where it is used.
pub struct TokenRequest {
    client_id: String,
    sdk: Sdk,
}

/// Which SDK uses the token, and where.
#[derive(Clone, PartialEq, Eq)]
pub enum Sdk {
    /// The Web SDK.
    Web {
        /// `referrer`: the pages that use it.
        referrer: MatchPattern,
    },
    /// The Mobile SDK.
    Mobile {
        /// `appId`: the application's or bundle's identifier on iOS or Android.
        app_id: String,
    },
}

impl ComplyCube {
    /// At [`BASE_URL`], with a live or a test key: the key decides which it is.
    ///
    /// # Errors
    /// [`RequestError::Field`] if the key is empty or holds a control character.
    pub fn new(api_key: &str) -> Result<Self, RequestError> {
        Ok(Self {
            base: BaseUrl::parse(BASE_URL)?,
            api_key: credential("apiKey", api_key)?,
        })
    }

    /// At another base URL.
    #[must_use]
    pub fn with_base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }
}

impl TokenRequest {
    /// For the client that ComplyCube knows by this identifier.
    ///
    /// # Errors
    /// [`RequestError::Field`] if the client's or the application's identifier is empty.
    pub fn new(client_id: &str, sdk: Sdk) -> Result<Self, RequestError> {
        if let Sdk::Mobile { app_id } = &sdk {
            required("appId", app_id)?;
        }
        Ok(Self {
            client_id: required("clientId", client_id)?.to_owned(),
            sdk,
        })
    }
}

impl TokenApi for ComplyCube {
    type Request = TokenRequest;
    type Answer = Token;

    fn request(&self, request: &TokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        let authorization = sensitive(self.api_key.as_str(), "apiKey")?;
        let uri = self.base.join("/v1/tokens")?;
        Ok(post_json(uri, authorization, to_json(request)?))
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &TokenRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<Token, CallError> {
        let refusal =
            |members: &Object<'_>| Refusal::read(members).map(providers::Refusal::ComplyCube);
        PlainJsonAnswer::read(response, refusal, |answer| answer.token("token", None))
    }
}

impl CachedTokenApi for ComplyCube {
    fn key(&self, request: &TokenRequest) -> Result<TokenKey, RequestError> {
        Ok(TokenKey::of(&[
            b"complycube",
            self.base.as_str().as_bytes(),
            self.api_key.as_str().as_bytes(),
            to_json(request)?.as_bytes(),
        ])?)
    }
}

impl Serialize for TokenRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("clientId", &self.client_id)?;
        match &self.sdk {
            Sdk::Web { referrer } => map.serialize_entry("referrer", referrer.as_str())?,
            Sdk::Mobile { app_id } => map.serialize_entry("appId", app_id)?,
        }
        map.end()
    }
}

impl fmt::Debug for ComplyCube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ComplyCube({:?}, [redacted])", self.base)
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRequest([redacted])")
    }
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Web { .. } => "Sdk::Web([redacted])",
            Self::Mobile { .. } => "Sdk::Mobile([redacted])",
        })
    }
}
