//! A session as processes share it: the token, and the payload secret that was agreed with it.

use core::fmt;

use super::TokenAnswer;
use crate::error::Error;
use crate::providers::Token;
use crate::secret::{PayloadSecret, SecretText};

/// The result of a login that agrees on a key: the answer of Get Token or Get App Token, and the payload secret.
///
/// It has a [`SealedStorage`](crate::providers::SealedStorage), so that a process that starts again, or another one,
/// can go on with the session. A [`Session`](super::Session) is made from it with a cipher of the secret.
pub struct AgreedSession {
    /// The answer.
    pub answer: TokenAnswer,
    /// As text, which is how it is sealed.
    pub(crate) secret: SecretText,
}

impl AgreedSession {
    /// From the answer, and the secret that was agreed, such as by [`KeyPair::agree`](crate::KeyPair::agree).
    #[must_use]
    pub fn new(answer: TokenAnswer, secret: &PayloadSecret) -> Self {
        let secret = secret.to_base64url();
        Self { answer, secret }
    }

    /// The payload secret.
    ///
    /// # Errors
    /// Those of [`PayloadSecret::from_base64url`], if a store returned something else in its place.
    pub fn secret(&self) -> Result<PayloadSecret, Error> {
        PayloadSecret::from_base64url(self.secret.as_str())
    }
}

impl AsRef<Token> for AgreedSession {
    fn as_ref(&self) -> &Token {
        &self.answer.token
    }
}

impl fmt::Debug for AgreedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreedSession([redacted])")
    }
}
