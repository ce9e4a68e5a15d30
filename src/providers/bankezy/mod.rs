//! BankEzy: token calls, and any other call, sealed both ways.
//!
//! The functions build requests and read answers; the caller sends them, or the crate
//! `bankezy-client` does. What the documentation states, shows and leaves open is in the README.

mod agreed;
mod answers;
mod endpoints;
mod outcome;
mod replies;
mod requests;
mod session;
mod token_api;

pub use agreed::AgreedSession;
pub use answers::{TokenAnswer, meaning};
pub use endpoints::{Call, Endpoint, Version};
pub use outcome::{Outcome, ResultCode};
pub use replies::{read, read_from, read_invalidated, read_token};
pub use requests::{AccountNumber, DateOfBirth, TokenRequest};
pub use session::{Renewal, Session, Verdict};
pub use token_api::{
    AppTokenApi, OnboardingApi, RenewApi, RenewRequest, UserTokenApi, UserTokenRequest,
};

use core::fmt;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Request, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::envelope::{Channel, to_json};
use crate::keys::{Derivation, KeyPair};
use crate::providers::fields::required;
use crate::providers::retry_after::date;
use crate::providers::token::sensitive;
use crate::providers::{BaseUrl, CallError, PlainError, RequestError, Token, UnexpectedReply};
use crate::secret::SecretBytes;
use answers::Answer;
use endpoints::Endpoints;
use replies::refuse_other_than_errors;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const X_API_TOKEN: HeaderName = HeaderName::from_static("x-api-token");
const X_ACCOUNT_NUMBER: HeaderName = HeaderName::from_static("x-account-number");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A BankEzy server and our API key with it.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::providers::BaseUrl;
/// use bankezy_crypto::providers::bankezy::{AccountNumber, BankEzy, TokenRequest, Version};
/// use bankezy_crypto::{Channel, PayloadCipher, PayloadSecret};
///
/// let base = BaseUrl::parse("https://api.example.com/kong")?;
/// let server = BankEzy::new(base, "api-key", Version::V2)?;
/// let channel = Channel::from(PayloadCipher::new(&PayloadSecret::generate()?)?);
/// let asked = TokenRequest::new("1", "sdk-public-key", "sdk-api-key", AccountNumber::new(1234)?)?;
/// let request = server.get_token_request(&asked, &channel)?;
/// assert_eq!(request.method(), "POST");
/// // Send it with any HTTP client, and read the answer with `read_get_token`.
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BankEzy {
    base: BaseUrl,
    api_key: HeaderValue,
    endpoints: Endpoints,
}

impl BankEzy {
    /// `api_key` goes into `X-API-KEY`; it and the base URL come with onboarding.
    ///
    /// # Errors
    /// [`RequestError::Field`] if the key cannot be the value of a header.
    pub fn new(base: BaseUrl, api_key: &str, version: Version) -> Result<Self, RequestError> {
        Ok(Self {
            base,
            api_key: sensitive(required("apiKey", api_key)?, "apiKey")?,
            endpoints: Endpoints::of(version),
        })
    }

    /// The host of the base URL.
    #[must_use]
    pub fn host(&self) -> &str {
        self.base.host()
    }

    /// Overrides method and path of a call.
    #[must_use]
    pub fn with_endpoint(mut self, call: Call, endpoint: Endpoint) -> Self {
        self.endpoints.set(call, endpoint);
        self
    }

    /// Method, path and options of a call of the token service, such as to change one of them by
    /// [`with_endpoint`](Self::with_endpoint).
    #[must_use]
    pub fn endpoint(&self, call: Call) -> &Endpoint {
        self.endpoints.get(call)
    }

    /// Get Token.
    ///
    /// # Errors
    /// As for [`Channel::seal`], and [`RequestError::Url`] if the path is not valid.
    pub fn get_token_request(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        self.sealed(self.endpoints.get(Call::GetToken), request, channel)
    }

    /// Onboarding user token: as Get Token, with the members for onboarding.
    ///
    /// # Errors
    /// As for [`get_token_request`](Self::get_token_request).
    pub fn onboarding_token_request(
        &self,
        request: &TokenRequest<'_>,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        self.sealed(self.endpoints.get(Call::OnboardingToken), request, channel)
    }

    /// Get App Token: sends our public key in clear and gets the server's, so it cannot be sealed
    /// with the key it agrees. [`AppTokenHandshake::finish`] reads the answer.
    ///
    /// # Errors
    /// [`RequestError::Field`] if a credential is empty.
    pub fn app_token_request(
        &self,
        credentials: &AppCredentials<'_>,
        key_pair: impl Into<Arc<KeyPair>>,
    ) -> Result<(Request<SecretBytes>, AppTokenHandshake), RequestError> {
        let key_pair = key_pair.into();
        let body = to_json(&AppTokenBody {
            api_key: required("apiKey", credentials.api_key)?,
            secret: required("secret", credentials.secret)?,
            public_key: &key_pair.public_key().to_wire(),
        })?;
        let request = self.request(self.endpoints.get(Call::AppToken), JSON, body)?;
        Ok((request, AppTokenHandshake::new(key_pair)))
    }

    /// Renew a token ahead of its expiry.
    ///
    /// The documentation names `X-ACCOUNT-NUMBER` for it. A token of Get App Token belongs to no
    /// account: give `None` then, which leaves the header out (inferred).
    ///
    /// # Errors
    /// As for [`get_token_request`](Self::get_token_request).
    pub fn renew_request(
        &self,
        token: &Token,
        account_number: impl Into<Option<AccountNumber>>,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        let body = Member("token", token.as_str());
        let mut request = self.sealed(self.endpoints.get(Call::Renew), &body, channel)?;
        let headers = request.headers_mut();
        headers.insert(X_API_TOKEN, token.header("token")?);
        if let Some(account_number) = account_number.into() {
            let digits = sensitive(account_number.digits().as_str(), "accountNumber")?;
            headers.insert(X_ACCOUNT_NUMBER, digits);
        }
        Ok(request)
    }

    /// Invalidate a token by its [`token_reference_id`](TokenAnswer::token_reference_id).
    ///
    /// The documentation names no `X-API-TOKEN` for it, which is enough under the static payload
    /// secret. Under the key of a session the server has to know which session it is: give the
    /// token then (inferred).
    ///
    /// # Errors
    /// As for [`get_token_request`](Self::get_token_request), and [`RequestError::Field`] if the reference is empty.
    pub fn invalidate_request(
        &self,
        token_reference_id: &str,
        token: Option<&Token>,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        let reference = required("tokenReferenceId", token_reference_id)?;
        let body = Member("tokenReferenceId", reference);
        let mut request = self.sealed(self.endpoints.get(Call::Invalidate), &body, channel)?;
        if let Some(token) = token {
            request
                .headers_mut()
                .insert(X_API_TOKEN, token.header("token")?);
        }
        Ok(request)
    }

    /// Any other call, with any JSON: a path, which is `POST`, or an [`Endpoint`].
    ///
    /// # Errors
    /// As for [`get_token_request`](Self::get_token_request), and [`RequestError::Envelope`] if the body cannot be written.
    pub fn call_request<T: Serialize + ?Sized>(
        &self,
        endpoint: impl Into<Endpoint>,
        body: &T,
        token: &Token,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        let mut request = self.sealed(&endpoint.into(), body, channel)?;
        request
            .headers_mut()
            .insert(X_API_TOKEN, token.header("token")?);
        Ok(request)
    }

    fn sealed<T: Serialize + ?Sized>(
        &self,
        endpoint: &Endpoint,
        body: &T,
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        self.sealed_text(endpoint, to_json(body)?.as_bytes(), channel)
    }

    fn sealed_text(
        &self,
        endpoint: &Endpoint,
        body: &[u8],
        channel: &Channel,
    ) -> Result<Request<SecretBytes>, RequestError> {
        let mut sealed = Vec::new();
        channel.seal_to_bytes(body, &mut sealed)?;
        self.request(endpoint, TEXT, sealed.into())
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        content_type: HeaderValue,
        body: SecretBytes,
    ) -> Result<Request<SecretBytes>, RequestError> {
        let mut request = Request::new(body);
        *request.method_mut() = endpoint.method.clone();
        *request.uri_mut() = self.base.join(&endpoint.path)?;
        request.headers_mut().insert(CONTENT_TYPE, content_type);
        request
            .headers_mut()
            .insert(X_API_KEY, self.api_key.clone());
        endpoint.options.apply(&mut request)?;
        Ok(request)
    }
}

impl fmt::Debug for BankEzy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankEzy({:?}, [redacted])", self.base)
    }
}

/// What Get App Token identifies the app with. They travel in clear, inside TLS alone.
#[derive(Clone, Copy)]
pub struct AppCredentials<'a> {
    /// `apiKey`.
    pub api_key: &'a str,
    /// `secret`.
    pub secret: &'a str,
}

impl fmt::Debug for AppCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppCredentials([redacted])")
    }
}

/// Our half of a key exchange under way.
#[derive(Debug)]
pub struct AppTokenHandshake {
    key_pair: Arc<KeyPair>,
}

/// What Get App Token leads to: a token, and the channel for further calls.
#[derive(Debug)]
#[non_exhaustive]
pub struct AppSession {
    /// The answer.
    pub answer: TokenAnswer,
    /// Under the key just agreed, or under RSA key transport if our key is RSA: BankEzy's public pages
    /// show only P-256, RSA is this crate's own.
    pub channel: Channel,
}

impl AppSession {
    /// A session from its parts, for example for tests.
    #[must_use]
    pub fn new(answer: TokenAnswer, channel: Channel) -> Self {
        Self { answer, channel }
    }
}

impl AppTokenHandshake {
    /// Under way with this key pair, whose public key was sent.
    #[must_use]
    pub fn new(key_pair: impl Into<Arc<KeyPair>>) -> Self {
        let key_pair = key_pair.into();
        Self { key_pair }
    }

    /// Reads the answer, which is unencrypted JSON as documented for this call alone, and establishes the channel.
    /// Only TLS authenticates it: a wrong key shows at the first call.
    ///
    /// # Errors
    /// As for [`read_token`]; [`CallError::Envelope`] if the server's key is refused.
    pub fn finish<B: AsRef<[u8]>>(
        self,
        response: &Response<B>,
        derivation: &Derivation<'_>,
    ) -> Result<AppSession, CallError> {
        let (status, body) = (response.status(), response.body().as_ref());
        if !status.is_success() {
            refuse_other_than_errors(response)?;
            return Err(CallError::Plain(PlainError::new(response)));
        }
        let answer = Answer::parse(body, status).map_err(|error| {
            let problem = UnexpectedReply::of(response);
            problem.map_or(error, |problem| CallError::unexpected(status, problem))
        });
        let answer = answer.and_then(|answer| answer.token(Call::AppToken));
        let answer = answer.map_err(|error| error.with_text_of(response))?;
        let answer = answer.stated_at(date(response.headers()));
        let server = answer.server_public_key.as_deref();
        let member = "serverPubKey";
        let server = server.ok_or_else(|| {
            let problem = UnexpectedReply::Missing { member };
            CallError::unexpected(status, problem).with_text_of(response)
        })?;
        let channel = Channel::establish(self.key_pair, server, derivation)?;
        Ok(AppSession { answer, channel })
    }
}

struct AppTokenBody<'a> {
    api_key: &'a str,
    public_key: &'a str,
    secret: &'a str,
}

impl Serialize for AppTokenBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("apiKey", self.api_key)?;
        map.serialize_entry("publicKey", self.public_key)?;
        map.serialize_entry("secret", self.secret)?;
        map.end()
    }
}

/// An object of one member.
struct Member<'a>(&'static str, &'a str);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, self.1)])
    }
}
