//! Tokens in the two forms that the documentation shows.

use aws_lc_rs::hmac;
use bankezy_crypto::{Error, PayloadCipher, PayloadSecret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::random;

/// Which form the tokens have. The documentation shows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFormat {
    /// A JWT under HS512, bare or after `Bearer `, depending on the endpoint.
    Jwt,
    /// A bare compact JWE under a key of the emulator's own.
    Jwe,
}

/// The format of one call's tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenForm {
    pub(super) format: TokenFormat,
    /// [`BEARER`] or nothing.
    pub(super) prefix: &'static str,
}

/// Names a token; its claim `jti` in hexadecimal.
pub(super) type TokenId = u128;

/// The content of a token.
pub(super) struct Claims<'a> {
    pub(super) id: TokenId,
    pub(super) subject: &'a str,
    /// Seconds since the epoch.
    pub(super) issued_at: u64,
    /// Seconds since the epoch.
    pub(super) expires_at: u64,
}

/// Makes tokens and reads its own ones.
pub(super) struct TokenIssuer {
    jwt: hmac::Key,
    jwe: PayloadCipher,
}

impl TokenIssuer {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self {
            jwt: hmac::Key::new(hmac::HMAC_SHA512, &random::bytes::<64>()?),
            jwe: PayloadCipher::new(&PayloadSecret::generate()?)?,
        })
    }

    pub(super) fn issue(&self, form: TokenFormat, claims: &Claims<'_>) -> Result<String, Error> {
        let json = json!({
            "jti": format!("{:032x}", claims.id),
            "sub": claims.subject,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            // Minutes on some pages of the documentation, seconds on another: ignored here.
            "TOKEN_EXPIRY": claims.expires_at.saturating_sub(claims.issued_at) / 60,
        })
        .to_string();
        match form {
            TokenFormat::Jwt => {
                let mut token = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS512","typ":"JWT"}"#);
                token.push('.');
                URL_SAFE_NO_PAD.encode_string(json.as_bytes(), &mut token);
                let tag = hmac::sign(&self.jwt, token.as_bytes());
                token.push('.');
                URL_SAFE_NO_PAD.encode_string(tag.as_ref(), &mut token);
                Ok(token)
            }
            TokenFormat::Jwe => self.jwe.seal(json.as_bytes()),
        }
    }

    /// The name of a token that this issuer made.
    pub(super) fn read(&self, token: &str) -> Option<TokenId> {
        let is_jwe = token.matches('.').count() == 4;
        let claims: Value = if is_jwe {
            self.jwe.open_json(token).ok()?
        } else {
            let (signed, tag) = token.rsplit_once('.')?;
            let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
            hmac::verify(&self.jwt, signed.as_bytes(), &tag).ok()?;
            let (_, claims) = signed.split_once('.')?;
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?
        };
        u128::from_str_radix(claims.get("jti")?.as_str()?, 16).ok()
    }
}

/// What some pages put before a token.
pub(super) const BEARER: &str = "Bearer ";

/// The token itself, without the prefix.
pub(super) fn strip_bearer(token: &str) -> &str {
    token.strip_prefix(BEARER).unwrap_or(token).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims<'_> = Claims {
        id: 7,
        subject: "s",
        issued_at: 1,
        expires_at: 61,
    };

    #[test]
    fn an_issuer_reads_its_own_tokens_alone() {
        for form in [TokenFormat::Jwt, TokenFormat::Jwe] {
            let issuer = TokenIssuer::new().unwrap();
            let token = issuer.issue(form, &CLAIMS).unwrap();
            assert_eq!(issuer.read(&token), Some(7));
            assert_eq!(TokenIssuer::new().unwrap().read(&token), None);
            for cut in 0..token.len() {
                assert_eq!(issuer.read(&token[..cut]), None);
            }
        }
    }
}
