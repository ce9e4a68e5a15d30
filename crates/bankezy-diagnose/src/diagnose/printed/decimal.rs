use zeroize::Zeroizing;

pub(crate) fn decimal(x: &[u8]) -> Zeroizing<String> {
    let mut number = Zeroizing::new(x.to_vec());
    let mut digits = Zeroizing::new(String::with_capacity(3 * x.len() + 1));
    loop {
        let mut rest = 0_u16;
        for octet in number.iter_mut() {
            rest = rest << 8 | u16::from(*octet);
            *octet = (rest / 10) as u8;
            rest %= 10;
        }
        digits.insert(0, char::from(b'0' + rest as u8));
        if number.iter().all(|octet| *octet == 0) {
            return digits;
        }
    }
}
