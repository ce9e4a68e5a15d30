//! A private key between its parsing and its proof.

use crate::keys::public::{P256Point, RsaPublicNumbers};
use crate::secret::{Secret32, SecretBytes};

/// A private key that was parsed and not yet proved.
pub(crate) enum PrivateParts {
    P256 {
        scalar: Secret32,
        /// The public half, where the encoding carries it.
        public: Option<P256Point>,
    },
    Rsa {
        pkcs8: SecretBytes,
        public: RsaPublicNumbers,
    },
}
