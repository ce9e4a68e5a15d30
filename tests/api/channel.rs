//! `Channel`, and the traits `Seal` and `Open`. Once per backend.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::common::{cipher, each_backend, p256, rsa_2048, secret, shown};
use bankezy_crypto::backend::Backend;
use bankezy_crypto::{
    Channel, Derivation, Error, KeyRing, Open, Opened, OpenedByKey, PayloadCipher, PayloadSecret,
    Previous, PrivateKeyOpener, PublicKeySealer, Seal, SecretBytes,
};

const RAW: Derivation<'static> = Derivation::RawSharedSecret;

fn another(backend: &Backend) -> PayloadCipher {
    let secret = PayloadSecret::from_bytes(&[9; 32]).unwrap();
    PayloadCipher::with_backend(&secret, backend).unwrap()
}

fn an_hour() -> Previous {
    Previous::OpensUntil(SystemTime::now() + Duration::from_secs(3600))
}

fn pair(backend: &Backend) -> (PublicKeySealer, PrivateKeyOpener) {
    let ours = p256(backend);
    let sealer = PublicKeySealer::with_backend(ours.public_key(), backend).unwrap();
    (sealer, PrivateKeyOpener::new(ours))
}

#[test]
fn whatever_it_is_made_from_seals_and_opens() {
    each_backend(|backend| {
        let ring = || KeyRing::new("1", cipher(backend));
        let (sealer, opener) = pair(backend);
        let mocks: (Arc<dyn Seal>, Arc<dyn Open>) = (Arc::new(sealer), Arc::new(opener));
        for (channel, key_id, name) in [
            (Channel::from(cipher(backend)), None, "cipher"),
            (Channel::from(Arc::new(cipher(backend))), None, "cipher"),
            (
                Channel::from_secret(&secret(), backend).unwrap(),
                None,
                "cipher",
            ),
            (Channel::from(ring()), Some("1"), "key ring"),
            (Channel::from(Arc::new(ring())), Some("1"), "key ring"),
            (Channel::from(pair(backend)), None, "sealer and opener"),
            (Channel::from(mocks), None, "sealer and opener"),
        ] {
            let sealed = channel.seal(b"payload").unwrap();
            assert_eq!(&*channel.open(&sealed).unwrap(), b"payload", "{name}");
            let (opened, by_key) = channel.open_by_key(&sealed).unwrap();
            assert_eq!(
                (&*opened, by_key.key_id(), by_key.is_newest()),
                (&b"payload"[..], key_id, true),
                "{name}"
            );
            let (mut sealed, mut opened) = (b"earlier".to_vec(), Opened::new());
            channel.seal_to_bytes(b"again", &mut sealed).unwrap();
            channel.open_into(&sealed, &mut opened).unwrap();
            assert_eq!(&*opened, b"again", "{name}");
            let refused = channel.open_into("a.b", &mut opened).unwrap_err();
            assert_eq!(refused.code(), "envelope.part_count");
            assert!(opened.is_empty(), "{name}");
            let answer = channel.seal_answer(Some(&by_key), b"answer").unwrap();
            assert_eq!(&*channel.open(answer).unwrap(), b"answer", "{name}");
            let clone = channel.clone();
            assert_eq!(
                &*clone.open(channel.seal(b"x").unwrap()).unwrap(),
                b"x",
                "{name}"
            );
            let text = format!("Channel({name}, [redacted])");
            assert_eq!(shown(&channel), format!("{text} {text}"));
        }
    });
}

#[test]
fn clones_share_the_count_of_messages() {
    each_backend(|backend| {
        let channel = Channel::from(cipher(backend).with_nonce_budget(2));
        let clone = channel.clone();
        channel.seal(b"").unwrap();
        clone.seal(b"").unwrap();
        let spent = Err(Error::NonceBudgetSpent { limit: 2 });
        assert_eq!(channel.seal(b""), spent);
        assert_eq!(clone.seal(b""), spent);
    });
}

#[test]
fn p256_keys_agree_and_rsa_keys_transport() {
    each_backend(|backend| {
        let (ours, theirs) = (Arc::new(p256(backend)), Arc::new(p256(backend)));
        let (our_key, their_key) = (ours.public_key().to_wire(), theirs.public_key().to_wire());
        let at_ours = Channel::establish(Arc::clone(&ours), &their_key, &RAW).unwrap();
        let at_theirs = Channel::establish(theirs, &our_key, &RAW).unwrap();
        assert!(shown(&at_ours).contains("Channel(cipher,"));
        assert_eq!(
            &*at_theirs.open(at_ours.seal(b"there").unwrap()).unwrap(),
            b"there"
        );
        assert_eq!(
            &*at_ours.open(at_theirs.seal(b"back").unwrap()).unwrap(),
            b"back"
        );
        let refused = Channel::establish(Arc::clone(&ours), "no key", &RAW).unwrap_err();
        assert_eq!(refused.code(), "key.not_base64");
        let Some(rsa) = rsa_2048(backend).map(Arc::new) else {
            return;
        };
        let key = rsa.public_key().to_wire();
        let refused = Channel::establish(ours, &key, &RAW).unwrap_err();
        assert_eq!(refused.code(), "key.wrong_type");
        let to_itself = Channel::establish(rsa, &key, &RAW).unwrap();
        let sealed = to_itself.seal(b"x").unwrap();
        assert!(sealed.starts_with("eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAtMjU2In0."));
        assert_eq!(&*to_itself.open(sealed).unwrap(), b"x");
    });
}

#[test]
fn an_answer_goes_out_under_the_key_of_its_request() {
    each_backend(|backend| {
        let (old, new) = (cipher(backend), another(backend));
        let ring = Arc::new(KeyRing::new("old", cipher(backend)));
        let channel = Channel::from(Arc::clone(&ring));
        ring.rotate("new", another(backend), an_hour()).unwrap();
        let (_, by_key) = channel.open_by_key(old.seal(b"request").unwrap()).unwrap();
        assert_eq!(by_key, OpenedByKey::new("old", false));
        let answer = channel.seal_answer(Some(&by_key), b"answer").unwrap();
        assert_eq!(&*old.open(&answer).unwrap(), b"answer");
        let without_request = channel.seal_answer(None, b"answer").unwrap();
        assert_eq!(&*new.open(&without_request).unwrap(), b"answer");
        let elsewhere = OpenedByKey::new("of another ring", true);
        let answer = channel.seal_answer(Some(&elsewhere), b"answer").unwrap();
        assert_eq!(&*new.open(&answer).unwrap(), b"answer");
        ring.retire("old").unwrap();
        let late = channel.seal_answer(Some(&by_key), b"answer").unwrap();
        assert_eq!(&*new.open(&late).unwrap(), b"answer");
    });
}

#[test]
fn an_answer_is_not_sealed_with_another_key_when_its_own_is_spent() {
    each_backend(|backend| {
        let ring = Arc::new(KeyRing::new("old", cipher(backend).with_nonce_budget(0)));
        let channel = Channel::from(Arc::clone(&ring));
        ring.rotate("new", another(backend), an_hour()).unwrap();
        let by_key = OpenedByKey::new("old", false);
        assert_eq!(
            channel.seal_answer(Some(&by_key), b"answer"),
            Err(Error::NonceBudgetSpent { limit: 0 })
        );
    });
}

/// Hands plaintexts over as they are, as long as they are short.
struct Mock;

impl Seal for Mock {
    fn seal_to_bytes(&self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), Error> {
        *sealed = plaintext.to_vec();
        Ok(())
    }
}

impl Open for Mock {
    fn open_into(&self, sealed: &[u8], opened: &mut Opened) -> Result<(), Error> {
        *opened = SecretBytes::from(sealed.to_vec()).into();
        Ok(())
    }
}

#[test]
fn the_traits_are_of_any_type_behind_any_pointer() {
    fn seals(sealer: impl Seal) -> String {
        sealer.seal(b"x").unwrap()
    }
    fn opens(opener: impl Open, sealed: &str) {
        assert_eq!(&*opener.open(sealed.as_bytes()).unwrap(), b"x");
    }
    each_backend(|backend| {
        let ring = Arc::new(KeyRing::new("1", cipher(backend)));
        let (sealer, opener) = pair(backend);
        let (shared, channel) = (cipher(backend), Channel::from(Mock.arc()));
        let sealers: [(&dyn Seal, &dyn Open); 5] = [
            (&shared, &*ring),
            (&ring, &shared),
            (&sealer, &opener),
            (&Mock, &Mock),
            (&channel, &channel),
        ];
        for (sealer, opener) in sealers {
            opens(opener, &seals(sealer));
            let mut opened = Opened::new();
            let mut sealed = Vec::new();
            sealer.seal_to_bytes(b"x", &mut sealed).unwrap();
            opener.open_into(&sealed, &mut opened).unwrap();
            assert_eq!(&*opened, b"x");
        }
        opens(Arc::new(cipher(backend)), &seals(Arc::clone(&ring)));
        let sealer: Arc<dyn Seal> = ring.clone();
        opens(ring, &seals(sealer));
    });
}

#[test]
fn what_a_sealer_of_ones_own_writes_has_to_be_text() {
    let channel = Channel::from(Mock.arc());
    for refused in [
        Seal::seal(&Mock, b"\xff"),
        channel.seal(b"\xff"),
        channel.seal_answer(None, b"\xff"),
    ] {
        assert_eq!(refused.unwrap_err().code(), "backend.failed");
    }
    let mut sealed = Vec::new();
    channel
        .seal_answer_to_bytes(None, b"\xff", &mut sealed)
        .unwrap();
    assert_eq!(sealed, b"\xff");
}

impl Mock {
    fn arc(self) -> (Arc<dyn Seal>, Arc<dyn Open>) {
        (Arc::new(self), Arc::new(Mock))
    }
}
