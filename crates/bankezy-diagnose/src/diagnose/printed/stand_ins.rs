//! What the terms use of the crates `data_encoding` and `uuid`.

use core::fmt;

use crate::diagnose::octets::from_base32;

pub(crate) struct Base32;

pub(crate) const BASE32_NOPAD: Base32 = Base32;

impl Base32 {
    pub(crate) fn decode(&self, text: &[u8]) -> Result<Vec<u8>, fmt::Error> {
        let octets = from_base32(text).ok_or(fmt::Error)?;
        Ok(octets.as_bytes().to_vec())
    }
}

pub(crate) struct Uuid;

impl Uuid {
    pub(crate) fn parse_str(text: &str) -> Result<String, fmt::Error> {
        let digits = text.get(..32).ok_or(fmt::Error)?.to_lowercase();
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
        Ok(parts.join("-"))
    }
}
