//! Names each derivation in words and in Rust.

use core::fmt;

use crate::diagnose::derivation::TriedDerivation;
use crate::diagnose::encoding::applied;
use crate::diagnose::function::{Function, Hash, Take};
use crate::diagnose::info::Info;
use crate::diagnose::kdf::{ConcatLayout, Kdf};
use crate::diagnose::shared::SharedForm;
use crate::diagnose::shared_terms::referenced;
use crate::printable::printable;

impl TriedDerivation {
    /// Whether [`Derivation`](bankezy_crypto::Derivation) and `--derive` have a word for it.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        let kdf = match self.kdf {
            Kdf::Function(function) => {
                matches!(function, Function::Identity | Function::Sha256)
            }
            kdf => {
                kdf == Kdf::CONCAT
                    || kdf == Kdf::Hkdf(Hash::Sha256)
                    || kdf == Kdf::X963(Hash::Sha256)
            }
        };
        kdf && (self.form, self.take) == (SharedForm::X, Take::Whole)
    }

    /// A Rust expression of type [`Derivation`](bankezy_crypto::Derivation), where `ours` and `theirs`
    /// are the public keys, `header` is a map from the members of the message's header to their texts, and
    /// `parity` is that of a y coordinate, 0 or 1. It uses the crates `sha1`, `sha2`, `sha3`, `md5`, `hmac`, `hkdf`, `zeroize`,
    /// `hex`, `p256` and `base64` (its `prelude`), and what is in [`functions`](Self::functions). Keep what
    /// they return in types that wipe themselves.
    #[must_use]
    pub fn rust(&self) -> String {
        let [first, second] = self.inputs.each_ref().map(Info::rust);
        if self.is_usual() {
            return match self.kdf {
                Kdf::Function(Function::Identity) => "Derivation::RawSharedSecret".to_owned(),
                Kdf::Concat { .. } => {
                    format!("Derivation::ConcatKdf {{ apu: {first}, apv: {second} }}")
                }
                Kdf::Hkdf(_) => {
                    format!("Derivation::HkdfSha256 {{ salt: {first}, info: {second} }}")
                }
                Kdf::X963(_) => format!("Derivation::X963Sha256 {{ shared_info: {first} }}"),
                _ => "Derivation::Sha256".to_owned(),
            };
        }
        let shared = self.form.rust();
        let shared_octets = referenced(&shared);
        // A number has fewer or more octets in another session.
        let is_number = self.form.is_integer() && self.kdf == Kdf::Function(Function::Identity);
        let take = match self.take {
            Take::Whole | Take::First32 if is_number => Take::ZeroPadded,
            take => take,
        };
        // Where something is ahead of the shared secret, a chain takes each of their types.
        let digest = |hash: Hash, parts: &[&str]| {
            let parts: String = parts
                .iter()
                .map(|part| format!(".chain_update({part})"))
                .collect();
            format!("{}::new(){parts}.finalize()", hash.rust())
        };
        let hmac = |hash: Hash, key: &str, message: &str| {
            let hash = hash.rust();
            format!(
                "Hmac::<{hash}>::new_from_slice({key}).unwrap().chain_update({message}).finalize().into_bytes()"
            )
        };
        let derived = match self.kdf {
            Kdf::Function(Function::Identity) if take == Take::Whole => shared_octets,
            Kdf::Function(function) => applied(function.rust(), &shared),
            Kdf::Concat {
                algorithm,
                key_data_len,
                layout,
            } => {
                let order = match layout {
                    ConcatLayout::LittleEndian => "to_le_bytes",
                    _ => "to_be_bytes",
                };
                let len = |input: &str| format!("(({input}).len() as u32).{order}()");
                let algorithm = format!("b{algorithm:?}");
                let [len_of_algorithm, len_of_first, len_of_second] =
                    [&algorithm, &first, &second].map(|input| len(input));
                let counter = format!("{}_u32.{order}()", layout.counter());
                let order_of_length = match layout {
                    ConcatLayout::LittleEndianLength => "to_le_bytes",
                    _ => order,
                };
                let length = format!("{key_data_len}_u32.{order_of_length}()");
                let parts = [
                    counter.as_str(),
                    &shared,
                    &len_of_algorithm,
                    &algorithm,
                    &len_of_first,
                    &first,
                    &len_of_second,
                    &second,
                    &length,
                ];
                let parts = match layout {
                    ConcatLayout::WithoutLength => parts.split_last().map_or(&[][..], |(_, it)| it),
                    _ => &parts,
                };
                digest(layout.hash(), parts)
            }
            Kdf::Hkdf(hash) => {
                let hash = hash.rust();
                return format!(
                    "Derivation::Custom(&|shared| {{ let mut key = Zeroizing::new([0; 32]); \
                     Hkdf::<{hash}>::new(Some({first}), {shared_octets}).expand({second}, &mut *key).unwrap(); \
                     PayloadSecret::from_bytes(&*key) }})"
                );
            }
            Kdf::HkdfExpand(hash) => {
                let hash = hash.rust();
                return format!(
                    "Derivation::Custom(&|shared| {{ let mut key = Zeroizing::new([0; 32]); \
                     Hkdf::<{hash}>::from_prk({shared_octets}).unwrap().expand({first}, &mut *key).unwrap(); \
                     PayloadSecret::from_bytes(&*key) }})"
                );
            }
            Kdf::X963(hash) if hash.is_short() => {
                let block = |counter: &str| digest(hash, &[&shared, counter, &first]);
                format!(
                    "[&{}[..], &{}[..]].concat()",
                    block(COUNTER),
                    block("2_u32.to_be_bytes()")
                )
            }
            Kdf::X963(hash) => digest(hash, &[&shared, COUNTER, &first]),
            Kdf::OneStep(hash) => digest(hash, &[COUNTER, &shared, &first]),
            Kdf::HmacUnderShared(hash) => hmac(hash, &shared_octets, &first),
            Kdf::HmacOfShared(hash) => hmac(hash, &first, &shared),
            Kdf::HashBefore(hash) => digest(hash, &[&shared, &first]),
            Kdf::HashAfter(hash) => digest(hash, &[&first, &shared]),
        };
        let taken = applied(take.rust(), &derived);
        let reference = if taken.starts_with('&') { "" } else { "&" };
        format!("Derivation::Custom(&|shared| PayloadSecret::from_bytes({reference}{taken}))")
    }

    /// The functions that [`rust`](Self::rust) calls and no crate provides, as Rust.
    #[must_use]
    pub fn functions(&self) -> Option<&'static str> {
        self.form.functions()
    }

    /// The flags of the command line for it, where each input is a text that they can carry. `inputs`
    /// are the octets of [`inputs`](Self::inputs).
    pub(crate) fn flags(&self, inputs: [&[u8]; 2]) -> Option<String> {
        if !self.is_usual() {
            return None;
        }
        let (name, flags) = match self.kdf {
            Kdf::Function(Function::Identity) => ("raw", [None, None]),
            Kdf::Concat { .. } => ("concat-kdf", [Some("apu"), Some("apv")]),
            Kdf::Hkdf(_) => ("hkdf-sha256", [Some("salt"), Some("info")]),
            Kdf::X963(_) => ("x963-sha256", [Some("info"), None]),
            _ => ("sha256", [None, None]),
        };
        let mut written = format!("--derive {name}");
        for (flag, input) in flags.into_iter().zip(inputs) {
            if let (Some(flag), [_, ..]) = (flag, input) {
                let text = core::str::from_utf8(input).ok()?;
                written.push_str(&format!(" --{flag}{}", in_a_shell(text)?));
            }
        }
        Some(written)
    }
}

/// The counter before or after the shared secret.
const COUNTER: &str = "1_u32.to_be_bytes()";

/// A value of a flag, for a shell. `None` for a text of more than one line, or with other characters that control a
/// terminal or are invisible.
fn in_a_shell(text: &str) -> Option<String> {
    if printable(text) != text {
        return None;
    }
    // After a blank, it would be parsed as a flag.
    let separator = if text.starts_with('-') { '=' } else { ' ' };
    Some(format!("{separator}'{}'", text.replace('\'', r"'\''")))
}

impl Hash {
    fn words(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn rust(self) -> &'static str {
        match self {
            Self::Sha1 => "Sha1",
            Self::Sha224 => "Sha224",
            Self::Sha256 => "Sha256",
            Self::Sha384 => "Sha384",
            Self::Sha512 => "Sha512",
        }
    }
}

impl fmt::Display for TriedDerivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.take.words())?;
        match self.kdf {
            Kdf::Function(_) if self.is_usual() => {
                let is_raw = self.kdf == Kdf::Function(Function::Identity);
                return f.write_str(if is_raw { "raw" } else { "sha256" });
            }
            Kdf::Function(function) => {
                return write!(f, "{}{}", function.words(), self.form);
            }
            Kdf::CONCAT => f.write_str("concat-kdf"),
            Kdf::Concat {
                algorithm,
                key_data_len,
                layout,
            } => write!(
                f,
                "concat-kdf (AlgorithmID \"{algorithm}\", keydatalen {key_data_len}{})",
                match layout {
                    ConcatLayout::Standard => "",
                    ConcatLayout::Sha512 => ", SHA-512",
                    ConcatLayout::LittleEndianLength => " little-endian",
                    ConcatLayout::LittleEndian => ", numbers little-endian",
                    ConcatLayout::WithoutLength => " left out",
                    ConcatLayout::CounterZero => ", counter 0",
                }
            ),
            Kdf::Hkdf(hash) => write!(f, "hkdf-{}", hash.words()),
            Kdf::HkdfExpand(hash) => write!(f, "hkdf-expand-{}", hash.words()),
            Kdf::X963(hash) => write!(f, "x963-{}", hash.words()),
            Kdf::OneStep(hash) => write!(f, "one-step-kdf-{}", hash.words()),
            Kdf::HmacUnderShared(hash) => write!(f, "hmac-{} under", hash.words()),
            Kdf::HmacOfShared(hash) => write!(f, "hmac-{} of", hash.words()),
            Kdf::HashBefore(hash) => write!(f, "{} with the text after", hash.words()),
            Kdf::HashAfter(hash) => write!(f, "{} with the text before", hash.words()),
        }?;
        match self.kdf {
            Kdf::Concat { .. }
            | Kdf::Hkdf(_)
            | Kdf::HkdfExpand(_)
            | Kdf::X963(_)
            | Kdf::OneStep(_) => {
                if self.form != SharedForm::X {
                    write!(f, " of {}", self.form)?;
                }
            }
            _ => write!(f, " {}", self.form)?,
        }
        for (place, (name, input)) in self.kdf.input_names().iter().zip(&self.inputs).enumerate() {
            let separator = if place == 0 { " with" } else { "," };
            write!(f, "{separator} {name} {input}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivation(kdf: Kdf, inputs: [Info; 2]) -> TriedDerivation {
        TriedDerivation {
            form: SharedForm::X,
            kdf,
            inputs,
            take: Take::Whole,
        }
    }

    #[test]
    fn flags_carry_texts_alone_and_quote_them() {
        let concat = derivation(Kdf::CONCAT, [Info::Empty, Info::Empty]);
        for (inputs, flags) in [
            (["", ""], "--derive concat-kdf"),
            (["Alice", ""], "--derive concat-kdf --apu 'Alice'"),
            (["", "it's"], r"--derive concat-kdf --apv 'it'\''s'"),
            (
                ["-x", "$y z"],
                "--derive concat-kdf --apu='-x' --apv '$y z'",
            ),
        ] {
            let inputs = inputs.map(str::as_bytes);
            assert_eq!(concat.flags(inputs).as_deref(), Some(flags));
        }
        assert_eq!(concat.flags([b"\xff", b""]), None);
        assert_eq!(concat.flags([b"", b"a\nb"]), None);
        let hkdf = derivation(Kdf::Hkdf(Hash::Sha256), [Info::Empty, Info::Empty]);
        let flags = "--derive hkdf-sha256 --salt 's' --info 'i'";
        assert_eq!(hkdf.flags([b"s", b"i"]).as_deref(), Some(flags));
        let x963 = derivation(Kdf::X963(Hash::Sha256), [Info::Empty, Info::Empty]);
        let flags = "--derive x963-sha256 --info 'i'";
        assert_eq!(x963.flags([b"i", b""]).as_deref(), Some(flags));
        let sha512 = derivation(Kdf::Hkdf(Hash::Sha512), [Info::Empty, Info::Empty]);
        assert_eq!(sha512.flags([b"", b""]), None);
    }

    #[test]
    fn rust_is_code_of_the_crates_that_it_names() {
        let known = Info::Known("x");
        for (kdf, expression) in [
            (
                Kdf::Hkdf(Hash::Sha512),
                "Derivation::Custom(&|shared| { let mut key = Zeroizing::new([0; 32]); \
                 Hkdf::<Sha512>::new(Some(b\"\"), shared.as_bytes()).expand(b\"x\", &mut *key).unwrap(); \
                 PayloadSecret::from_bytes(&*key) })",
            ),
            (
                Kdf::OneStep(Hash::Sha256),
                "Derivation::Custom(&|shared| PayloadSecret::from_bytes(&Sha256::new()\
                 .chain_update(1_u32.to_be_bytes()).chain_update(shared.as_bytes()).chain_update(b\"\")\
                 .finalize()))",
            ),
            (
                Kdf::HmacUnderShared(Hash::Sha256),
                "Derivation::Custom(&|shared| PayloadSecret::from_bytes(&Hmac::<Sha256>::new_from_slice\
                 (shared.as_bytes()).unwrap().chain_update(b\"\").finalize().into_bytes()))",
            ),
            (
                Kdf::Concat {
                    algorithm: "dir",
                    key_data_len: 32,
                    layout: ConcatLayout::Standard,
                },
                "Derivation::Custom(&|shared| PayloadSecret::from_bytes(&Sha256::new()\
                 .chain_update(1_u32.to_be_bytes()).chain_update(shared.as_bytes())\
                 .chain_update(((b\"dir\").len() as u32).to_be_bytes()).chain_update(b\"dir\")\
                 .chain_update(((b\"\").len() as u32).to_be_bytes()).chain_update(b\"\")\
                 .chain_update(((b\"x\").len() as u32).to_be_bytes()).chain_update(b\"x\")\
                 .chain_update(32_u32.to_be_bytes()).finalize()))",
            ),
        ] {
            let derivation = derivation(kdf, [Info::Empty, known.clone()]);
            assert_eq!(derivation.rust(), expression);
        }
    }
}
