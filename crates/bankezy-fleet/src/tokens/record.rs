//! The form of a token in the store: `VERSION|FENCE|TAG|KEY_ID|SEALED`.
//!
//! Scripts read the first three fields. The identifier of the wrapping key is in base64url, since it is the caller's
//! text, and so is the sealed text.

use bankezy_crypto::providers::{SealedStorage, Token, TokenEntry, TokenKey};
use bankezy_crypto::{Error, KeyRing, Seal};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::names::hex;

/// What this release writes. It reads the version before, too, once there is one: processes of both run at the same
/// time while a fleet is updated.
const VERSION: &str = "1";

/// A record whose token is still sealed.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) tag: &'a str,
    /// In base64url.
    key_id: &'a str,
    sealed: &'a str,
}

/// Why a record is of no use. It is not an error of the store: the token is requested anew.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Of another release.
    Version,
    /// Sealed under a key that this process does not have.
    UnknownKey,
    /// Damaged, or something else.
    Form,
}

impl Unusable {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Version => "another format version",
            Self::UnknownKey => "a wrapping key that this process does not have",
            Self::Form => "it does not open",
        }
    }
}

/// Seals with the key of the ring that the record names, also if another becomes the newest meanwhile.
struct SealWith<'a> {
    ring: &'a KeyRing,
    key_id: &'a str,
}

impl Seal for SealWith<'_> {
    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        sealed.clear();
        *sealed = self.ring.seal_with(self.key_id, plaintext)?.into_bytes();
        Ok(())
    }
}

pub(super) fn write<T: SealedStorage + AsRef<Token>>(
    entry: &TokenEntry<T>,
    key: &TokenKey,
    ring: &KeyRing,
    fence: u64,
) -> Result<String, Error> {
    let key_ids = ring.key_ids();
    let key_id = key_ids.first().ok_or(Error::UnknownKeyId)?;
    let sealed = entry.seal(key, &SealWith { ring, key_id })?;
    let tag = hex(&entry.tag(key)?);
    let key_id = URL_SAFE_NO_PAD.encode(key_id);
    Ok(format!("{VERSION}|{fence}|{tag}|{key_id}|{sealed}"))
}

impl<'a> Record<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Unusable> {
        let mut fields = text.splitn(5, '|');
        let mut field = || fields.next().ok_or(Unusable::Form);
        if field()? != VERSION {
            return Err(Unusable::Version);
        }
        let _fence = field()?;
        Ok(Self {
            tag: field()?,
            key_id: field()?,
            sealed: field()?,
        })
    }

    /// The token and its tag.
    pub(super) fn open<T: SealedStorage + AsRef<Token>>(
        &self,
        key: &TokenKey,
        ring: &KeyRing,
    ) -> Result<(TokenEntry<T>, String), Unusable> {
        let entry: TokenEntry<T> =
            TokenEntry::open(self.sealed, key, ring).map_err(|_| self.unopened(ring))?;
        // The tag is not sealed. Under another one a refused token would come back again and again.
        let tag = hex(&entry.tag(key).map_err(|_| Unusable::Form)?);
        if tag == self.tag {
            Ok((entry, tag))
        } else {
            Err(Unusable::Form)
        }
    }

    /// Why it did not open.
    fn unopened(&self, ring: &KeyRing) -> Unusable {
        let key_id = URL_SAFE_NO_PAD.decode(self.key_id).ok();
        match key_id.and_then(|id| String::from_utf8(id).ok()) {
            Some(id) if !ring.key_ids().contains(&id) => Unusable::UnknownKey,
            _ => Unusable::Form,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant, SystemTime};

    use bankezy_crypto::providers::{Lifetime, Moment};
    use bankezy_crypto::{PayloadCipher, PayloadSecret};

    /// Written by the first release: every later one that says so has to read it.
    const FIRST: &str = include_str!("record-1.txt");

    fn ring() -> KeyRing {
        let secret = PayloadSecret::from_bytes(&[7; 32]).unwrap();
        KeyRing::new("wrap|1", PayloadCipher::new(&secret).unwrap())
    }

    fn key() -> TokenKey {
        TokenKey::of(&[b"record"]).unwrap()
    }

    fn entry() -> TokenEntry<Token> {
        let (time_of_day, monotonic) = (SystemTime::UNIX_EPOCH, Instant::now());
        let since = Moment {
            time_of_day,
            monotonic,
        };
        let until = time_of_day + Duration::from_secs(1000);
        let token = Token::new("secret-token".to_owned().into(), Some(until));
        TokenEntry::new(token, Lifetime::new(since, until, None))
    }

    #[test]
    fn a_record_of_the_first_release_opens() {
        let record = Record::parse(FIRST.trim_end()).unwrap();
        let (opened, _): (TokenEntry<Token>, _) = record.open(&key(), &ring()).unwrap();
        assert!(opened.holds(entry().answer()));
        assert_eq!(opened.good_until(), entry().good_until());
    }

    #[test]
    fn a_record_says_nothing_of_its_token_and_opens_as_nothing_else() {
        let written = write(&entry(), &key(), &ring(), 3).unwrap();
        assert!(written.starts_with("1|3|") && !written.contains("secret"));
        let record = Record::parse(&written).unwrap();
        assert_eq!(record.tag, hex(&entry().tag(&key()).unwrap()));
        let other = TokenKey::of(&[b"other"]).unwrap();
        let opened = record.open::<Token>(&other, &ring());
        assert_eq!(opened.unwrap_err(), Unusable::Form);
        let secret = PayloadSecret::generate().unwrap();
        let ring = KeyRing::new("wrap-2", PayloadCipher::new(&secret).unwrap());
        let opened = record.open::<Token>(&key(), &ring);
        assert_eq!(opened.unwrap_err(), Unusable::UnknownKey);
    }

    #[test]
    fn other_forms_are_refused() {
        for (text, problem) in [
            ("", Unusable::Version),
            ("2|1|00|aQ|sealed", Unusable::Version),
            ("1|1|00|aQ", Unusable::Form),
            ("1|1|00|!|sealed", Unusable::Form),
            ("1|1|00|aQ|sealed", Unusable::UnknownKey),
        ] {
            let opened =
                Record::parse(text).and_then(|record| record.open::<Token>(&key(), &ring()));
            assert_eq!(opened.unwrap_err(), problem, "{text}");
        }
    }
}
