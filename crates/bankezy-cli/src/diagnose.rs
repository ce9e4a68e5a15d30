//! `bankezy diagnose`: the documentation says neither how a payload secret is written nor how a key
//! comes from the shared secret; one captured message tells.

use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Algorithm, Derivation, Error, Inspection, KeyPair, PayloadCipher, PayloadSecret,
    PrivateKeyOpener, PublicKey, SecretBytes,
};

use crate::args::Diagnose;
use crate::failure::Failure;
use crate::{files, keys};

pub(crate) fn run(args: &Diagnose) -> Result<(), Failure> {
    let backend = keys::backend(&args.backend)?;
    let max = args.max_len.max_len;
    let message = files::read_file(&args.message, max.saturating_add(2), "the message")?;
    let message = Message {
        text: message.as_bytes().trim_ascii_end(),
        max,
        backend,
    };
    let algorithm = Inspection::with_max_sealed_len(message.text, max)?.profile?;

    let found = if let Some(path) = &args.private_key {
        let pair = keys::private_key(path, backend)?;
        match (&args.peer, algorithm) {
            (Some(peer), Algorithm::Dir) => {
                let peer = keys::public_key(peer)?;
                message.try_derivations(&pair, &peer, &args.try_info)?
            }
            (None, Algorithm::Dir) => {
                return Err(Failure::usage(
                    "the message is sealed under a shared key (dir): name the other side's key with --peer",
                ));
            }
            _ => message.try_private_key(pair)?,
        }
    } else if algorithm == Algorithm::Dir {
        let secret = keys::secret_bytes(args.secret_file.as_deref(), args.secret_env.as_deref())?
            .ok_or_else(|| Failure::usage("name a key"))?;
        message.try_readings(&secret)?
    } else {
        return Err(Failure::operation(format!(
            "the message is sealed to a public key ({}): open it with --private-key",
            algorithm.name()
        )));
    };
    files::print(format!("{found}\n").as_bytes())
}

const NOT_TEXT: Error = Error::SecretEncoding { expected: "UTF-8" };

struct Message<'a> {
    text: &'a [u8],
    max: usize,
    backend: &'static Backend,
}

impl Message<'_> {
    fn try_readings(&self, secret: &SecretBytes) -> Result<String, Failure> {
        let bytes = secret.as_bytes();
        // What is not text is no reading as text, and says so.
        let read = |from: fn(&str) -> Result<PayloadSecret, Error>| {
            keys::text(secret, "it").map_or(Err(NOT_TEXT), from)
        };
        let readings: [(&str, Result<PayloadSecret, Error>); 5] = [
            ("--encoding base64url", read(PayloadSecret::from_base64url)),
            ("--encoding base64", read(PayloadSecret::from_base64)),
            ("--encoding hex", read(PayloadSecret::from_hex)),
            ("--encoding utf8", read(PayloadSecret::from_utf8)),
            (
                "the 32 raw bytes (PayloadSecret::from_bytes)",
                PayloadSecret::from_bytes(bytes),
            ),
        ];
        let mut tried = Vec::new();
        for (name, reading) in readings {
            let outcome = match reading {
                Ok(secret) if self.opens_under(&secret)? => {
                    return Ok(format!("opens with {name}"));
                }
                Ok(_) => "32 bytes, but another key".to_owned(),
                Err(Error::SecretLength { found }) => format!("{found} bytes"),
                Err(error) if error == NOT_TEXT => "not text".to_owned(),
                Err(_) => "not valid".to_owned(),
            };
            tried.push(format!("{name}: {outcome}"));
        }
        Err(Failure::operation(format!(
            "no reading of the payload secret opens the message ({})",
            tried.join("; ")
        )))
    }

    fn try_derivations(
        &self,
        pair: &KeyPair,
        peer: &PublicKey,
        further: &[String],
    ) -> Result<String, Failure> {
        let infos = infos(pair.public_key(), peer, further);
        let simple = [
            ("--derive raw".to_owned(), Derivation::RawSharedSecret),
            ("--derive sha256".to_owned(), Derivation::Sha256),
        ];
        let with_infos = infos.iter().flat_map(|(first_name, first)| {
            infos.iter().flat_map(move |(second_name, second)| {
                [
                    (
                        format!("--derive concat-kdf with apu {first_name}, apv {second_name}"),
                        Derivation::ConcatKdf {
                            apu: first,
                            apv: second,
                        },
                    ),
                    (
                        format!("--derive hkdf-sha256 with salt {first_name}, info {second_name}"),
                        Derivation::HkdfSha256 {
                            salt: first,
                            info: second,
                        },
                    ),
                ]
            })
        });
        let mut tried = 0;
        for (name, derivation) in simple.into_iter().chain(with_infos) {
            tried += 1;
            match pair.agree(peer, &derivation) {
                Ok(secret) if self.opens_under(&secret)? => {
                    return Ok(format!("opens with {name} (derivation {tried} tried)"));
                }
                // A long text of the user's is a salt or info, just not an apu or apv.
                Ok(_) | Err(Error::PartyInfoTooLong { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::operation(format!(
            "none of {tried} derivations opens the message: check that both keys are the ones it \
             was sealed under, or add a text with --try-info"
        )))
    }

    fn try_private_key(&self, pair: KeyPair) -> Result<String, Failure> {
        PrivateKeyOpener::new(pair)
            .with_max_sealed_len(self.max)
            .open(self.text)?;
        Ok("opens with the private key alone, without --peer".to_owned())
    }

    fn opens_under(&self, secret: &PayloadSecret) -> Result<bool, Failure> {
        let cipher =
            PayloadCipher::with_backend(secret, self.backend)?.with_max_sealed_len(self.max);
        match cipher.open(self.text) {
            Ok(_) => Ok(true),
            Err(Error::OpenFailed) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What implementers are known to put into apu, apv, salt and info. All ordered pairs of them are
/// tried, so swapped roles are among them.
fn infos(ours: &PublicKey, theirs: &PublicKey, further: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut infos = vec![("empty".to_owned(), Vec::new())];
    for (owner, key) in [("our", ours), ("their", theirs)] {
        // The uncompressed point is the tail of a SubjectPublicKeyInfo (RFC 5480 section 2.2).
        let spki = key.to_spki_der();
        let point = &spki[spki.len() - 65..];
        infos.extend([
            (
                format!("{owner} key as it travels"),
                key.to_wire().into_bytes(),
            ),
            (format!("{owner} key's JWK"), key.to_jwk().into_bytes()),
            (format!("{owner} point"), point.to_vec()),
            (format!("{owner} x coordinate"), point[1..33].to_vec()),
        ]);
    }
    let texts = [
        "Alice",
        "Bob",
        "client",
        "server",
        "sdk",
        "app",
        "A256GCM",
        "dir",
        "ECDH-ES",
        "bankezy",
        "BankEzy",
        "payload",
        "payloadSecret",
    ];
    infos.extend(
        texts
            .into_iter()
            .chain(further.iter().map(String::as_str))
            .map(|text| (format!("\"{text}\""), text.as_bytes().to_vec())),
    );
    infos
}
