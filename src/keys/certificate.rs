//! Public keys in X.509 certificates (RFC 5280 section 4.1): read for their key alone.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};

use crate::codec::key_form::DerForm;
use crate::codec::key_len::check_len;
use crate::codec::pem;
use crate::error::{Error, KeyProblem};
use crate::keys::algorithm::KeyType;
use crate::keys::public::PublicKey;
use crate::keys::spki;

/// id-ce-keyUsage (RFC 5280 section 4.2.1.3).
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");

const INVALID: KeyProblem = KeyProblem::NotDer {
    structure: "X.509 certificate",
};

impl PublicKey {
    /// Reads the public key of a DER X.509 certificate (RFC 5280).
    ///
    /// The certificate is a container of the key here and nothing more: its signature, issuer, dates, names
    /// and extensions are **not** checked, so make sure by other means whose it is. Only `keyUsage`, where
    /// present, has to include `keyEncipherment` for an RSA key, `keyAgreement` for one on P-256. `encipherOnly` and
    /// `decipherOnly` beside that are ignored: RFC 5280 does not say to whose use of the key they apply.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong with the key or the certificate.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, Error> {
        Ok(read(der)?)
    }

    /// Reads the public key of an X.509 certificate in PEM, label `CERTIFICATE`, as
    /// [`from_certificate_der`](Self::from_certificate_der) does.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong; more than one certificate is refused.
    pub fn from_certificate_pem(text: &str) -> Result<Self, Error> {
        let block = pem::only(text, &[])?;
        if !pem::CERTIFICATES.contains(&block.label) {
            return Err(KeyProblem::PemLabel {
                expected: "CERTIFICATE",
            }
            .into());
        }
        Ok(read(block.decode()?.as_bytes())?)
    }
}

pub(crate) fn read(der: &[u8]) -> Result<PublicKey, KeyProblem> {
    check_len(der)?;
    let (spki, usage) = parse(der).map_err(|_| match DerForm::of(der) {
        // Some tools mix up the labels.
        DerForm::Pkcs8 | DerForm::EncryptedPkcs8 | DerForm::Pkcs1 | DerForm::Sec1 => {
            KeyProblem::PrivateMember
        }
        _ => INVALID,
    })?;
    let key = spki::read(&spki)?;
    let (needed, bit) = match key.key_type() {
        KeyType::Rsa => ("keyEncipherment", 2),
        KeyType::P256 => ("keyAgreement", 4),
    };
    if usage.is_none_or(|usage| usage & (0x80 >> bit) != 0) {
        Ok(key)
    } else {
        Err(KeyProblem::CertificateKeyUsage { needed })
    }
}

/// The SubjectPublicKeyInfo and the first eight bits of `keyUsage`, where there is one.
fn parse(der: &[u8]) -> der::Result<(Vec<u8>, Option<u8>)> {
    let mut certificate = contents(AnyRef::from_der(der)?, Tag::Sequence)?;
    let signed = AnyRef::decode(&mut certificate)?;
    contents(AnyRef::decode(&mut certificate)?, Tag::Sequence)?;
    <BitStringRef<'_>>::decode(&mut certificate)?;
    finish(&certificate)?;

    let mut fields = contents(signed, Tag::Sequence)?;
    // The version, which version 1 leaves out.
    if is_context(Tag::peek(&fields)?, 0) {
        AnyRef::decode(&mut fields)?;
    }
    AnyRef::decode(&mut fields)?.tag().assert_eq(Tag::Integer)?;
    // signature, issuer, validity, subject
    for _ in 0..4 {
        AnyRef::decode(&mut fields)?
            .tag()
            .assert_eq(Tag::Sequence)?;
    }
    let spki = AnyRef::decode(&mut fields)?.to_der()?;
    let mut usage = None;
    while !fields.is_finished() {
        let field = AnyRef::decode(&mut fields)?;
        if is_context(field.tag(), 3) {
            usage = key_usage(contents(AnyRef::from_der(field.value())?, Tag::Sequence)?)?;
        }
    }
    Ok((spki, usage))
}

fn key_usage(mut extensions: SliceReader<'_>) -> der::Result<Option<u8>> {
    let mut usage = None;
    while !extensions.is_finished() {
        let mut extension = contents(AnyRef::decode(&mut extensions)?, Tag::Sequence)?;
        let name = ObjectIdentifier::decode(&mut extension)?;
        if Tag::peek(&extension)? == Tag::Boolean {
            AnyRef::decode(&mut extension)?;
        }
        let value = <&OctetStringRef>::decode(&mut extension)?;
        finish(&extension)?;
        if name == KEY_USAGE {
            let bits = BitStringRef::from_der(value.as_bytes())?;
            let bits = bits.raw_bytes().first().copied().unwrap_or_default();
            // Stated twice, only what both allow.
            usage = Some(usage.map_or(bits, |earlier: u8| earlier & bits));
        }
    }
    Ok(usage)
}

fn contents<'a>(element: AnyRef<'a>, tag: Tag) -> der::Result<SliceReader<'a>> {
    element.tag().assert_eq(tag)?;
    SliceReader::new(element.value())
}

fn finish(reader: &SliceReader<'_>) -> der::Result<()> {
    if reader.is_finished() {
        Ok(())
    } else {
        Err(der::ErrorKind::Failed.into())
    }
}

fn is_context(tag: Tag, wanted: u32) -> bool {
    matches!(tag, Tag::ContextSpecific { number, .. } if number.value() == wanted)
}
