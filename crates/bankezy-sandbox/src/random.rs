//! Random numbers, names and texts.

use aws_lc_rs::rand;
use bankezy_crypto::Error;
use uuid::Builder;

pub(super) fn id() -> Result<u128, Error> {
    bytes().map(u128::from_be_bytes)
}

pub(super) fn hex<const N: usize>() -> Result<String, Error> {
    let random = bytes::<N>()?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A random UUID (RFC 9562 version 4).
pub(super) fn uuid() -> Result<String, Error> {
    Ok(Builder::from_random_bytes(bytes()?).into_uuid().to_string())
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
