//! Key derivations with up to two further inputs.

use bankezy_crypto::SecretBytes;

use crate::diagnose::function::{Function, Hash};
use crate::diagnose::octets;

/// How a key is derived from the shared secret and up to two further inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kdf {
    /// A function of the shared secret alone.
    Function(Function),
    /// Concat KDF with SHA-256 (RFC 7518 section 4.6.2). Inputs: apu, apv.
    #[non_exhaustive]
    Concat {
        /// AlgorithmID.
        algorithm: &'static str,
        /// keydatalen as it is hashed.
        key_data_len: u32,
        /// How its input is assembled.
        layout: ConcatLayout,
    },
    /// HKDF (RFC 5869). Inputs: salt, info.
    Hkdf(Hash),
    /// The second step of HKDF alone, with the shared secret as its key. Input: info.
    HkdfExpand(Hash),
    /// ANSI X9.63 KDF. Input: the shared info.
    X963(Hash),
    /// The one-step KDF of NIST SP 800-56C, which is Concat KDF without the form of its input: a hash of
    /// the counter, the shared secret and the input. Input: the fixed info.
    OneStep(Hash),
    /// HMAC with the shared secret as its key. Input: the message.
    HmacUnderShared(Hash),
    /// HMAC of the shared secret. Input: the key.
    HmacOfShared(Hash),
    /// A hash of the shared secret followed by an input.
    HashBefore(Hash),
    /// A hash of an input followed by the shared secret.
    HashAfter(Hash),
}

/// How a Concat KDF differs from that of RFC 7518 section 4.6.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConcatLayout {
    /// Not at all.
    Standard,
    /// SHA-512 in place of SHA-256.
    Sha512,
    /// SuppPubInfo, which is keydatalen, is little-endian.
    LittleEndianLength,
    /// Every number is little-endian.
    LittleEndian,
    /// It has no SuppPubInfo.
    WithoutLength,
    /// Its counter is 0.
    CounterZero,
}

impl ConcatLayout {
    /// Without those of the standard.
    const ODD: [Self; 5] = [
        Self::Sha512,
        Self::LittleEndianLength,
        Self::LittleEndian,
        Self::WithoutLength,
        Self::CounterZero,
    ];

    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::Sha512 => Hash::Sha512,
            _ => Hash::Sha256,
        }
    }

    pub(crate) fn counter(self) -> u32 {
        match self {
            Self::CounterZero => 0,
            _ => 1,
        }
    }

    fn number(self, number: u32) -> [u8; 4] {
        match self {
            Self::LittleEndian => number.to_le_bytes(),
            _ => number.to_be_bytes(),
        }
    }

    fn length(self, key_data_len: u32) -> Option<[u8; 4]> {
        match self {
            Self::WithoutLength => None,
            Self::LittleEndianLength => Some(key_data_len.to_le_bytes()),
            _ => Some(self.number(key_data_len)),
        }
    }
}

/// Longest apu and apv, as in the core.
pub(crate) const MAX_PARTY_INFO: usize = 1024;

impl Kdf {
    /// With the AlgorithmID and keydatalen that the core uses.
    pub(crate) const CONCAT: Self = Self::Concat {
        algorithm: "A256GCM",
        key_data_len: 256,
        layout: ConcatLayout::Standard,
    };

    /// With two further inputs, beside [`CONCAT`](Self::CONCAT) from the standard.
    pub(crate) fn other_concats() -> impl Iterator<Item = Self> {
        let of_others = [32, 128, 512].into_iter().flat_map(Self::concats);
        let all = Self::concats_of_256_bits().chain(of_others);
        all.filter(|kdf| *kdf != Self::CONCAT)
    }

    /// Those that hash the length of the key in bits.
    pub(crate) fn concats_of_256_bits() -> impl Iterator<Item = Self> {
        Self::concats(256).into_iter()
    }

    fn concats(key_data_len: u32) -> [Self; 6] {
        ["A256GCM", "dir", "ECDH-ES", "A256KW", "", "ECDH-ES+A256KW"].map(|algorithm| {
            Self::Concat {
                algorithm,
                key_data_len,
                layout: ConcatLayout::Standard,
            }
        })
    }

    /// Names of other algorithms, and layouts of other programs: with the x coordinate alone.
    pub(crate) fn odd_concats() -> impl Iterator<Item = Self> {
        let concat = |algorithm, layout| Self::Concat {
            algorithm,
            key_data_len: 256,
            layout,
        };
        let of_others = ["A128GCM", "A256GCMKW"].map(|name| concat(name, ConcatLayout::Standard));
        let others = ["dir", "ECDH-ES", "A256KW", "ECDH-ES+A256KW"];
        let without_length = others.map(|name| concat(name, ConcatLayout::WithoutLength));
        let odd = ConcatLayout::ODD.into_iter();
        of_others
            .into_iter()
            .chain(odd.flat_map(move |layout| ["A256GCM", ""].map(|name| concat(name, layout))))
            .chain(without_length)
    }

    /// With one further input, which is not the one of the core.
    pub(crate) const WITH_ONE_INPUT: [Self; 15] = [
        Self::OneStep(Hash::Sha256),
        Self::HmacUnderShared(Hash::Sha256),
        Self::HmacOfShared(Hash::Sha256),
        Self::HashBefore(Hash::Sha256),
        Self::HashAfter(Hash::Sha256),
        Self::X963(Hash::Sha512),
        Self::X963(Hash::Sha384),
        Self::OneStep(Hash::Sha512),
        Self::HmacUnderShared(Hash::Sha512),
        Self::HmacOfShared(Hash::Sha512),
        Self::HmacUnderShared(Hash::Sha384),
        Self::HmacOfShared(Hash::Sha384),
        Self::HashBefore(Hash::Sha512),
        Self::HashAfter(Hash::Sha512),
        Self::HkdfExpand(Hash::Sha256),
    ];

    /// Whose hash has fewer than 32 octets.
    pub(crate) const X963_OF_TWO: [Self; 2] = [Self::X963(Hash::Sha1), Self::X963(Hash::Sha224)];

    /// 32 octets or more; some of them are the key.
    pub(crate) fn derive(self, shared: &[u8], [first, second]: [&[u8]; 2]) -> Option<SecretBytes> {
        let counter = 1_u32.to_be_bytes();
        Some(match self {
            Self::Function(function) => function.apply(shared),
            Self::Concat {
                algorithm,
                key_data_len,
                layout,
            } => {
                let len = |part: &[u8]| layout.number(part.len() as u32);
                let length = layout.length(key_data_len);
                layout.hash().digest(&[
                    &layout.number(layout.counter()),
                    shared,
                    &len(algorithm.as_bytes()),
                    algorithm.as_bytes(),
                    &len(first),
                    first,
                    &len(second),
                    second,
                    length.as_ref().map_or(&[][..], |length| length),
                ])
            }
            Self::Hkdf(hash) => hash.hkdf(first, shared, second)?,
            Self::HkdfExpand(hash) => hash.hkdf_expand(shared, first)?,
            Self::X963(hash) if hash.is_short() => {
                let block = |number: u32| hash.digest(&[shared, &number.to_be_bytes(), first]);
                octets::joined(&[block(1).as_bytes(), block(2).as_bytes()])
            }
            Self::X963(hash) => hash.digest(&[shared, &counter, first]),
            Self::OneStep(hash) => hash.digest(&[&counter, shared, first]),
            Self::HmacUnderShared(hash) => hash.hmac(shared, first)?,
            Self::HmacOfShared(hash) => hash.hmac(first, shared)?,
            Self::HashBefore(hash) => hash.digest(&[shared, first]),
            Self::HashAfter(hash) => hash.digest(&[first, shared]),
        })
    }

    /// The names of its inputs.
    pub(crate) fn input_names(self) -> &'static [&'static str] {
        match self {
            Self::Function(_) => &[],
            Self::Concat { .. } => &["apu", "apv"],
            Self::Hkdf(_) => &["salt", "info"],
            Self::X963(_) | Self::OneStep(_) | Self::HkdfExpand(_) => &["info"],
            Self::HmacUnderShared(_) => &["message"],
            Self::HmacOfShared(_) => &["key"],
            Self::HashBefore(_) | Self::HashAfter(_) => &["text"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::function::Take;

    /// From `openssl kdf -keylen 32 -kdfopt digest:SHA1 … X963KDF`.
    #[test]
    fn x963_takes_a_second_block_of_a_short_hash() {
        let shared: Vec<u8> = (0..32).collect();
        for (hash, expected) in [
            (
                Hash::Sha1,
                "a3e4d428afa7d4f5aa2a0cba30b9006d0f371b1ab56c3d05b1fc52711bf171da",
            ),
            (
                Hash::Sha224,
                "779cfa9e3ba3da5ab4659d80865ad301dbda1f50f0fb555bbb1fede80c29fdf6",
            ),
        ] {
            let derived = Kdf::X963(hash).derive(&shared, [b"BankEzy", b""]).unwrap();
            let key = Take::First32.apply(derived.as_bytes()).unwrap();
            let expected = octets::from_hex(expected.as_bytes()).unwrap();
            assert_eq!(key.as_bytes(), expected.as_bytes());
        }
    }
}
