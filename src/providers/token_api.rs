//! What the token APIs of all providers have in common.

use core::fmt;
use std::time::SystemTime;

use http::{Request, Response};

use crate::backend;
use crate::error::Error;
use crate::providers::{CallError, RequestError, Token};
use crate::secret::SecretBytes;

/// A token API with our credentials: the request for a token, and the answer.
///
/// Pure functions: the caller sends the requests, or the crate `bankezy-client` does. Its arguments and results can
/// be shared between threads.
///
/// ```
/// use std::time::SystemTime;
/// use bankezy_crypto::providers::{TokenApi, faceki::Faceki};
///
/// let api = Faceki::new("client-id", "client-secret")?;
/// let request = api.request(&())?; // to be sent; say this came back:
/// let response = http::Response::new(
///     r#"{"responseCode":0,"data":{"access_token":"t","expires_in":3600,"token_type":"Bearer"}}"#,
/// );
/// let token = api.response(&(), &response, SystemTime::now())?;
/// assert_eq!(token.as_str(), "t");
/// # assert_eq!(request.method(), http::Method::GET);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TokenApi: Send + Sync + 'static {
    /// The arguments of a token request, beyond the credentials.
    type Request: Send + Sync + 'static;

    /// What the provider answers: a token, and what comes with it.
    type Answer: AsRef<Token> + Send + Sync + 'static;

    /// What to send. Called anew for each attempt, so that each is sealed with a fresh nonce where
    /// the provider has sealed bodies.
    ///
    /// # Errors
    /// [`RequestError`] if it cannot be built.
    fn request(&self, request: &Self::Request) -> Result<Request<SecretBytes>, RequestError>;

    /// Reads the answer to `request`. `asked_at` is the time before it was sent: lifetimes count from there, so that
    /// no token is considered valid after it expired at the provider.
    ///
    /// # Errors
    /// [`CallError`] distinguishes a refusal, a failure and an answer that is not as documented.
    fn response<B: AsRef<[u8]>>(
        &self,
        request: &Self::Request,
        response: &Response<B>,
        asked_at: SystemTime,
    ) -> Result<Self::Answer, CallError>;
}

/// A token API whose tokens can be kept: the same request may be made again for the next token. That is not so
/// of Renew, which works once for each token.
pub trait CachedTokenApi: TokenApi {
    /// Which token `request` asks for, to keep tokens by.
    ///
    /// It is made of everything that a token depends on: the provider, where its API is, the account
    /// with its credentials, the secret or key pair of sealed bodies, and what the request says. Two requests
    /// share a key only if the token of one serves the other.
    ///
    /// # Errors
    /// [`RequestError`] if the request cannot be written.
    fn key(&self, request: &Self::Request) -> Result<TokenKey, RequestError>;
}

/// Which token a request asks for: a SHA-256 digest, so that it holds no secret in clear.
///
/// Credentials are among what is hashed, so nobody without them can guess at account numbers and
/// the like from a key. `Debug` shows nothing of it all the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// The key of these parts in this order. Begin with the provider's name, and let the account's
    /// secret be one of them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] in a build without a backend, which does not exist.
    pub fn of(parts: &[&[u8]]) -> Result<Self, Error> {
        // Each length goes before its part: what one part ends with, another cannot begin with.
        let lengths: Vec<[u8; 8]> = parts
            .iter()
            .map(|part| (part.len() as u64).to_be_bytes())
            .collect();
        let framed: Vec<&[u8]> = lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [length.as_slice(), part])
            .collect();
        backend::sha256(&framed)
            .map(Self)
            .ok_or(Error::Unsupported {
                backend: "none",
                needs: "the feature aws-lc-rs or rust-crypto",
            })
    }

    /// The digest, 32 bytes: to keep tokens by in a store outside of this process.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey([redacted])")
    }
}
