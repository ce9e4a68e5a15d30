//! Sealing and opening under a payload secret, and the cost of the bare primitives in the same run.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use bankezy_crypto::backend::AVAILABLE;
use bankezy_crypto::{Opened, PayloadCipher, PayloadSecret};
use criterion::{BenchmarkId, Criterion, Throughput};
use serde::Serialize;

const SIZES: [usize; 5] = [64, 512, 4 * 1024, 64 * 1024, 1024 * 1024];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args();
    envelope(&mut criterion);
    get_token(&mut criterion);
    #[cfg(feature = "aws-lc-rs")]
    parts::bench(&mut criterion);
    criterion.final_summary();

    // `cargo bench` passes --bench; `cargo test --benches` does not, and only tries whether it runs.
    let args: Vec<String> = std::env::args().collect();
    let given = |flag: &str| args.iter().any(|arg| arg == flag);
    if given("--bench") && !given("--test") && !given("--list") {
        #[cfg(feature = "aws-lc-rs")]
        parts::compare();
    }
}

fn envelope(criterion: &mut Criterion) {
    let secret = PayloadSecret::generate().unwrap();
    for backend in AVAILABLE {
        let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
        for way in ["seal", "seal_into", "open", "open_into"] {
            let mut group = criterion.benchmark_group(format!("{way}/{}", backend.name()));
            for size in SIZES {
                let plaintext = vec![0x5a; size];
                let sealed = cipher.seal(&plaintext).unwrap();
                let mut text = String::with_capacity(sealed.len());
                let mut opened = Opened::with_capacity(size);
                group.throughput(Throughput::Bytes(size as u64));
                group.bench_function(BenchmarkId::from_parameter(size), |bencher| match way {
                    "seal" => bencher.iter(|| cipher.seal(black_box(&plaintext)).unwrap()),
                    "seal_into" => bencher.iter(|| {
                        cipher.seal_into(black_box(&plaintext), &mut text).unwrap();
                    }),
                    "open" => bencher.iter(|| cipher.open(black_box(&sealed)).unwrap()),
                    _ => bencher.iter(|| {
                        cipher.open_into(black_box(&sealed), &mut opened).unwrap();
                    }),
                });
            }
            group.finish();
        }
    }
}

/// Body of BankEzy's Get Token call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GetToken {
    reference_id: &'static str,
    sdk_public_key: String,
    sdk_api_key: &'static str,
    account_number: u64,
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
    isd_code: &'static str,
    mobile_number: &'static str,
    dob: u32,
    data: BTreeMap<&'static str, &'static str>,
}

fn get_token(criterion: &mut Criterion) {
    let request = GetToken {
        reference_id: "6f1c2f5e-8a3d-4a51-9f0e-2d7f6f6f0c11",
        // As long as the base64 of a P-256 JWK.
        sdk_public_key: "eyJr".repeat(42),
        sdk_api_key: "f2b9c1de-0d3f-4b53-a7c2-5b1c3c1f7e42",
        account_number: 9_999_999_999_999_999_999,
        first_name: "Ada",
        last_name: "Lovelace",
        email: "ada@example.com",
        isd_code: "44",
        mobile_number: "7700900123",
        dob: 18_151_210,
        data: [("channel", "mobile"), ("locale", "en-GB")].into(),
    };
    let mut group = criterion.benchmark_group("seal_json/get_token");
    let json = serde_json::to_vec(&request).unwrap();
    group.throughput(Throughput::Bytes(json.len() as u64));
    for backend in AVAILABLE {
        let secret = PayloadSecret::generate().unwrap();
        let cipher = PayloadCipher::with_backend(&secret, backend).unwrap();
        group.bench_function(backend.name(), |bencher| {
            bencher.iter(|| cipher.seal_json(black_box(&request)).unwrap());
        });
    }
    group.finish();
}

/// The lower bound: AES-256-GCM, base64url and random bytes, at 512 B.
#[cfg(feature = "aws-lc-rs")]
mod parts {
    use std::time::Instant;

    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use rand::rngs::{StdRng, SysRng};
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    const SIZE: usize = 512;
    const CHARACTERS: usize = 683;
    const AAD: &[u8] = b"eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0";
    const ROUNDS: usize = 300;
    const ITERATIONS: u32 = 200;

    type Part = fn(&mut Parts);

    struct Parts {
        key: LessSafeKey,
        text: [u8; SIZE],
        ciphertext: [u8; SIZE],
        tag: [u8; 16],
        encoded: [u8; CHARACTERS],
        rng: StdRng,
    }

    impl Parts {
        fn new() -> Self {
            let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
            let mut ciphertext = [0x5a; SIZE];
            let tag = key
                .seal_in_place_separate_tag(nonce(), Aad::from(AAD), &mut ciphertext)
                .unwrap();
            let mut encoded = [0; CHARACTERS];
            URL_SAFE_NO_PAD
                .encode_slice(ciphertext, &mut encoded)
                .unwrap();
            Self {
                key,
                text: [0; SIZE],
                ciphertext,
                tag: tag.as_ref().try_into().unwrap(),
                encoded,
                rng: StdRng::try_from_rng(&mut SysRng).unwrap(),
            }
        }

        fn encrypt(&mut self) {
            let plaintext = black_box(&[0x5a; SIZE]);
            let mut tag = [0; 16];
            self.key
                .seal_out_of_place_scatter(
                    nonce(),
                    Aad::from(AAD),
                    plaintext,
                    &mut self.text,
                    &[],
                    &mut tag,
                )
                .unwrap();
            black_box(tag);
        }

        /// Copies the ciphertext first, since what was opened in place cannot be opened again.
        fn decrypt(&mut self) {
            let mut text = self.ciphertext;
            let opened = self.key.open_in_place_separate_tag(
                nonce(),
                Aad::from(AAD),
                &self.tag,
                black_box(&mut text),
            );
            black_box(opened.unwrap());
        }

        fn encode(&mut self) {
            let written =
                URL_SAFE_NO_PAD.encode_slice(black_box(&self.ciphertext), &mut self.encoded);
            black_box(written.unwrap());
        }

        fn decode(&mut self) {
            // The library needs space for whole groups.
            let mut decoded = [0; SIZE + 1];
            let written = URL_SAFE_NO_PAD.decode_slice(black_box(&self.encoded), &mut decoded);
            black_box((written.unwrap(), decoded));
        }

        fn random(&mut self) {
            let mut nonce = [0; 12];
            self.rng.fill_bytes(&mut nonce);
            black_box(nonce);
        }

        /// What a nonce of AWS-LC's own generator would cost, which also sees `_Fork` and `clone`.
        fn random_of_aws_lc(&mut self) {
            let mut nonce = [0; 12];
            aws_lc_rs::rand::fill(&mut nonce).unwrap();
            black_box(nonce);
        }
    }

    fn nonce() -> Nonce {
        Nonce::from(black_box(&[9; 12]))
    }

    pub(super) fn bench(criterion: &mut Criterion) {
        let mut parts = Parts::new();
        let mut group = criterion.benchmark_group("parts");
        let all: [(&str, Part); 6] = [
            ("AES-256-GCM seal 512 B", Parts::encrypt),
            ("AES-256-GCM open 512 B", Parts::decrypt),
            ("base64url encode 512 B", Parts::encode),
            ("base64url decode 512 B", Parts::decode),
            ("12 random bytes", Parts::random),
            ("12 random bytes of AWS-LC", Parts::random_of_aws_lc),
        ];
        for (name, part) in all {
            group.bench_function(name, |bencher| bencher.iter(|| part(&mut parts)));
        }
        group.finish();
    }

    /// Medians of many short measurements in turn, so that other load on the machine affects all alike.
    pub(super) fn compare() {
        let mut parts = Parts::new();
        let cipher = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
        let plaintext = [0x5a; SIZE];
        let sealed = cipher.seal(&plaintext).unwrap();
        let mut times: [Vec<f64>; 7] = Default::default();
        for _ in 0..ROUNDS {
            let round = [
                time(|| parts.encrypt()),
                time(|| parts.encode()),
                time(|| parts.random()),
                time(|| drop(black_box(cipher.seal(black_box(&plaintext)).unwrap()))),
                time(|| parts.decrypt()),
                time(|| parts.decode()),
                time(|| drop(black_box(cipher.open(black_box(&sealed)).unwrap()))),
            ];
            for (times, time) in times.iter_mut().zip(round) {
                times.push(time);
            }
        }
        let [encrypt, encode, random, seal, decrypt, decode, open] = times.map(median);
        report("seal", seal, encrypt + encode + random);
        report("open", open, decrypt + decode);
    }

    /// Nanoseconds for one of many.
    fn time(mut work: impl FnMut()) -> f64 {
        let start = Instant::now();
        for _ in 0..ITERATIONS {
            work();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ITERATIONS)
    }

    fn median(mut times: Vec<f64>) -> f64 {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    }

    fn report(name: &str, whole: f64, parts: f64) {
        let ratio = whole / parts;
        println!(
            "{name} {SIZE} B: {whole:.0} ns, parts {parts:.0} ns, ratio {ratio:.2} (goal 2.0)"
        );
    }
}
