//! The calls that give a token, each as a [`TokenApi`].

use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::{Request, Response};

use super::requests::{REFERENCE, fresh_reference};
use super::{
    AccountNumber, AppCredentials, AppSession, AppTokenHandshake, BankEzy, Call, TokenAnswer,
    TokenRequest, read_token,
};
use crate::envelope::{Channel, Seal as _, to_json};
use crate::keys::{Derivation, KeyPair};
use crate::providers::fields::required;
use crate::providers::{CachedTokenApi, CallError, RequestError, Token, TokenApi, TokenKey};
use crate::secret::{SecretBytes, SecretText};

/// Get Token.
#[derive(Debug)]
pub struct UserTokenApi {
    server: Arc<BankEzy>,
    channel: Channel,
}

/// Onboarding user token. It creates a user, so its tokens are not for a cache, which would onboard the user again.
#[derive(Debug)]
pub struct OnboardingApi {
    server: Arc<BankEzy>,
    channel: Channel,
}

/// The body of Get Token or of the onboarding user token, owned and wiped on drop. Each request of Get Token that is
/// made of it has a `referenceId` of its own, a random UUID, since a token call never uses a reference twice. Those of
/// the onboarding user token have the caller's, so that the server can tell a repeat from another onboarding.
pub struct UserTokenRequest {
    /// Under the caller's reference.
    body: SecretBytes,
    /// Where all but the reference begins.
    members_at: usize,
}

/// Renew. It is for no cache: the renewed token would be found in it once, and its request would be refused after that.
///
/// ```compile_fail,E0277
/// # use bankezy_crypto::providers::{CachedTokenApi, bankezy::*};
/// fn cache<A: CachedTokenApi>() {}
/// cache::<UserTokenApi>();
/// cache::<RenewApi>(); // the trait bound `RenewApi: CachedTokenApi` is not satisfied
/// ```
#[derive(Debug)]
pub struct RenewApi {
    server: Arc<BankEzy>,
    channel: Channel,
}

/// Which token is renewed.
#[derive(Debug)]
pub struct RenewRequest {
    token: Arc<Token>,
    account_number: Option<AccountNumber>,
}

/// Get App Token. Its request is our key pair, which the channel of the answer is agreed with.
pub struct AppTokenApi {
    server: Arc<BankEzy>,
    api_key: SecretText,
    secret: SecretText,
    derivation: Derivation<'static>,
}

impl UserTokenApi {
    /// Get Token.
    #[must_use]
    pub fn get_token(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self {
            server: server.into(),
            channel: channel.into(),
        }
    }
}

impl OnboardingApi {
    /// Onboarding user token.
    #[must_use]
    pub fn new(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self {
            server: server.into(),
            channel: channel.into(),
        }
    }
}

impl UserTokenRequest {
    /// Takes a copy of what the request says.
    ///
    /// # Errors
    /// [`RequestError::Envelope`] if it cannot be written.
    pub fn new(request: &TokenRequest<'_>) -> Result<Self, RequestError> {
        let (whole, unnamed) = (
            to_json(request)?,
            to_json(&request.with_reference(String::new()))?,
        );
        let (whole, unnamed) = (whole.as_bytes(), unnamed.as_bytes());
        // The reference may be longer as JSON than it is.
        let reference = whole.len().saturating_sub(unnamed.len());
        let mut body = SecretBytes::with_capacity(whole.len());
        body.append(whole);
        Ok(Self {
            body,
            members_at: start_of_body("").len().saturating_add(reference),
        })
    }

    fn members(&self) -> &[u8] {
        let members = self.body.as_bytes().get(self.members_at..);
        members.unwrap_or_default()
    }

    /// The whole body, under a fresh reference.
    fn fresh_body(&self) -> Result<SecretBytes, RequestError> {
        let (start, members) = (start_of_body(&fresh_reference()?), self.members());
        let mut body = SecretBytes::with_capacity(start.len().saturating_add(members.len()));
        body.append(start.as_bytes());
        body.append(members);
        Ok(body)
    }
}

impl RenewApi {
    /// Renew.
    #[must_use]
    pub fn new(server: impl Into<Arc<BankEzy>>, channel: impl Into<Channel>) -> Self {
        Self {
            server: server.into(),
            channel: channel.into(),
        }
    }
}

impl RenewRequest {
    /// For a token of this account, or of none, as for [`BankEzy::renew_request`].
    #[must_use]
    pub fn new(
        token: impl Into<Arc<Token>>,
        account_number: impl Into<Option<AccountNumber>>,
    ) -> Self {
        Self {
            token: token.into(),
            account_number: account_number.into(),
        }
    }
}

impl AppTokenApi {
    /// `derivation` makes the key of the answer's channel.
    ///
    /// # Errors
    /// [`RequestError::Field`] if a credential is empty.
    pub fn new(
        server: impl Into<Arc<BankEzy>>,
        credentials: &AppCredentials<'_>,
        derivation: Derivation<'static>,
    ) -> Result<Self, RequestError> {
        Ok(Self {
            server: server.into(),
            api_key: required("apiKey", credentials.api_key)?.to_owned().into(),
            secret: required("secret", credentials.secret)?.to_owned().into(),
            derivation,
        })
    }
}

impl TokenApi for UserTokenApi {
    type Request = UserTokenRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &UserTokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        let endpoint = self.server.endpoints.get(Call::GetToken);
        let body = request.fresh_body()?;
        self.server
            .sealed_text(endpoint, body.as_bytes(), &self.channel)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &UserTokenRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        read_token(Call::GetToken, response, &self.channel)
    }
}

impl TokenApi for OnboardingApi {
    type Request = UserTokenRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &UserTokenRequest) -> Result<Request<SecretBytes>, RequestError> {
        let endpoint = self.server.endpoints.get(Call::OnboardingToken);
        self.server
            .sealed_text(endpoint, request.body.as_bytes(), &self.channel)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &UserTokenRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        read_token(Call::OnboardingToken, response, &self.channel)
    }
}

impl CachedTokenApi for UserTokenApi {
    /// Of all that the request says but `referenceId`, which names the call and is another each
    /// time (inferred from "such as a UUID").
    fn key(&self, request: &UserTokenRequest) -> Result<TokenKey, RequestError> {
        let tag = self.channel.key_tag();
        let said = [tag.as_slice(), request.members()];
        key(&self.server, Call::GetToken, &said)
    }
}

impl TokenApi for RenewApi {
    type Request = RenewRequest;
    type Answer = TokenAnswer;

    fn request(&self, request: &RenewRequest) -> Result<Request<SecretBytes>, RequestError> {
        self.server
            .renew_request(&request.token, request.account_number, &self.channel)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        _request: &RenewRequest,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<TokenAnswer, CallError> {
        read_token(Call::Renew, response, &self.channel)
    }
}

impl TokenApi for AppTokenApi {
    type Request = Arc<KeyPair>;
    type Answer = AppSession;

    fn request(&self, key_pair: &Arc<KeyPair>) -> Result<Request<SecretBytes>, RequestError> {
        let credentials = AppCredentials {
            api_key: self.api_key.as_str(),
            secret: self.secret.as_str(),
        };
        let (request, _) = self
            .server
            .app_token_request(&credentials, Arc::clone(key_pair))?;
        Ok(request)
    }

    fn response<B: AsRef<[u8]>>(
        &self,
        key_pair: &Arc<KeyPair>,
        response: &Response<B>,
        _asked_at: SystemTime,
    ) -> Result<AppSession, CallError> {
        AppTokenHandshake::new(Arc::clone(key_pair)).finish(response, &self.derivation)
    }
}

impl CachedTokenApi for AppTokenApi {
    fn key(&self, key_pair: &Arc<KeyPair>) -> Result<TokenKey, RequestError> {
        let public_key = key_pair.public_key().to_wire();
        let tag = self.derivation.tag(key_pair.backend())?;
        let said = [
            tag.as_slice(),
            self.api_key.as_str().as_bytes(),
            self.secret.as_str().as_bytes(),
            public_key.as_bytes(),
        ];
        key(&self.server, Call::AppToken, &said)
    }
}

/// How a body starts, up to its second member. A reference that needs no escapes.
fn start_of_body(reference: &str) -> String {
    format!("{{\"{REFERENCE}\":\"{reference}\",")
}

/// Of the server, the call and the account, and what else is said.
fn key(server: &BankEzy, call: Call, said: &[&[u8]]) -> Result<TokenKey, RequestError> {
    let endpoint = server.endpoints.get(call);
    let account = [
        b"bankezy".as_slice(),
        server.base.as_str().as_bytes(),
        endpoint.method.as_str().as_bytes(),
        endpoint.path.as_bytes(),
        server.api_key.as_bytes(),
    ];
    Ok(TokenKey::of(&[&account, said].concat())?)
}

impl AsRef<Token> for TokenAnswer {
    fn as_ref(&self) -> &Token {
        &self.token
    }
}

impl AsRef<Token> for AppSession {
    fn as_ref(&self) -> &Token {
        &self.answer.token
    }
}

impl fmt::Debug for UserTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserTokenRequest([redacted])")
    }
}

impl fmt::Debug for AppTokenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppTokenApi({:?}, [redacted])", self.server)
    }
}
