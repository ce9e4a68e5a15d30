//! The derivations that are tried.

use core::fmt;

use bankezy_crypto::SecretBytes;

use crate::diagnose::candidates::Candidate;
use crate::diagnose::function::{Function, Hash, Take};
use crate::diagnose::info::Info;
use crate::diagnose::kdf::{Kdf, MAX_PARTY_INFO};
use crate::diagnose::shared::{SharedForm, SharedOctets};

/// How the key is made from the shared secret, with inputs that are named instead of given as bytes.
///
/// `Display` names it in words and in those of the command line's `--derive`; [`rust`](Self::rust) in
/// Rust.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TriedDerivation {
    /// The form of the shared secret.
    pub form: SharedForm,
    /// What is applied to it.
    pub kdf: Kdf,
    /// The inputs of `kdf`; [`Info::Empty`] for those that it does not have.
    pub inputs: [Info; 2],
    /// Which octets of the result are the key.
    pub take: Take,
}

/// A derivation that did not open the message, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerivationAttempt {
    /// What was tried.
    pub derivation: TriedDerivation,
    /// Why it did not open the message.
    pub outcome: DerivationOutcome,
}

/// Why a derivation does not open a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DerivationOutcome {
    /// The derivation gives a key, but the message does not open with it.
    OtherKey,
    /// A further text is longer than `apu` and `apv` may be, so no key was derived.
    #[non_exhaustive]
    PartyInfoTooLong {
        /// Length found, in bytes.
        len: usize,
        /// Most that is allowed, in bytes.
        max: usize,
    },
}

/// A form of the shared secret, what is applied to it, and with which inputs.
#[derive(Clone, Copy)]
struct Step<'a> {
    form: &'a (SharedForm, SecretBytes),
    kdf: Kdf,
    inputs: [&'a Candidate; 2],
}

/// All derivations from common to rare, each with its key.
pub(crate) fn derivations<'a>(
    forms: &'a [(SharedForm, SecretBytes)],
    candidates: &'a [Candidate],
) -> impl Iterator<Item = (TriedDerivation, Result<SecretBytes, DerivationOutcome>)> {
    steps(forms, candidates).flat_map(|step| {
        let output = step.derive();
        Take::OF_A_DERIVATION.into_iter().filter_map(move |take| {
            let key = match &output {
                Ok(output) => Ok(take.apply(output.as_ref()?.as_bytes())?),
                Err(outcome) if take == Take::Whole => Err(*outcome),
                Err(_) => return None,
            };
            Some((step.named(take), key))
        })
    })
}

impl Take {
    const OF_A_DERIVATION: [Self; 4] = [Self::Whole, Self::First32, Self::Last32, Self::ZeroPadded];
}

fn steps<'a>(
    forms: &'a [(SharedForm, SecretBytes)],
    candidates: &'a [Candidate],
) -> impl Iterator<Item = Step<'a>> {
    let (x, others) = forms.split_at(forms.len().min(1));
    // The candidates start with the empty one.
    let empty = candidates.get(..1).unwrap_or_default();
    let pairs = move |usual: bool| {
        candidates.iter().flat_map(move |first| {
            candidates
                .iter()
                .map(move |second| [first, second])
                .filter(move |[first, second]| {
                    let is_usual = first.is_usual_with(second);
                    is_usual == usual && (is_usual || !first.is_rare && !second.is_rare)
                })
        })
    };
    // One text for both parties, where the text does not come with others.
    let same = move |is_rare: bool| {
        let one = move |one: &&Candidate| one.is_rare == is_rare && !one.is_usual_with(one);
        candidates.iter().filter(one).map(|one| [one, one])
    };
    let singles = move || {
        candidates
            .iter()
            .flat_map(move |first| empty.iter().map(move |empty| [first, empty]))
    };
    let functions = move |forms: &'a [(SharedForm, SecretBytes)],
                          functions: &'static [Function]| {
        functions.iter().flat_map(move |function| {
            // Hashes of hashes are functions.
            let forms = forms
                .iter()
                .filter(|(form, _)| form.octets != SharedOctets::Sha256);
            forms.flat_map(move |form| {
                empty.iter().map(move |empty| Step {
                    form,
                    kdf: Kdf::Function(*function),
                    inputs: [empty, empty],
                })
            })
        })
    };
    let of_those = |forms: &'a [(SharedForm, SecretBytes)],
                    is_one: fn(SharedForm) -> bool,
                    kdfs: Vec<Kdf>,
                    inputs: [&'a Candidate; 2]| {
        let is_rare = inputs.iter().any(|input| input.is_rare);
        kdfs.into_iter().flat_map(move |kdf| {
            forms
                .iter()
                .filter(move |(form, _)| is_one(*form) && (!is_rare || *form == SharedForm::X))
                .map(move |form| Step { form, kdf, inputs })
        })
    };
    let of = move |forms: &'a [(SharedForm, SecretBytes)],
                   kdfs: Vec<Kdf>,
                   inputs: [&'a Candidate; 2]| {
        of_those(forms, SharedForm::is_common, kdfs, inputs)
    };
    let standard = vec![Kdf::CONCAT, Kdf::Hkdf(Hash::Sha256)];
    let with_two = vec![
        Kdf::CONCAT,
        Kdf::Hkdf(Hash::Sha256),
        Kdf::Hkdf(Hash::Sha512),
    ];
    let hkdfs = [Hash::Sha512, Hash::Sha384, Hash::Sha1]
        .map(Kdf::Hkdf)
        .to_vec();
    let odd_concats: Vec<Kdf> = Kdf::odd_concats().collect();
    let odd_concats_of_same = odd_concats.clone();
    let x963 = vec![Kdf::X963(Hash::Sha256)];
    let concats: Vec<Kdf> = Kdf::other_concats().collect();
    let concats_of_same = concats.clone();
    let concats_of_rare: Vec<Kdf> = Kdf::concats_of_256_bits().collect();
    let concats_of_integers = concats.clone();
    // Of integers, the one of the standard is not tried with one text before.
    let same_of_integers: Vec<Kdf> = [Kdf::CONCAT].into_iter().chain(concats.clone()).collect();
    let with_one = Kdf::WITH_ONE_INPUT.to_vec();
    let x963_of_two = Kdf::X963_OF_TWO.to_vec();
    let (x963_of_others, with_one_of_others) = (x963.clone(), with_one.clone());
    let with_two_of_others = with_two.clone();

    functions(x, &[Function::Identity, Function::Sha256])
        .chain(pairs(true).flat_map(move |pair| of(x, standard.clone(), pair)))
        .chain(singles().flat_map(move |single| of(x, x963.clone(), single)))
        .chain(functions(others, &Function::ALL))
        .chain(functions(x, Function::RARE))
        .chain(pairs(true).flat_map(move |pair| of(x, hkdfs.clone(), pair)))
        .chain(pairs(true).flat_map(move |pair| of(x, concats.clone(), pair)))
        .chain(same(false).flat_map(move |pair| of(x, concats_of_same.clone(), pair)))
        .chain(singles().flat_map(move |single| of(x, with_one.clone(), single)))
        .chain(pairs(true).flat_map(move |pair| of(x, odd_concats.clone(), pair)))
        .chain(same(false).flat_map(move |pair| of(x, odd_concats_of_same.clone(), pair)))
        .chain(pairs(false).flat_map(move |pair| of(x, with_two.clone(), pair)))
        .chain(singles().flat_map(move |single| of(others, x963_of_others.clone(), single)))
        .chain(pairs(true).flat_map(move |pair| of(others, with_two_of_others.clone(), pair)))
        .chain(singles().flat_map(move |single| of(others, with_one_of_others.clone(), single)))
        .chain(pairs(true).flat_map(move |pair| {
            let kdfs = concats_of_integers.clone();
            of_those(others, SharedForm::is_integer, kdfs, pair)
        }))
        .chain(singles().flat_map(move |single| of(x, x963_of_two.clone(), single)))
        .chain(same(true).flat_map(move |pair| of(x, concats_of_rare.clone(), pair)))
        .chain(same(false).flat_map(move |pair| {
            let kdfs = same_of_integers.clone();
            of_those(others, SharedForm::is_integer, kdfs, pair)
        }))
}

impl Function {
    /// All except the two that the core has.
    const RARE: &'static [Self] = Self::ALL.split_at(2).1;
}

impl Step<'_> {
    fn derive(&self) -> Result<Option<SecretBytes>, DerivationOutcome> {
        let inputs = self.inputs.map(|input| input.bytes.as_slice());
        let too_long = inputs
            .iter()
            .map(|input| input.len())
            .find(|len| *len > MAX_PARTY_INFO);
        if let (Kdf::Concat { .. }, Some(len)) = (self.kdf, too_long) {
            let max = MAX_PARTY_INFO;
            return Err(DerivationOutcome::PartyInfoTooLong { len, max });
        }
        Ok(self.kdf.derive(self.form.1.as_bytes(), inputs))
    }

    fn named(&self, take: Take) -> TriedDerivation {
        TriedDerivation {
            form: self.form.0,
            kdf: self.kdf,
            inputs: self.inputs.map(|input| input.info.clone()),
            take,
        }
    }
}

impl fmt::Display for DerivationAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.derivation, self.outcome)
    }
}

impl fmt::Display for DerivationOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKey => f.write_str("another key"),
            Self::PartyInfoTooLong { len, max } => {
                write!(f, "apu or apv has {len} bytes, at most {max} are allowed")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bankezy_crypto::KeyPair;
    use bankezy_crypto::backend::AVAILABLE;

    use super::*;
    use crate::diagnose::candidates::candidates;
    use crate::diagnose::kdf::ConcatLayout;
    use crate::diagnose::shared::{forms, shared_secret};

    /// An AlgorithmID does not decide which texts go with it.
    #[test]
    fn concat_kdf_takes_one_text_for_both_parties() {
        let pair = || KeyPair::generate_with_backend(&AVAILABLE[0]).unwrap();
        let (ours, theirs) = (pair(), pair());
        let shared = shared_secret(&ours, theirs.public_key()).unwrap();
        let candidates = candidates(ours.public_key(), theirs.public_key(), "{}", &[]);
        let forms = forms(&shared);
        let mut count = 0;
        let mut found = Vec::new();
        let mut pairs = Vec::new();
        for (derivation, _) in derivations(&forms, &candidates) {
            count += 1;
            if let Kdf::Concat {
                algorithm,
                key_data_len: 256,
                layout: ConcatLayout::Standard,
            } = derivation.kdf
                && let [Info::Known(first), Info::Known(second)] = derivation.inputs
                && first == second
                && derivation.form.octets == SharedOctets::X
            {
                found.push((algorithm, first));
            }
            if let Kdf::Concat {
                algorithm: "dir",
                key_data_len: 256,
                layout: ConcatLayout::Standard,
            } = derivation.kdf
                && let [Info::Known(first), Info::Known(second)] = derivation.inputs
            {
                pairs.push([first, second]);
            }
        }
        assert!(pairs.contains(&["BankEzy", "Wibmo"]));
        assert!(pairs.contains(&["Wibmo", "BankEzy"]));
        for algorithm in ["A256GCM", "dir", "ECDH-ES", ""] {
            for text in [
                "Alice",
                "BankEzy",
                "Wibmo",
                "wibmo-bankezy",
                "BANK_EZY",
                "bankezy-v1",
            ] {
                assert!(found.contains(&(algorithm, text)), "{algorithm} {text}");
            }
        }
        // As the docs of `Message::try_derivations` say.
        assert!((125_000..=165_000).contains(&count), "{count}");
    }
}
