//! Key pairs from private keys under a password.

use crate::backend::Backend;
use crate::error::Error;
use crate::keys::pair::KeyPair;
use crate::keys::private;

/// Private keys under a password, on the default backend.
#[cfg(feature = "aws-lc-rs")]
#[cfg_attr(docsrs, doc(cfg(feature = "encrypted-keys")))]
impl KeyPair {
    /// Reads a PEM private key that is encrypted with a password: PKCS#8 (`ENCRYPTED PRIVATE KEY`) with PBES2,
    /// AES-CBC, and PBKDF2 on SHA-2 or scrypt, as OpenSSL 1.1 and later write it.
    ///
    /// The password is used as its bytes, without a line end. The limits are 10,000,000 iterations of PBKDF2, 256 MiB
    /// for scrypt and salts of 32 octets; older schemes are refused by name. Near those limits it takes seconds: in
    /// asynchronous code call it where blocking is allowed. RustCrypto's crates decrypt the key, whichever backend
    /// the key is for.
    ///
    /// # Errors
    /// [`Error::Key`] that says what is wrong: `WrongPassword`, `NotEncrypted`, `Encryption` and `EncryptionCost`
    /// of [`KeyProblem`](crate::KeyProblem), or what is wrong with the key inside.
    pub fn from_encrypted_pem(pem: &str, password: &[u8]) -> Result<Self, Error> {
        Self::from_encrypted_pem_with_backend(pem, password, &crate::backend::AWS_LC_RS)
    }

    /// Reads a DER PKCS#8 EncryptedPrivateKeyInfo (RFC 5958 section 3), as
    /// [`from_encrypted_pem`](Self::from_encrypted_pem) does.
    ///
    /// # Errors
    /// As for [`from_encrypted_pem`](Self::from_encrypted_pem).
    pub fn from_encrypted_pkcs8_der(der: &[u8], password: &[u8]) -> Result<Self, Error> {
        Self::from_encrypted_pkcs8_der_with_backend(der, password, &crate::backend::AWS_LC_RS)
    }
}

/// Private keys under a password.
#[cfg_attr(docsrs, doc(cfg(feature = "encrypted-keys")))]
impl KeyPair {
    /// As [`from_encrypted_pem`](Self::from_encrypted_pem), on the given backend.
    ///
    /// # Errors
    /// As for [`from_encrypted_pem`](Self::from_encrypted_pem); [`Error::Unsupported`] where the backend
    /// does no private RSA.
    pub fn from_encrypted_pem_with_backend(
        pem: &str,
        password: &[u8],
        backend: &Backend,
    ) -> Result<Self, Error> {
        Self::from_parts(private::from_encrypted_pem(pem, password)?, *backend)
    }

    /// As [`from_encrypted_pkcs8_der`](Self::from_encrypted_pkcs8_der), on the given backend.
    ///
    /// # Errors
    /// As for [`from_encrypted_pem_with_backend`](Self::from_encrypted_pem_with_backend).
    pub fn from_encrypted_pkcs8_der_with_backend(
        der: &[u8],
        password: &[u8],
        backend: &Backend,
    ) -> Result<Self, Error> {
        Self::from_parts(private::from_encrypted_pkcs8(der, password)?, *backend)
    }
}
