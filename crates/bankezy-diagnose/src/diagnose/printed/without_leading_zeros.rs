pub(crate) fn without_leading_zeros(x: &[u8]) -> &[u8] {
    let zeros = x.iter().take_while(|octet| **octet == 0).count();
    &x[zeros..]
}
