//! What the documentation states of requests, checked.

use bankezy_crypto::PublicKey;
use serde_json::{Map, Value};

use super::super::random;

/// A request that is refused in a sealed answer. The text names a field and never quotes it.
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) text: String,
}

pub(super) fn invalid_api_key() -> Problem {
    Problem {
        code: "TOK002",
        text: "Invalid API Key Passed".to_owned(),
    }
}

pub(super) fn not_allowed() -> Problem {
    Problem {
        code: "TOK004",
        text: "Your credentials not allowed to generate token".to_owned(),
    }
}

pub(super) fn failure(text: impl Into<String>) -> Problem {
    Problem {
        code: "TOK003",
        text: text.into(),
    }
}

/// The members of a request.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| failure("Failure: the body is not a JSON object"))
    }

    /// Refuses members that no page names.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let foreign = |name: &&String| !known.contains(&name.as_str());
        match self.0.keys().find(foreign) {
            // The name is what was sent, and not shown.
            Some(_) => Err(failure("Failure: a member that is not documented (strict)")),
            None => Ok(()),
        }
    }

    /// A string with something in it, of at most 16 KiB.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Err(failure(format!("Failure: {name} is required"))),
            Some(Value::String(text)) if !text.trim().is_empty() && text.len() <= 16 * 1024 => {
                Ok(text)
            }
            Some(_) => Err(failure(format!("Failure: {name} is not a usable string"))),
        }
    }

    pub(super) fn public_key(&self, name: &'static str) -> Result<PublicKey, Problem> {
        PublicKey::from_wire(self.text(name)?)
            .map_err(|_| failure(format!("Failure: {name} is not a usable public key")))
    }

    fn optional(
        &self,
        name: &'static str,
        needed: &'static str,
        fits: impl FnOnce(&Value) -> bool,
    ) -> Result<(), Problem> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if fits(value) => Ok(()),
            Some(_) => Err(failure(format!("Failure: {name} is not {needed}"))),
        }
    }
}

/// Get Token and Onboarding user token.
pub(super) struct TokenRequest {
    pub(super) reference: String,
    pub(super) sdk_public_key: Option<PublicKey>,
    pub(super) sdk_api_key: String,
    pub(super) account: String,
}

/// What the page of Get Token names.
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

/// What the page of Onboarding names beyond those.
pub(super) const ONBOARDING_FIELDS: &[&str] =
    &["gender", "zipCode", "preferredLanguage", "kycLevel"];

impl TokenRequest {
    pub(super) fn parse(fields: &Fields, onboarding: bool) -> Result<Self, Problem> {
        // The sample of Onboarding has no reference, and an empty key.
        let has = |name| {
            fields
                .0
                .get(name)
                .is_some_and(|it| it != "" && !it.is_null())
        };
        let reference = if has("referenceId") || !onboarding {
            fields.text("referenceId")?.to_owned()
        } else {
            random::uuid().map_err(|_| failure("Failure: no random numbers"))?
        };
        if reference.len() > 256 {
            return Err(failure("Failure: referenceId is too long"));
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

/// A JSON number of at most 19 digits, which an u64 holds.
fn account_number(fields: &Fields) -> Result<String, Problem> {
    const MAX: u64 = 9_999_999_999_999_999_999;
    match fields.0.get("accountNumber") {
        None | Some(Value::Null) => Err(failure("Failure: accountNumber is required")),
        Some(value) => value
            .as_u64()
            .filter(|number| *number <= MAX)
            .map(|number| number.to_string())
            .ok_or_else(|| {
                failure("Failure: accountNumber is not a whole number of at most 19 digits")
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
