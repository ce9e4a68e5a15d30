use zeroize::Zeroizing;

/// As Java's `BigInteger.toByteArray` writes it.
pub(crate) fn big_integer(x: &[u8]) -> Zeroizing<Vec<u8>> {
    let zeros = x.iter().take_while(|octet| **octet == 0).count();
    let has_sign = x[zeros..].first().is_none_or(|first| *first >= 0x80);
    let sign: &[u8] = if has_sign { &[0] } else { &[] };
    Zeroizing::new([sign, &x[zeros..]].concat())
}
