//! Names each derivation in words and in Rust.

use core::fmt;

use crate::diagnose::derivation::TriedDerivation;
use crate::diagnose::encoding::applied;
use crate::diagnose::function::{Function, Hash, Take};
use crate::diagnose::info::Info;
use crate::diagnose::kdf::Kdf;
use crate::diagnose::shared::SharedForm;

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
    /// are the public keys. Functions that are neither the core's nor of the crates `sha2`, `md5`,
    /// `hmac`, `hkdf`, `hex` and `base64` are for you to write; keep what they return in types that
    /// wipe themselves.
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
        let derived = match self.kdf {
            Kdf::Function(function) => applied(function.rust(), &shared),
            Kdf::Concat {
                algorithm,
                key_data_len,
            } => format!("concat_kdf({shared}, {algorithm:?}, {first}, {second}, {key_data_len})"),
            Kdf::Hkdf(hash) => {
                let hash = hash.rust();
                format!("Hkdf::<{hash}>::new(Some({first}), {shared}).expand({second})")
            }
            Kdf::X963(hash) => format!(
                "{}::digest([{shared}, &[0, 0, 0, 1], {first}].concat())",
                hash.rust()
            ),
            Kdf::HmacUnderShared(hash) => format!("hmac::<{}>({shared}, {first})", hash.rust()),
            Kdf::HmacOfShared(hash) => format!("hmac::<{}>({first}, {shared})", hash.rust()),
            Kdf::HashBefore(hash) => {
                format!("{}::digest([{shared}, {first}].concat())", hash.rust())
            }
            Kdf::HashAfter(hash) => {
                format!("{}::digest([{first}, {shared}].concat())", hash.rust())
            }
        };
        let taken = applied(self.take.rust(), &derived);
        let reference = if taken.starts_with('&') { "" } else { "&" };
        format!("Derivation::Custom(&|shared| PayloadSecret::from_bytes({reference}{taken}))")
    }
}

impl Hash {
    fn words(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn rust(self) -> &'static str {
        match self {
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
            } => write!(
                f,
                "concat-kdf (AlgorithmID \"{algorithm}\", keydatalen {key_data_len})"
            ),
            Kdf::Hkdf(hash) => write!(f, "hkdf-{}", hash.words()),
            Kdf::X963(hash) => write!(f, "x963-{}", hash.words()),
            Kdf::HmacUnderShared(hash) => write!(f, "hmac-{} under", hash.words()),
            Kdf::HmacOfShared(hash) => write!(f, "hmac-{} of", hash.words()),
            Kdf::HashBefore(hash) => write!(f, "{} with the text after", hash.words()),
            Kdf::HashAfter(hash) => write!(f, "{} with the text before", hash.words()),
        }?;
        match self.kdf {
            Kdf::Concat { .. } | Kdf::Hkdf(_) | Kdf::X963(_) if self.form == SharedForm::X => {}
            Kdf::Concat { .. } | Kdf::Hkdf(_) | Kdf::X963(_) => write!(f, " of {}", self.form)?,
            _ => write!(f, " {}", self.form)?,
        }
        for (place, (name, input)) in self.kdf.input_names().iter().zip(&self.inputs).enumerate() {
            let separator = if place == 0 { " with" } else { "," };
            write!(f, "{separator} {name} {input}")?;
        }
        Ok(())
    }
}
