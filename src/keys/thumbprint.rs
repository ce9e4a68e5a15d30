//! JWK thumbprints of public keys (RFC 7638).

use crate::backend;
use crate::codec::base64url;
use crate::keys::public::{Kind, PublicKey};

impl PublicKey {
    /// The JWK thumbprint of the key (RFC 7638) with SHA-256: 43 characters of base64url, the same for every
    /// form that the key is written in. Compare it to find out whether two sides mean the same key.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let text = base64url::encode_to_string;
        // The required members alone, in the order of their names (RFC 7638 section 3.2).
        let members = match self.inner() {
            Kind::P256(point) => format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                text(point.x()),
                text(point.y())
            ),
            Kind::Rsa(rsa) => format!(
                r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
                text(rsa.e()),
                text(rsa.n())
            ),
        };
        let digest = backend::sha256(&[members.as_bytes()]);
        // Missing only in a build without a backend, which has no keys.
        debug_assert!(digest.is_some());
        text(&digest.unwrap_or_default())
    }
}
