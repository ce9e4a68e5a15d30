//! Bodies of the token calls, checked for what the documentation states.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::envelope::to_json;
use crate::error::Error;
use crate::providers::fields::required;
use crate::providers::{FieldProblem, RequestError};
use crate::secret::{Secret32, SecretBytes, SecretText};

/// Most digits of an account number: more than an `i64` or a double holds exactly.
const MAX_ACCOUNT_NUMBER: u64 = 9_999_999_999_999_999_999;

/// The body of Get Token and of the onboarding user token. Borrows what it is made from.
#[derive(Clone)]
pub struct TokenRequest<'a> {
    reference_id: Cow<'a, str>,
    sdk_public_key: &'a str,
    sdk_api_key: &'a str,
    account_number: AccountNumber,
    texts: Vec<(&'static str, &'a str)>,
    numbers: Vec<(&'static str, u64)>,
    data: Vec<(&'a str, &'a str)>,
    extra: Extra<'a>,
}

/// The member that names the request, and is the first of its body.
pub(super) const REFERENCE: &str = "referenceId";

/// A random UUID, version 4 (RFC 9562 section 5.4).
pub(super) fn fresh_reference() -> Result<String, Error> {
    let random = Secret32::random()?;
    let (half, _) = random.bytes().split_at(16);
    let number = half
        .iter()
        .fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    let number = number & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{number:032x}");
    let mut reference = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            reference.push('-');
        }
        reference.push(digit);
    }
    Ok(reference)
}

/// An account number: 1 to 19 digits, held exactly and written as a JSON number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccountNumber(u64);

/// A date of birth, written as the number yyyyMMdd.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DateOfBirth(u32);

/// Members beyond those that the documentation names.
#[derive(Clone, Default)]
struct Extra<'a>(Vec<(&'a str, Arc<SecretBytes>)>);

impl AccountNumber {
    /// Checks a number.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it has more than 19 digits.
    pub fn new(number: u64) -> Result<Self, RequestError> {
        match number {
            0..=MAX_ACCOUNT_NUMBER => Ok(Self(number)),
            _ => Err(RequestError::field(
                "accountNumber",
                FieldProblem::TooLong { max: 19 },
            )),
        }
    }

    /// Reads 1 to 19 digits.
    ///
    /// # Errors
    /// [`RequestError::Field`] if it is anything else. A leading zero is refused: a JSON number cannot
    /// keep it.
    pub fn parse(digits: &str) -> Result<Self, RequestError> {
        number("accountNumber", digits, 19).and_then(Self::new)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    pub(super) fn digits(self) -> SecretText {
        self.0.to_string().into()
    }
}

impl core::fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AccountNumber([redacted])")
    }
}

impl DateOfBirth {
    /// Checks a date of the Gregorian calendar.
    ///
    /// # Errors
    /// [`RequestError::Field`] if there is no such day, or the year is not from 1800 to 9999.
    pub fn new(year: u32, month: u32, day: u32) -> Result<Self, RequestError> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        if !(1800..=9999).contains(&year) || !(1..=days).contains(&day) {
            return Err(RequestError::field("dob", FieldProblem::NotADate));
        }
        // At most 99991231.
        let digits = [year.saturating_mul(10_000), month.saturating_mul(100), day];
        Ok(Self(digits.iter().sum()))
    }

    /// Reads the number yyyyMMdd, such as 19900131.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn from_yyyymmdd(number: u32) -> Result<Self, RequestError> {
        Self::new(number / 10_000, number / 100 % 100, number % 100)
    }
}

impl core::fmt::Debug for DateOfBirth {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DateOfBirth([redacted])")
    }
}

impl<'a> TokenRequest<'a> {
    /// The required members. `reference_id` is the caller's, such as a UUID, and never used twice;
    /// `sdk_public_key` is [`PublicKey::to_wire`](crate::PublicKey::to_wire).
    ///
    /// # Errors
    /// [`RequestError::Field`] if one is empty.
    pub fn new(
        reference_id: &'a str,
        sdk_public_key: &'a str,
        sdk_api_key: &'a str,
        account_number: AccountNumber,
    ) -> Result<Self, RequestError> {
        Ok(Self {
            reference_id: required("referenceId", reference_id)?.into(),
            sdk_public_key: required("sdkPublicKey", sdk_public_key)?,
            sdk_api_key: required("sdkApiKey", sdk_api_key)?,
            account_number,
            texts: Vec::new(),
            numbers: Vec::new(),
            data: Vec::new(),
            extra: Extra::default(),
        })
    }

    /// The same request under a reference of its own, a random UUID: for another attempt, since a reference
    /// is never used twice.
    ///
    /// # Errors
    /// [`RequestError::Envelope`] if the operating system gives no random numbers.
    pub fn with_fresh_reference(&self) -> Result<Self, RequestError> {
        Ok(self.with_reference(fresh_reference()?))
    }

    pub(super) fn with_reference(&self, reference_id: String) -> Self {
        let mut again = self.clone();
        again.reference_id = reference_id.into();
        again
    }

    /// `firstName`.
    #[must_use]
    pub fn with_first_name(self, text: &'a str) -> Self {
        self.text("firstName", text)
    }

    /// `lastName`.
    #[must_use]
    pub fn with_last_name(self, text: &'a str) -> Self {
        self.text("lastName", text)
    }

    /// `email`.
    #[must_use]
    pub fn with_email(self, text: &'a str) -> Self {
        self.text("email", text)
    }

    /// `isdCode` and `mobileNumber`, digits alone. Documented as strings, but numbers in every
    /// sample and in what the server parsed, so they are written as numbers.
    ///
    /// # Errors
    /// [`RequestError::Field`] if one is not 1 to 3, or 1 to 15 digits without a leading zero (ITU-T E.164).
    pub fn with_mobile(
        mut self,
        isd_code: &str,
        mobile_number: &str,
    ) -> Result<Self, RequestError> {
        let isd_code = number("isdCode", isd_code, 3)?;
        let mobile_number = number("mobileNumber", mobile_number, 15)?;
        self.number("isdCode", isd_code);
        self.number("mobileNumber", mobile_number);
        Ok(self)
    }

    /// `dob`.
    #[must_use]
    pub fn with_dob(mut self, date: DateOfBirth) -> Self {
        self.number("dob", date.0.into());
        self
    }

    /// An entry of the map `data`.
    #[must_use]
    pub fn with_data(mut self, name: &'a str, value: &'a str) -> Self {
        self.data.retain(|(earlier, _)| *earlier != name);
        self.data.push((name, value));
        self
    }

    /// `gender`, for onboarding.
    #[must_use]
    pub fn with_gender(self, text: &'a str) -> Self {
        self.text("gender", text)
    }

    /// `zipCode`, for onboarding.
    #[must_use]
    pub fn with_zip_code(self, text: &'a str) -> Self {
        self.text("zipCode", text)
    }

    /// `preferredLanguage`, for onboarding.
    #[must_use]
    pub fn with_preferred_language(self, text: &'a str) -> Self {
        self.text("preferredLanguage", text)
    }

    /// `kycLevel`, for onboarding.
    #[must_use]
    pub fn with_kyc_level(self, text: &'a str) -> Self {
        self.text("kycLevel", text)
    }

    /// A member beyond those above.
    ///
    /// # Errors
    /// [`RequestError::Field`] if the documentation has a member of that name, or it was given already;
    /// [`RequestError::Envelope`] if the value cannot be written as JSON.
    pub fn with_extra<T: Serialize + ?Sized>(
        mut self,
        name: &'a str,
        value: &T,
    ) -> Result<Self, RequestError> {
        const DOCUMENTED: [&str; 15] = [
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
            "gender",
            "zipCode",
            "preferredLanguage",
            "kycLevel",
        ];
        let taken = self.extra.0.iter().any(|(earlier, _)| *earlier == name);
        if taken || DOCUMENTED.contains(&name) {
            return Err(RequestError::field("extra", FieldProblem::Duplicate));
        }
        self.extra.0.push((name, Arc::new(to_json(value)?)));
        Ok(self)
    }

    /// The last value of a name counts: JSON has each name once.
    fn number(&mut self, name: &'static str, number: u64) {
        self.numbers.retain(|(earlier, _)| *earlier != name);
        self.numbers.push((name, number));
    }

    fn text(mut self, name: &'static str, text: &'a str) -> Self {
        self.texts.retain(|(earlier, _)| *earlier != name);
        self.texts.push((name, text));
        self
    }
}

impl core::fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TokenRequest([redacted])")
    }
}

impl Serialize for TokenRequest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(REFERENCE, &self.reference_id)?;
        map.serialize_entry("sdkPublicKey", self.sdk_public_key)?;
        map.serialize_entry("sdkApiKey", self.sdk_api_key)?;
        map.serialize_entry("accountNumber", &self.account_number.0)?;
        for (name, text) in &self.texts {
            map.serialize_entry(name, text)?;
        }
        for (name, number) in &self.numbers {
            map.serialize_entry(name, number)?;
        }
        if !self.data.is_empty() {
            map.serialize_entry("data", &Pairs(&self.data))?;
        }
        for (name, json) in &self.extra.0 {
            let json: &RawValue =
                serde_json::from_slice(json.as_bytes()).map_err(S::Error::custom)?;
            map.serialize_entry(name, json)?;
        }
        map.end()
    }
}

struct Pairs<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

fn number(name: &'static str, digits: &str, max: usize) -> Result<u64, RequestError> {
    let plain = !digits.starts_with('0') || digits == "0";
    if digits.is_empty() || !plain || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(RequestError::field(name, FieldProblem::NotANumber));
    }
    match digits.len() {
        len if len > max => Err(RequestError::field(name, FieldProblem::TooLong { max })),
        // 19 digits fit.
        _ => digits
            .parse()
            .map_err(|_| RequestError::field(name, FieldProblem::NotANumber)),
    }
}
