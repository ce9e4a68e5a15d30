//! Setting up keys, agreeing on them, and what a message under a public key costs.

use std::hint::black_box;
use std::time::Duration;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::{
    Derivation, KeyPair, PayloadCipher, PayloadSecret, PrivateKeyOpener, PublicKeySealer,
};
use criterion::{Criterion, SamplingMode};

const P256_PEM: &str = include_str!("../tests/data/p256.pem");
const P256_JWK: &str = include_str!("../tests/data/p256.jwk.json");
const P256_OTHER_PEM: &str = include_str!("../tests/data/p256-other.pem");
const RSA_PEM: &str = include_str!("../tests/data/rsa2048.pem");

const MESSAGE: [u8; 512] = [0x5a; 512];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    for backend in AVAILABLE {
        set_up(&mut criterion, backend);
        agree(&mut criterion, backend);
        ecdh_es(&mut criterion, backend);
    }
    let rsa_keys = rsa_keys();
    for backend in AVAILABLE {
        rsa_oaep(&mut criterion, backend, &rsa_keys);
    }
    criterion.final_summary();
}

/// Whether this build can use private RSA keys on a backend.
fn private_rsa(backend: &Backend) -> bool {
    backend.name() == "aws-lc-rs" || cfg!(feature = "rust-crypto-private-rsa-timing-risk")
}

fn set_up(criterion: &mut Criterion, backend: &Backend) {
    let mut group = criterion.benchmark_group(format!("set_up/{}", backend.name()));
    let secret = PayloadSecret::generate().unwrap();
    group.bench_function("PayloadCipher", |bencher| {
        bencher.iter(|| PayloadCipher::with_backend(black_box(&secret), backend).unwrap());
    });
    group.bench_function("KeyPair P-256 PEM", |bencher| {
        bencher.iter(|| KeyPair::from_pem_with_backend(black_box(P256_PEM), backend).unwrap());
    });
    group.bench_function("KeyPair P-256 JWK", |bencher| {
        bencher.iter(|| KeyPair::from_jwk_with_backend(black_box(P256_JWK), backend).unwrap());
    });
    if private_rsa(backend) {
        group.bench_function("KeyPair RSA-2048 PEM", |bencher| {
            bencher.iter(|| KeyPair::from_pem_with_backend(black_box(RSA_PEM), backend).unwrap());
        });
    }
    group.bench_function("generate P-256", |bencher| {
        bencher.iter(|| KeyPair::generate_with_backend(backend).unwrap());
    });
    group.finish();
}

fn agree(criterion: &mut Criterion, backend: &Backend) {
    let own = KeyPair::from_pem_with_backend(P256_PEM, backend).unwrap();
    let peer = KeyPair::from_pem_with_backend(P256_OTHER_PEM, backend).unwrap();
    let mut group = criterion.benchmark_group(format!("agree/{}", backend.name()));
    let derivations = [
        ("raw", Derivation::RawSharedSecret),
        ("SHA-256", Derivation::Sha256),
        (
            "Concat KDF",
            Derivation::ConcatKdf {
                apu: b"Alice",
                apv: b"Bob",
            },
        ),
        (
            "HKDF",
            Derivation::HkdfSha256 {
                salt: b"",
                info: b"payload",
            },
        ),
    ];
    for (name, derivation) in derivations {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                own.agree(black_box(peer.public_key()), &derivation)
                    .unwrap()
            });
        });
    }
    group.finish();
}

fn ecdh_es(criterion: &mut Criterion, backend: &Backend) {
    let pair = KeyPair::from_pem_with_backend(P256_PEM, backend).unwrap();
    let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
    let opener = PrivateKeyOpener::new(pair);
    let sealed = sealer.seal(&MESSAGE).unwrap();
    let mut group = criterion.benchmark_group(format!("ECDH-ES/{}", backend.name()));
    group.bench_function("seal 512 B", |bencher| {
        bencher.iter(|| sealer.seal(black_box(&MESSAGE)).unwrap());
    });
    group.bench_function("open 512 B", |bencher| {
        bencher.iter(|| opener.open(black_box(&sealed)).unwrap());
    });
    group.finish();
}

/// Keys of 2048, 3072 and 4096 bits as PEM. The larger ones are made here, by the backend that does
/// so quickly.
fn rsa_keys() -> Vec<(usize, String)> {
    let stored = [(2048, RSA_PEM.to_owned())];
    #[cfg(feature = "aws-lc-rs")]
    let made = [3072, 4096].map(|bits| {
        let pem = KeyPair::generate_rsa(bits).unwrap().to_pem().unwrap();
        (bits, pem.as_str().to_owned())
    });
    #[cfg(not(feature = "aws-lc-rs"))]
    let made = [];
    stored.into_iter().chain(made).collect()
}

fn rsa_oaep(criterion: &mut Criterion, backend: &Backend, keys: &[(usize, String)]) {
    if !private_rsa(backend) {
        return;
    }
    let mut group = criterion.benchmark_group(format!("RSA-OAEP-256/{}", backend.name()));
    // The slowest take tens of milliseconds: the same number of runs for each sample instead of more and more.
    group.sampling_mode(SamplingMode::Flat);
    for (bits, pem) in keys {
        let pair = KeyPair::from_pem_with_backend(pem, backend).unwrap();
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let opener = PrivateKeyOpener::new(pair);
        let sealed = sealer.seal(&MESSAGE).unwrap();
        group.bench_function(format!("seal 512 B, {bits} bits"), |bencher| {
            bencher.iter(|| sealer.seal(black_box(&MESSAGE)).unwrap());
        });
        group.bench_function(format!("open 512 B, {bits} bits"), |bencher| {
            bencher.iter(|| opener.open(black_box(&sealed)).unwrap());
        });
    }
    group.finish();
}
