//! Answers as they may leave the process: sealed, and bound to what they answer.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, Serializer};

use crate::codec::base64url;
use crate::codec::json::Object;
use crate::envelope::{Open, Seal, to_json};
use crate::error::{Error, JsonProblem};
use crate::providers::bankezy::{self, Outcome, ResultCode};
use crate::providers::{Token, TokenKey, sardine};

/// What may be stored outside of this process, but only sealed: there is no other way to write it.
///
/// A sealed text opens only as what it was sealed for: under the same key and for the same [`TokenKey`]. It is a
/// compact JWE of a JSON object, which is never held in memory that does not wipe itself. It does not prove
/// freshness: a store that returns an older entry is not detected.
///
/// Seal with a separate key, not with the one that messages are sealed with.
///
/// ```
/// # #[cfg(feature = "aws-lc-rs")] {
/// use bankezy_crypto::providers::{CachedTokenApi, SealedStorage, Token, faceki::Faceki};
/// use bankezy_crypto::{PayloadCipher, PayloadSecret};
///
/// let cipher = PayloadCipher::new(&PayloadSecret::generate()?)?;
/// let key = Faceki::new("client-id", "client-secret")?.key(&())?;
/// let token = Token::new("token".to_owned().into(), None);
/// let sealed = token.seal(&key, &cipher)?;
/// assert_eq!(Token::open(&sealed, &key, &cipher)?.as_str(), "token");
/// # }
/// # Ok::<(), bankezy_crypto::providers::RequestError>(())
/// ```
pub trait SealedStorage: Stored {
    /// Seals it, bound to `key`: with a [`PayloadCipher`](crate::PayloadCipher), or with the newest key of a
    /// [`KeyRing`](crate::KeyRing).
    ///
    /// # Errors
    /// As for [`Seal::seal`].
    fn seal(&self, key: &TokenKey, sealer: &(impl Seal + ?Sized)) -> Result<String, Error> {
        let bound = base64url::encode_to_string(key.as_bytes());
        let mut members = MemberWriter(vec![(KEY, bound.into())]);
        self.write(&mut members);
        sealer.seal(to_json(&members)?.as_bytes())
    }

    /// Opens what was sealed for this `key`.
    ///
    /// # Errors
    /// As for [`Open::open`]; [`Error::OpenFailed`] too if it was sealed for another key, and
    /// [`Error::Json`] if it holds something else.
    fn open(
        sealed: impl AsRef<[u8]>,
        key: &TokenKey,
        opener: &(impl Open + ?Sized),
    ) -> Result<Self, Error> {
        let something_else = Error::Json {
            problem: JsonProblem::Mismatch,
            line: 0,
            column: 0,
        };
        let opened = opener.open(sealed.as_ref())?;
        let Ok(members) = Object::parse(&opened) else {
            return Err(something_else);
        };
        let members = MemberReader(members);
        match members.text(KEY) {
            Some(bound) if bound == base64url::encode_to_string(key.as_bytes()) => {
                Self::read(&members).ok_or(something_else)
            }
            Some(_) => Err(Error::OpenFailed),
            None => Err(something_else),
        }
    }
}

const KEY: &str = "key";

/// Its form in the object that is sealed. Known to this crate alone, and so are the two types in
/// it: there is no way past the seal.
pub trait Stored: Sized {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>);

    /// `None` where a member is missing or of another form.
    fn read(members: &MemberReader<'_>) -> Option<Self>;
}

/// The members of an object to be sealed. It alone is `Serialize`, and nothing that holds a secret.
#[expect(missing_debug_implementations, reason = "no other crate can have one")]
pub struct MemberWriter<'a>(Vec<(&'static str, Cow<'a, str>)>);

/// The members of an object that was opened.
#[expect(missing_debug_implementations, reason = "no other crate can have one")]
pub struct MemberReader<'a>(Object<'a>);

impl<'a> MemberWriter<'a> {
    /// What is absent is left out.
    pub(crate) fn text(&mut self, name: &'static str, text: Option<&'a str>) {
        self.0.extend(text.map(|text| (name, text.into())));
    }

    /// Epoch milliseconds, rounded down: an expiry is rather too early than too late.
    pub(crate) fn time(&mut self, name: &'static str, at: Option<SystemTime>) {
        let since = at.map(|at| {
            at.duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
        });
        self.0
            .extend(since.map(|since| (name, since.as_millis().to_string().into())));
    }
}

impl MemberReader<'_> {
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.text(name).ok()?.map(Cow::into_owned)
    }

    pub(crate) fn time(&self, name: &str) -> Option<SystemTime> {
        let milliseconds = self.0.number(name).ok()??;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds))
    }
}

impl Serialize for MemberWriter<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, text)| (name, text)))
    }
}

impl SealedStorage for Token {}

impl Stored for Token {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>) {
        members.text("token", Some(self.as_str()));
        members.text("tokenType", self.token_type());
        members.time("expiresAt", self.expires_at());
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        let text = members.text("token")?;
        let token = Self::new(text.into(), members.time("expiresAt"));
        Some(match members.text("tokenType") {
            Some(token_type) => token.with_token_type(token_type),
            None => token,
        })
    }
}

impl SealedStorage for sardine::TokenAnswer {}

impl Stored for sardine::TokenAnswer {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>) {
        // In full, so that a member that is added is not forgotten here.
        let Self {
            token,
            scope,
            incode_sdk_base_url,
            verification_id,
        } = self;
        token.write(members);
        members.text("scope", scope.as_deref());
        members.text("incodeSdkBaseUrl", incode_sdk_base_url.as_deref());
        members.text("verificationId", verification_id.as_deref());
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        Some(Self {
            token: Token::read(members)?,
            scope: members.text("scope"),
            incode_sdk_base_url: members.text("incodeSdkBaseUrl"),
            verification_id: members.text("verificationId"),
        })
    }
}

impl SealedStorage for bankezy::TokenAnswer {}

impl Stored for bankezy::TokenAnswer {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>) {
        let Self {
            token,
            server_public_key,
            reference_id,
            token_reference_id,
            login_id,
            account_number,
            outcome,
        } = self;
        let Outcome {
            code,
            inner_code,
            description,
        } = outcome;
        token.write(members);
        members.text("serverPublicKey", server_public_key.as_deref());
        members.text("referenceId", reference_id.as_deref());
        members.text("tokenReferenceId", token_reference_id.as_deref());
        members.text("loginId", login_id.as_deref());
        members.text("accountNumber", account_number.as_deref());
        members.text("code", code.as_ref().map(ResultCode::as_str));
        members.text("innerCode", inner_code.as_ref().map(ResultCode::as_str));
        members.text("description", description.as_deref());
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        Some(Self {
            token: Token::read(members)?,
            server_public_key: members.text("serverPublicKey"),
            reference_id: members.text("referenceId"),
            token_reference_id: members.text("tokenReferenceId"),
            login_id: members.text("loginId"),
            account_number: members.text("accountNumber"),
            outcome: Outcome {
                code: members.text("code").map(ResultCode::new),
                inner_code: members.text("innerCode").map(ResultCode::new),
                description: members.text("description"),
            },
        })
    }
}

impl SealedStorage for bankezy::AgreedSession {}

impl Stored for bankezy::AgreedSession {
    fn write<'a>(&'a self, members: &mut MemberWriter<'a>) {
        let Self { answer, secret } = self;
        answer.write(members);
        members.text("payloadSecret", Some(secret.as_str()));
    }

    fn read(members: &MemberReader<'_>) -> Option<Self> {
        Some(Self {
            answer: bankezy::TokenAnswer::read(members)?,
            secret: members.text("payloadSecret")?.into(),
        })
    }
}
