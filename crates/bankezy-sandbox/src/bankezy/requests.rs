//! Checks what the documentation states about requests.

use core::fmt;

use bankezy_crypto::{Error, Inspection, KeyForm, KeyProblem, PublicKey};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::super::bodies::bare;
use super::super::log::BrokenRule;
use super::super::random;

/// A request that is refused in a sealed answer. The text names a field and never quotes it.
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) text: String,
    /// For the log.
    pub(super) broken: BrokenRule,
}

pub(super) fn invalid_api_key(expected: &str) -> Problem {
    Problem {
        code: "TOK002",
        text: "Invalid API Key Passed".to_owned(),
        broken: BrokenRule::new("api-key", expected, "another value"),
    }
}

pub(super) fn not_allowed(rule: &'static str, expected: &str, found: &str) -> Problem {
    Problem {
        code: "TOK004",
        text: "Your credentials not allowed to generate token".to_owned(),
        broken: BrokenRule::new(rule, expected, found),
    }
}

pub(super) fn failure(
    rule: &'static str,
    text: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Problem {
    Problem {
        code: "TOK003",
        text: text.into(),
        broken: BrokenRule::new(rule, expected, found),
    }
}

/// A member that is missing or not as required.
fn wrong(name: &str, text: &str, needed: &str, found: &str) -> Problem {
    let text = format!("Failure: {name} {text}");
    failure("member", text, format!("{name}: {needed}"), found)
}

/// The members of a request.
#[derive(Default)]
pub(super) struct Fields {
    members: Map<String, Value>,
    /// The name of a member that is given twice; its last value counts.
    pub(super) twice: Option<String>,
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.members.insert(name.clone(), value).is_some() {
                        fields.twice.get_or_insert(name);
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|error| {
            let found = match error.classify() {
                Category::Data => "JSON of another type".to_owned(),
                _ if Inspection::parse(bare(body)).is_ok() => {
                    "a sealed text (JWE) instead of plain JSON".to_owned()
                }
                _ => format!(
                    "text that is not JSON from line {} column {}",
                    error.line(),
                    error.column()
                ),
            };
            let text = "Failure: the body is not a JSON object";
            failure("json", text, "a JSON object", found)
        })
    }

    /// The first member that no page names.
    pub(super) fn foreign(&self, known: &[&str]) -> Option<&str> {
        let mut names = self.members.keys().map(String::as_str);
        names.find(|name| !known.contains(name))
    }

    /// A non-empty string of at most 16 KiB.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, Problem> {
        const NEEDED: &str = "a string of 1 byte to 16 KiB";
        match self.members.get(name) {
            None => Err(wrong(name, "is required", NEEDED, "no such member")),
            Some(Value::String(text)) if !text.trim().is_empty() && text.len() <= 16 * 1024 => {
                Ok(text)
            }
            Some(value) => {
                let found = match value {
                    Value::String(text) if text.len() > 16 * 1024 => "a longer string",
                    Value::String(text) if !text.is_empty() => "only white space",
                    other => kind(other),
                };
                Err(wrong(name, "is not a usable string", NEEDED, found))
            }
        }
    }

    pub(super) fn public_key(&self, name: &'static str) -> Result<PublicKey, Problem> {
        let text = self.text(name)?;
        PublicKey::from_wire(text).map_err(|error| {
            let needed = "base64 of {\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":…,\"y\":…}, or of the DER of an RSA SubjectPublicKeyInfo";
            let error = if text.contains("PRIVATE KEY-----") {
                KeyProblem::PrivateMember.into()
            } else {
                error
            };
            let found = unusable_key(&error);
            wrong(name, "is not a usable public key", needed, &found)
        })
    }

    fn optional(
        &self,
        name: &'static str,
        needed: &'static str,
        fits: impl FnOnce(&Value) -> bool,
    ) -> Result<(), Problem> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if fits(value) => Ok(()),
            Some(value) => {
                let text = format!("is not {needed}");
                Err(wrong(name, &text, needed, kind(value)))
            }
        }
    }
}

/// What is wrong with a key, for its sender: the error's own text is for whoever reads one.
fn unusable_key(error: &Error) -> String {
    let Error::Key {
        problem: KeyProblem::OtherForm { found },
        ..
    } = error
    else {
        return error.to_string();
    };
    let found = match found {
        KeyForm::Pem | KeyForm::AlteredPem => {
            "PEM: send a P-256 key as base64 of its JWK, and of an RSA key only the base64 between the lines BEGIN PUBLIC KEY and END PUBLIC KEY"
        }
        KeyForm::Jwk => "bare JSON: send base64 of the JWK",
        KeyForm::Pkcs1PublicKey => {
            "an RSA key in DER of PKCS#1: send base64 of the DER of its SubjectPublicKeyInfo, as `openssl rsa -RSAPublicKey_in -inform DER -in FILE -pubout -outform DER | base64` writes it"
        }
        KeyForm::RawPublicPoint { .. } => "a point without its JWK: send base64 of the JWK",
        KeyForm::Certificate => "a certificate: send the public key in it",
        _ => return error.to_string(),
    };
    found.to_owned()
}

/// What a value is, without showing it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Get Token and Onboarding user token.
pub(super) struct TokenRequest {
    pub(super) reference: String,
    pub(super) sdk_public_key: Option<PublicKey>,
    pub(super) sdk_api_key: String,
    pub(super) account: String,
}

/// The members on the page of Get Token.
pub(super) const TOKEN_FIELDS: &[&str] = &[
    "referenceId",
    "sdkPublicKey",
    "sdkApiKey",
    "accountNumber",
    "firstName",
    "lastName",
    "email",
    "isdCode",
    "mobileNumber",
    "dob",
    "data",
];

/// The further members on the page of Onboarding.
pub(super) const ONBOARDING_FIELDS: &[&str] =
    &["gender", "zipCode", "preferredLanguage", "kycLevel"];

impl TokenRequest {
    pub(super) fn parse(fields: &Fields, onboarding: bool) -> Result<Self, Problem> {
        // The sample of Onboarding has no reference, and an empty key.
        let has = |name| {
            fields
                .members
                .get(name)
                .is_some_and(|it| it != "" && !it.is_null())
        };
        let reference = if has("referenceId") || !onboarding {
            fields.text("referenceId")?.to_owned()
        } else {
            random::uuid().map_err(|_| {
                let (text, found) = ("Failure: no random numbers", "none");
                failure("internal", text, "random numbers", found)
            })?
        };
        if reference.len() > 256 {
            let needed = "a string of at most 256 bytes";
            return Err(wrong("referenceId", "is too long", needed, "a longer one"));
        }
        let sdk_public_key = if has("sdkPublicKey") || !onboarding {
            Some(fields.public_key("sdkPublicKey")?)
        } else {
            None
        };
        let request = Self {
            reference,
            sdk_public_key,
            sdk_api_key: fields.text("sdkApiKey")?.to_owned(),
            account: account_number(fields)?,
        };
        for name in ["firstName", "lastName", "email"] {
            fields.optional(name, "a string", Value::is_string)?;
        }
        // Documented as strings, numbers in every sample.
        for name in ["isdCode", "mobileNumber"] {
            fields.optional(name, "a string or a whole number", |value| {
                value.is_string() || value.is_u64()
            })?;
        }
        let needed = "a date of the form yyyyMMdd or ddMMyyyy";
        fields.optional("dob", needed, |value| {
            let text = value.as_str().and_then(|text| text.parse().ok());
            value.as_u64().or(text).is_some_and(is_date)
        })?;
        fields.optional("data", "a map of strings to strings", |value| {
            value
                .as_object()
                .is_some_and(|map| map.values().all(Value::is_string))
        })?;
        if onboarding {
            for name in ONBOARDING_FIELDS {
                fields.optional(name, "a string", Value::is_string)?;
            }
        }
        Ok(request)
    }
}

/// A JSON number of at most 19 digits, which fits a u64.
fn account_number(fields: &Fields) -> Result<String, Problem> {
    const MAX: u64 = 9_999_999_999_999_999_999;
    const NAME: &str = "accountNumber";
    const NEEDED: &str = "a whole JSON number of at most 19 digits, without quotes";
    match fields.members.get(NAME) {
        None => Err(wrong(NAME, "is required", NEEDED, "no such member")),
        Some(value) => value
            .as_u64()
            .filter(|number| *number <= MAX)
            .map(|number| number.to_string())
            .ok_or_else(|| {
                let text = format!("is not {NEEDED}");
                let found = match value {
                    Value::Number(_) => "another number",
                    other => kind(other),
                };
                wrong(NAME, &text, NEEDED, found)
            }),
    }
}

/// Whether yyyyMMdd or ddMMyyyy is a day of the Gregorian calendar, from the year 1000. Samples of the documentation
/// have both orders, and a number has no leading zero.
fn is_date(number: u64) -> bool {
    is_day(number / 10_000, number / 100 % 100, number % 100)
        || is_day(number % 10_000, number / 10_000 % 100, number / 1_000_000)
}

fn is_day(year: u64, month: u64, day: u64) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1000..=9999).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for date in [19900101, 20000229, 20240229, 20231231, 31011990, 1121990] {
            assert!(is_date(date), "{date}");
        }
        for not in [
            0, 19000229, 20230229, 20230431, 20231301, 20230001, 20230100, 990101, 120230101,
            31041990,
        ] {
            assert!(!is_date(not), "{not}");
        }
    }
}
