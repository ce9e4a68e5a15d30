//! Random numbers, names and texts.

use aws_lc_rs::rand;
use bankezy_crypto::Error;

pub(super) fn id() -> Result<u128, Error> {
    bytes().map(u128::from_be_bytes)
}

pub(super) fn hex<const N: usize>() -> Result<String, Error> {
    let random = bytes::<N>()?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A random UUID (RFC 9562 version 4).
pub(super) fn uuid() -> Result<String, Error> {
    let version = 0x4 << 76;
    let variant = 0x2 << 62;
    let number = id()? & !(0xf << 76) & !(0x3 << 62) | version | variant;
    let hex = format!("{number:032x}");
    Ok(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

pub(super) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_its_version() {
        let uuid = uuid().unwrap();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
