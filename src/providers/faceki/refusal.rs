//! How Faceki refuses.

use core::fmt;

use super::Code;
use crate::codec::json::Object;
use crate::providers::plain_error::kept;
use crate::secret::SecretText;

/// What a refusal of Faceki's says, in the forms that its documentation shows. Nothing of it is
/// authenticated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// `responseCode` is not 0, even with status 200.
    Code {
        /// `responseCode`.
        number: u32,
        /// What it means, where that is documented.
        code: Option<Code>,
    },
    /// `{"status":false,"message":"","statusCode":422,"data":{}}`, shown for 401 and 403.
    Status {
        /// `statusCode`: in the samples it differs from the HTTP status.
        status_code: u16,
        /// `message`, up to 4096 characters: check it before logging it.
        unauthenticated_message: SecretText,
    },
    /// `{"clientSecret":""}`, shown for 402: the credential is missing or wrong (inferred).
    Credential {
        /// `clientSecret`, or, by analogy, `clientId` (inferred).
        name: &'static str,
    },
}

impl Refusal {
    /// `None` for a success, and for what is in none of these forms.
    pub(super) fn read(members: &Object<'_>) -> Option<Self> {
        if members.has("responseCode") {
            let number = members.number("responseCode").ok()??.try_into().ok()?;
            let code = Code::from_number(number);
            return (code != Some(Code::Success)).then_some(Self::Code { number, code });
        }
        if members.has("statusCode") {
            let number = members.number("statusCode").ok()??;
            let message = members.secret_text("message").ok().flatten();
            let message = message.as_ref().map_or("", SecretText::as_str);
            return Some(Self::Status {
                status_code: number.try_into().ok()?,
                unauthenticated_message: kept(message),
            });
        }
        ["clientSecret", "clientId"]
            .into_iter()
            .find(|name| members.has(name))
            .map(|name| Self::Credential { name })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { number, code } => match code {
                Some(code) => write!(f, "code {number}, {code}"),
                None => write!(f, "code {number}, which is not documented"),
            },
            Self::Status { status_code, .. } => write!(f, "statusCode {status_code}"),
            Self::Credential { name } => write!(f, "naming `{name}`: check the credentials"),
        }
    }
}
