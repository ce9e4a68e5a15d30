//! Sardine: a token for the identity documents of a session, with Incode or Au10tix behind it.
//!
//! | | |
//! |---|---|
//! | `POST <base>/v1/identity-documents/tokens`, Basic authentication | stated |
//! | the sandbox is at [`SANDBOX_BASE_URL`] | stated |
//! | where production is | not documented on the pages that this crate was written from: the caller gives the base
//! URL |
//! | `sessionKey` has at most 100 characters | stated |
//! | `platform` is `android` or `ios`, and no closed list | stated |
//! | `expires_in` is in seconds | stated |
//! | how it refuses | not documented, so every refusal is a [`PlainError`](super::PlainError) |
//! | a number written as a string is one | inferred: tolerated as BankEzy needs it |

use core::fmt;
use std::borrow::Cow;
use std::time::SystemTime;

use base64ct::{Base64, Encoding as _};
use http::{HeaderValue, Request, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::codec::json::Object;
use crate::envelope::to_json;
use crate::providers::fields::{at_most, credential, required};
use crate::providers::plain_json::{PlainJsonAnswer, post_json};
use crate::providers::token::sensitive;
use crate::providers::{
    BaseUrl, CachedTokenApi, CallError, FieldProblem, RequestError, Token, TokenApi, TokenKey,
};
use crate::secret::{SecretBytes, SecretText};

/// Where Sardine's sandbox is, as documented.
pub const SANDBOX_BASE_URL: &str = "https://api.sandbox.sardine.ai";

const MAX_SESSION_KEY: usize = 100;

/// Sardine's API and our credentials with it.
pub struct Sardine {
    base: BaseUrl,
    client_id: SecretText,
    client_secret: SecretText,
}

/// The session and the customer that a token is for.
pub struct TokenRequest {
    session_key: SecretText,
    customer_id: Option<String>,
    platform: Option<Platform>,
    provider: Option<Provider>,
}

/// The platform on which the documents are captured. Two are documented, "not an enum".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform(Cow<'static, str>);

/// Who reads the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider(Cow<'static, str>);

/// What Sardine answered. `Debug` shows nothing of it.
#[non_exhaustive]
pub struct TokenAnswer {
    /// `access_token`, `token_type` and `expires_in`.
    pub token: Token,
    /// `scope`, such as `mobilesdk`.
    pub scope: Option<String>,
    /// `incode_sdk_base_url`, with Incode: a URL as it came, not checked.
    pub incode_sdk_base_url: Option<String>,
    /// `verification_id`, with Incode.
    pub verification_id: Option<String>,
}

impl TokenAnswer {
    /// A token and nothing else: the other members are `None` and can be set.
    #[must_use]
    pub fn new(token: Token) -> Self {
        Self {
            token,
            scope: None,
            incode_sdk_base_url: None,
            verification_id: None,
        }
    }
}

impl Sardine {
    /// `base` is [`SANDBOX_BASE_URL`], or what Sardine gives for production.
    ///
    /// # Errors
    /// [`RequestError::Field`] if a credential is empty or holds a control character, or the client's
    /// identifier a colon (RFC 7617 section 2).
    pub fn new(base: BaseUrl, client_id: &str, client_secret: &str) -> Result<Self, RequestError> {
        if client_id.contains(':') {
            return Err(RequestError::field("clientId", FieldProblem::Colon));
        }
        Ok(Self {
            base,
            client_id: credential("clientId", client_id)?,
            client_secret: credential("clientSecret", client_secret)?,
        })
    }

    /// Basic authentication (RFC 7617 section 2), encoded in constant time and each step wiped.
    fn authorization(&self) -> Result<HeaderValue, RequestError> {
        let (id, secret) = (self.client_id.as_str(), self.client_secret.as_str());
        // `concat` allocates once: no part of a secret stays behind where a text has moved.
        let credentials = SecretText::from([id, ":", secret].concat());
        let encoded = SecretText::from(Base64::encode_string(credentials.as_str().as_bytes()));
        let value = SecretText::from(["Basic ", encoded.as_str()].concat());
        sensitive(value.as_str(), "clientSecret")
    }
}

impl TokenRequest {
    /// `session_key` is the caller's for this session, short-lived, of at most 100 characters.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it is empty or longer.
    pub fn new(session_key: &str) -> Result<Self, RequestError> {
        let session_key = required("sessionKey", session_key)?;
        let session_key = at_most("sessionKey", session_key, MAX_SESSION_KEY)?;
        Ok(Self {
            session_key: session_key.to_owned().into(),
            customer_id: None,
            platform: None,
            provider: None,
        })
    }

    /// `customerId`.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it is empty.
    pub fn with_customer_id(mut self, customer_id: &str) -> Result<Self, RequestError> {
        self.customer_id = Some(required("customerId", customer_id)?.to_owned());
        Ok(self)
    }

    /// `platform`.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// `provider`.
    #[must_use]
    pub fn with_provider(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }
}

impl Platform {
    /// `android`.
    pub const ANDROID: Self = Self(Cow::Borrowed("android"));
    /// `ios`.
    pub const IOS: Self = Self(Cow::Borrowed("ios"));

    /// By its name, documented or not.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it is empty.
    pub fn new(name: &str) -> Result<Self, RequestError> {
        Ok(Self(required("platform", name)?.to_owned().into()))
    }
}

impl Provider {
    /// `incode`.
    pub const INCODE: Self = Self(Cow::Borrowed("incode"));
    /// `au10tix`.
    pub const AU10TIX: Self = Self(Cow::Borrowed("au10tix"));

    /// By its name, documented or not.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it is empty.
    pub fn new(name: &str) -> Result<Self, RequestError> {
        Ok(Self(required("provider", name)?.to_owned().into()))
    }
}

impl TokenApi for Sardine {
    type Request = TokenRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &TokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        let uri = self.base.join("/v1/identity-documents/tokens")?;
        Ok(post_json(uri, self.authorization()?, to_json(request)?))
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &TokenRequest,
        response: &Response<B>,
        asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        let no_form = |_: &Object<'_>| None;
        PlainJsonAnswer::read(response, no_form, |answer| {
            Ok(TokenAnswer {
                token: answer.access_token(asked_at)?,
                scope: answer.optional("scope"),
                incode_sdk_base_url: answer.optional("incode_sdk_base_url"),
                verification_id: answer.optional("verification_id"),
            })
        })
    }
}

impl CachedTokenApi for Sardine {
    fn key(&self, request: &TokenRequest) -> Result<TokenKey, RequestError> {
        Ok(TokenKey::of(&[
            b"sardine",
            self.base.as_str().as_bytes(),
            self.client_id.as_str().as_bytes(),
            self.client_secret.as_str().as_bytes(),
            to_json(request)?.as_bytes(),
        ])?)
    }
}

impl Serialize for TokenRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sessionKey", self.session_key.as_str())?;
        let optional = [
            ("customerId", self.customer_id.as_deref()),
            ("platform", self.platform.as_ref().map(|it| &*it.0)),
            ("provider", self.provider.as_ref().map(|it| &*it.0)),
        ];
        for (name, text) in optional {
            if let Some(text) = text {
                map.serialize_entry(name, text)?;
            }
        }
        map.end()
    }
}

impl AsRef<Token> for TokenAnswer {
    fn as_ref(&self) -> &Token {
        &self.token
    }
}

impl fmt::Debug for Sardine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sardine({:?}, [redacted])", self.base)
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRequest([redacted])")
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenAnswer([redacted])")
    }
}
