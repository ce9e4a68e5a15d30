//! A private key between its parsing and its proof.

use crate::error::KeyProblem;
use crate::keys::public::{P256Point, RsaPublicNumbers};
use crate::secret::{Secret32, SecretBytes};

/// A private key that was parsed and not yet proved.
pub(crate) enum PrivateParts {
    P256 {
        scalar: Secret32,
        /// The public half, as often as the encoding states it.
        stated: Vec<StatedPoint>,
    },
    Rsa {
        pkcs8: SecretBytes,
        public: RsaPublicNumbers,
    },
}

/// The public half of a P-256 key as a private key states it, to be compared with the one that is computed.
pub(crate) enum StatedPoint {
    Whole(P256Point),
    /// `02` or `03` for the parity of y, and x (SEC 1 section 2.3.3): nothing has to be computed to compare it.
    Compressed([u8; 33]),
}

impl StatedPoint {
    pub(crate) fn from_sec1(bytes: &[u8]) -> Result<Self, KeyProblem> {
        match <&[u8; 33]>::try_from(bytes) {
            Ok(point @ [2 | 3, ..]) => Ok(Self::Compressed(*point)),
            _ => P256Point::from_sec1(bytes).map(Self::Whole),
        }
    }

    /// Whether this is the point.
    pub(crate) fn is(&self, point: &P256Point) -> bool {
        match self {
            Self::Whole(stated) => stated == point,
            Self::Compressed([form, x @ ..]) => {
                let parity = point.y().last().map_or(0, |last| last & 1);
                x == point.x() && form & 1 == parity
            }
        }
    }
}
