use p256::AffinePoint;
use p256::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use p256::elliptic_curve::subtle::Choice;
use zeroize::Zeroizing;

/// One of the two y for an x: the even one for parity 0, the odd one for 1.
pub(crate) fn y_coordinate(x: &[u8; 32], parity: u8) -> Zeroizing<[u8; 32]> {
    let point = Zeroizing::new(AffinePoint::decompress(x.into(), Choice::from(parity)).unwrap());
    Zeroizing::new(point.y().into())
}
