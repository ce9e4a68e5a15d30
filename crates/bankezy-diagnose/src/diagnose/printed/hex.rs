//! What the terms use of the crate `hex`.

pub(crate) fn encode(octets: impl AsRef<[u8]>) -> String {
    let digits = octets.as_ref().iter().map(|octet| format!("{octet:02x}"));
    digits.collect()
}

pub(crate) fn encode_upper(octets: impl AsRef<[u8]>) -> String {
    encode(octets).to_uppercase()
}

#[cfg(unix)]
pub(crate) fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, core::fmt::Error> {
    let octets = crate::diagnose::octets::from_hex(text.as_ref()).ok_or(core::fmt::Error)?;
    Ok(octets.as_bytes().to_vec())
}
