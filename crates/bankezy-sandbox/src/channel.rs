//! The three ways to agree on a key, from the server's side.

use std::sync::Arc;

use bankezy_crypto::{
    Algorithm, Derivation, Error, Inspection, KeyPair, KeyType, Opened, PayloadCipher,
    PayloadSecret, PrivateKeyOpener, PublicKey, PublicKeySealer,
};
use tokio::sync::OnceCell;

use super::credentials::Credentials;
use super::log::LoggedKey;

/// The server's own keys.
pub(super) struct ServerKeys {
    static_cipher: PayloadCipher,
    p256: KeyPair,
    /// Made when the first client sends an RSA key, since that takes a while.
    rsa: OnceCell<ServerRsa>,
    derivation: Derivation<'static>,
    derivation_name: &'static str,
    max_sealed: usize,
}

struct ServerRsa {
    public: PublicKey,
    opener: PrivateKeyOpener,
}

/// The keys of one session.
pub(super) struct SessionKeys {
    exchanged: Exchanged,
    /// Whether the client has the static payload secret as well.
    with_static: bool,
}

enum Exchanged {
    /// The client sent no key.
    Nothing,
    Agreed(Agreed),
    /// The client's key, boxed since few clients send one.
    Rsa(Box<PublicKey>),
}

/// What was agreed on P-256. A cipher, which is made when it is needed, would take 800 bytes more in each session
/// that is remembered.
struct Agreed {
    secret: PayloadSecret,
    /// The client's key, to report in the log that the client derives another secret from it.
    client: Box<PublicKey>,
}

/// What a request was sealed with; its answer is sealed with the same.
pub(super) enum Channel {
    Static,
    Exchanged(Arc<SessionKeys>),
}

/// What clients derive by mistake.
const DERIVATIONS: [(&str, Derivation<'static>); 5] = [
    ("raw", Derivation::RawSharedSecret),
    ("sha256", Derivation::Sha256),
    (
        "concat-kdf without apu and apv",
        Derivation::ConcatKdf { apu: &[], apv: &[] },
    ),
    (
        "HKDF with SHA-256, without salt and info",
        Derivation::HkdfSha256 {
            salt: &[],
            info: &[],
        },
    ),
    (
        "X9.63 with SHA-256, without SharedInfo",
        Derivation::X963Sha256 { shared_info: &[] },
    ),
];

/// The name of the static payload secret in the log and the API.
pub(super) const STATIC: &str = "static";

impl SessionKeys {
    /// The kind of key that the client sent.
    pub(super) fn exchanged(&self) -> &'static str {
        match self.exchanged {
            Exchanged::Nothing => "none",
            Exchanged::Agreed(_) => "p256",
            Exchanged::Rsa(_) => "rsa",
        }
    }

    pub(super) fn has_static_secret(&self) -> bool {
        self.with_static
    }

    /// The `alg` that opens with these keys, and which key it is for.
    pub(super) fn algorithms(&self) -> &'static str {
        match (&self.exchanged, self.with_static) {
            (Exchanged::Rsa(_), true) => {
                "RSA-OAEP-256, since the client sent an RSA key, or dir under the static payload secret"
            }
            (Exchanged::Rsa(_), false) => "RSA-OAEP-256, since the client sent an RSA key",
            (Exchanged::Agreed(_), _) => "dir, since the client sent a key on P-256",
            (Exchanged::Nothing, _) => "dir, since the client sent no key",
        }
    }

    /// Whether a text of this `alg` can open with these keys.
    pub(super) fn takes(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Dir => self.with_static || matches!(self.exchanged, Exchanged::Agreed(_)),
            Algorithm::RsaOaep256 => matches!(self.exchanged, Exchanged::Rsa(_)),
            _ => false,
        }
    }
}

impl ServerKeys {
    pub(super) fn new(credentials: &Credentials, max_sealed: usize) -> Result<Self, Error> {
        let static_cipher = PayloadCipher::new(credentials.payload_secret())?;
        Ok(Self {
            static_cipher: static_cipher.with_max_sealed_len(max_sealed),
            p256: KeyPair::generate()?,
            rsa: OnceCell::new(),
            derivation: credentials.derivation(),
            derivation_name: credentials.derivation_name(),
            max_sealed,
        })
    }

    /// The session's keys, and the server's key in wire form: of the type that the client sent, and on P-256 if it
    /// sent none.
    pub(super) async fn exchange(
        &self,
        client: Option<&PublicKey>,
        with_static: bool,
    ) -> Result<(SessionKeys, String), Error> {
        let (exchanged, server_key) = match client.map(|key| (key, key.key_type())) {
            None => (Exchanged::Nothing, self.p256.public_key().to_wire()),
            Some((client, KeyType::P256)) => {
                let secret = self.p256.agree(client, &self.derivation)?;
                let client = Box::new(client.clone());
                let agreed = Exchanged::Agreed(Agreed { secret, client });
                (agreed, self.p256.public_key().to_wire())
            }
            Some((client, KeyType::Rsa)) => {
                let server = self.server_rsa().await?;
                // Refused now if it is not a key to seal to.
                PublicKeySealer::new(client)?;
                let client = Box::new(client.clone());
                (Exchanged::Rsa(client), server.public.to_wire())
            }
            Some((_, found)) => {
                return Err(Error::WrongKeyType {
                    needed: KeyType::P256,
                    found,
                });
            }
        };
        let keys = SessionKeys {
            exchanged,
            with_static,
        };
        Ok((keys, server_key))
    }

    /// Opens with whichever key of the session matches; with the static payload secret if there is no session.
    pub(super) fn open(
        &self,
        sealed: &[u8],
        session: Option<&Arc<SessionKeys>>,
    ) -> Result<(Opened, Channel), Error> {
        let algorithm = Inspection::parse_with_limit(sealed, self.max_sealed)?.profile?;
        let Some(keys) = session else {
            return Ok((self.static_cipher.open(sealed)?, Channel::Static));
        };
        let exchanged = || Channel::Exchanged(Arc::clone(keys));
        match (&keys.exchanged, algorithm) {
            (Exchanged::Rsa(_), Algorithm::RsaOaep256) => {
                let server = self.rsa.get().ok_or(Error::OpenFailed)?;
                Ok((server.opener.open(sealed)?, exchanged()))
            }
            (Exchanged::Agreed(agreed), Algorithm::Dir) => {
                match self.cipher(&agreed.secret)?.open(sealed) {
                    Ok(opened) => Ok((opened, exchanged())),
                    Err(_) if keys.with_static => self.open(sealed, None),
                    Err(error) => Err(error),
                }
            }
            (_, Algorithm::Dir) if keys.with_static => self.open(sealed, None),
            _ => Err(Error::OpenFailed),
        }
    }

    fn cipher(&self, secret: &PayloadSecret) -> Result<PayloadCipher, Error> {
        Ok(PayloadCipher::new(secret)?.with_max_sealed_len(self.max_sealed))
    }

    pub(super) fn seal(&self, channel: &Channel, answer: &[u8]) -> Result<String, Error> {
        match channel {
            Channel::Static => self.static_cipher.seal(answer),
            Channel::Exchanged(keys) => match &keys.exchanged {
                Exchanged::Nothing => self.static_cipher.seal(answer),
                Exchanged::Agreed(agreed) => self.cipher(&agreed.secret)?.seal(answer),
                Exchanged::Rsa(client) => PublicKeySealer::new(client)?.seal(answer),
            },
        }
    }

    /// The key of a channel, for the log: `name` is that of the session.
    pub(super) fn described(&self, channel: &Channel, name: impl FnOnce() -> String) -> LoggedKey {
        let (name, derivation, algorithm) = match channel {
            Channel::Exchanged(keys) => match &keys.exchanged {
                Exchanged::Agreed(_) => (name(), Some(self.derivation_name), Algorithm::Dir),
                Exchanged::Rsa(_) => (name(), None, Algorithm::RsaOaep256),
                Exchanged::Nothing => (STATIC.to_owned(), None, Algorithm::Dir),
            },
            Channel::Static => (STATIC.to_owned(), None, Algorithm::Dir),
        };
        LoggedKey {
            name,
            derivation,
            algorithm: algorithm.name(),
        }
    }

    /// How the key of a session was established, for the API.
    pub(super) fn derivation_of(&self, keys: &SessionKeys) -> Option<&'static str> {
        matches!(keys.exchanged, Exchanged::Agreed(_)).then_some(self.derivation_name)
    }

    /// Another derivation from the same two keys whose secret opens a text, by its name.
    pub(super) fn other_derivation(
        &self,
        sealed: &[u8],
        keys: &SessionKeys,
    ) -> Option<&'static str> {
        let Exchanged::Agreed(Agreed { client, .. }) = &keys.exchanged else {
            return None;
        };
        let inspection = Inspection::parse_with_limit(sealed, self.max_sealed).ok()?;
        if inspection.profile != Ok(Algorithm::Dir) {
            return None;
        }
        let opens = |derivation| {
            let secret = self.p256.agree(client, derivation).ok()?;
            self.cipher(&secret).ok()?.open(sealed).ok()
        };
        let mut named = DERIVATIONS.iter();
        named.find_map(|(name, derivation)| opens(derivation).map(|_| *name))
    }

    /// Seals under a key that the client does not have.
    pub(super) fn seal_wrongly(
        &self,
        channel: Option<&Channel>,
        answer: &[u8],
    ) -> Result<String, Error> {
        match (channel, self.rsa.get()) {
            (Some(Channel::Exchanged(keys)), Some(server))
                if matches!(keys.exchanged, Exchanged::Rsa(_)) =>
            {
                PublicKeySealer::new(&server.public)?.seal(answer)
            }
            _ => PayloadCipher::new(&PayloadSecret::generate()?)?.seal(answer),
        }
    }

    async fn server_rsa(&self) -> Result<&ServerRsa, Error> {
        self.rsa
            .get_or_try_init(|| async {
                let key_pair = tokio::task::spawn_blocking(|| KeyPair::generate_rsa(2048))
                    .await
                    .map_err(|_| Error::backend("aws-lc-rs", "generate an RSA key"))??;
                Ok(ServerRsa {
                    public: key_pair.public_key().clone(),
                    opener: PrivateKeyOpener::new(key_pair).with_max_sealed_len(self.max_sealed),
                })
            })
            .await
    }
}
