//! Keys in the forms that tools write: read, or refused with a message that names the form and the next step.
//! Once per backend. `tests/data/README.md` says how each file was made.

mod common;

use bankezy_crypto::{
    Error, KeyForm, KeyPair, KeyProblem, PrivateKeyOpener, PublicKey, PublicKeySealer,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{each_backend, rsa_2048};

const P256_PEM: &str = include_str!("data/p256.pem");
const P256_SEC1: &str = include_str!("data/p256.sec1.pem");
const P256_PUBLIC: &str = include_str!("data/p256.pub.pem");
const P256_JWK: &str = include_str!("data/p256.jwk.json");
const CERTIFICATE: &str = include_str!("data/certificate.pem");
const RSA_PEM: &str = include_str!("data/rsa2048.pem");
const RSA_PKCS1: &str = include_str!("data/rsa2048.pkcs1.pem");
const RSA_PUBLIC: &str = include_str!("data/rsa2048.pub.pem");
const RSA_JWK: &str = include_str!("data/rsa2048.jwk.json");
const RSA_CERTIFICATE: &str = include_str!("data/forms/rsa.crt");

fn key(problem: KeyProblem) -> Error {
    Error::Key { problem }
}

fn form(found: KeyForm) -> Error {
    key(KeyProblem::OtherForm { found })
}

fn der(pem: &str) -> Vec<u8> {
    der::Document::from_pem(pem).unwrap().1.into_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The text of a JSON object with a member more.
fn with(json: &str, member: &str) -> String {
    format!("{},{member}}}", json.trim_end().strip_suffix('}').unwrap())
}

/// The members of a private JWK that make the public one.
fn public_half(jwk: &str) -> String {
    format!("{}}}", jwk.split_once(",\"d\"").unwrap().0)
}

fn opens(pair: Result<KeyPair, Error>, sealed: &str) {
    let opened = PrivateKeyOpener::new(pair.unwrap()).open(sealed).unwrap();
    assert_eq!(opened.as_bytes(), br#"{"a":1}"#);
}

#[test]
fn private_keys_with_something_around_them_open_what_was_sealed_to_them() {
    let ec = include_str!("data/forms/ec.bom.pem");
    let ec_sealed = include_str!("data/forms/ec.jwe").trim_end();
    let short_sealed = include_str!("data/forms/sz.jwe").trim_end();
    let bag = include_str!("data/forms/rsa.bag.pem");
    assert!(ec.starts_with('\u{feff}') && bag.starts_with("Bag Attributes"));
    each_backend(|backend| {
        let read = |text: &str| KeyPair::from_pem_with_backend(text, backend);
        opens(read(ec), ec_sealed);
        let sec1 = include_bytes!("data/forms/ec.sec1.der");
        opens(
            KeyPair::from_sec1_der_with_backend(sec1, backend),
            ec_sealed,
        );
        opens(
            read(include_str!("data/forms/sz.short.sec1.pem")),
            short_sealed,
        );
        opens(
            read(include_str!("data/forms/sz.short.p8.pem")),
            short_sealed,
        );
        if rsa_2048(backend).is_some() {
            opens(read(bag), include_str!("data/forms/rsa.jwe").trim_end());
        }
    });
}

#[test]
fn private_pem_is_read_whatever_stands_around_and_inside_it() {
    let block = P256_PEM.trim_end();
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    let sec1 = der(P256_SEC1);
    for text in [
        format!("# the key of our bank\n\n{block}\nthe end"),
        format!("\u{feff}{block}"),
        format!("\r\n\t {block}"),
        block.replace('\n', r"\n"),
        block.replace('\n', r"\r\n"),
        block.replace('\n', r"\\n"),
        format!("\"{}\"", block.replace('\n', r"\n").replace('/', r"\/")),
        block.replace('\n', "\r\n"),
        block.replace('\n', "\r"),
        format!("{CERTIFICATE}{P256_PEM}"),
        format!("{P256_PEM}{CERTIFICATE}{RSA_CERTIFICATE}"),
        format!(
            "{CERTIFICATE}{}",
            include_str!("data/p256-with-parameters.pem")
        )
        .replace("-----BEGIN EC PRIVATE", "between\n-----BEGIN EC PRIVATE"),
        // The structure decides, and not the label.
        block.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        block.replace("PRIVATE KEY", "EC PRIVATE KEY"),
        pem("PRIVATE KEY", &sec1),
        pem("RSA PRIVATE KEY", &sec1),
    ] {
        each_backend(|backend| {
            let pair = KeyPair::from_pem_with_backend(&text, backend);
            let pair = pair.unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(
                *pair.public_key() == public || text.contains("between"),
                "{text}"
            );
        });
    }
    each_backend(|backend| {
        if rsa_2048(backend).is_none() {
            return;
        }
        for text in [
            RSA_PEM.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
            RSA_PKCS1.replace("RSA PRIVATE KEY", "PRIVATE KEY"),
            RSA_PKCS1.replace("RSA PRIVATE KEY", "EC PRIVATE KEY"),
        ] {
            let pair = KeyPair::from_pem_with_backend(&text, backend).unwrap();
            assert_eq!(*pair.public_key(), PublicKey::from_pem(RSA_PUBLIC).unwrap());
        }
    });
}

#[test]
fn a_compressed_public_point_in_a_private_key_is_compared() {
    let (p8, sec1) = (
        include_str!("data/forms/p256-compressed.p8.pem"),
        include_str!("data/forms/p256-compressed.sec1.pem"),
    );
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    each_backend(|backend| {
        for text in [p8, sec1] {
            let pair = KeyPair::from_pem_with_backend(text, backend).unwrap();
            assert_eq!(*pair.public_key(), public);
        }
        let genuine = der(p8);
        let point = genuine.len() - 33;
        // The other parity, another x, and what is no form of a point.
        for (at, flip, problem) in [
            (point, 1, KeyProblem::PrivateInvalid),
            (genuine.len() - 1, 1, KeyProblem::PrivateInvalid),
            (point, 4, KeyProblem::PointForm),
        ] {
            let mut changed = genuine.clone();
            changed[at] ^= flip;
            let found = KeyPair::from_pkcs8_der_with_backend(&changed, backend).map(drop);
            assert_eq!(found, Err(key(problem)));
        }
    });
}

/// An ECPrivateKey of a scalar, with the public point of the P-256 key where it is wanted.
fn sec1(scalar: &[u8], point: Option<&[u8]>) -> Vec<u8> {
    let curve = [
        &[0xa0, 10, 6, 8][..],
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    ]
    .concat();
    let point = point.map_or(Vec::new(), |point| [&[0xa1, 68, 3, 66, 0], point].concat());
    let inner = [
        &[2, 1, 1, 4, scalar.len() as u8][..],
        scalar,
        &curve,
        &point,
    ]
    .concat();
    [&[0x30, inner.len() as u8][..], &inner].concat()
}

#[test]
fn scalars_are_of_32_octets_but_for_zeros_in_front() {
    let genuine = der(P256_SEC1);
    let (scalar, point) = (&genuine[7..39], &genuine[genuine.len() - 65..]);
    let one = [[0; 31].as_slice(), &[1]].concat();
    each_backend(|backend| {
        let read = |scalar: &[u8], point: Option<&[u8]>| {
            let der = sec1(scalar, point);
            KeyPair::from_sec1_der_with_backend(&der, backend).map(drop)
        };
        let zero_in_front = [&[0], scalar].concat();
        let refused = |found| Err(key(KeyProblem::ScalarLength { found }));
        assert_eq!(read(scalar, Some(point)), Ok(()));
        assert_eq!(read(&zero_in_front, Some(point)), Ok(()));
        assert_eq!(read(&zero_in_front, None), Ok(()));
        assert_eq!(read(&[&[1], scalar].concat(), Some(point)), refused(33));
        // One octet short: the public point tells that it is another key.
        let private_invalid = Err(key(KeyProblem::PrivateInvalid));
        assert_eq!(read(&scalar[..31], Some(point)), private_invalid);
        // Without a public point, nothing would.
        assert_eq!(read(&scalar[..31], None), refused(31));
        assert_eq!(read(&[], Some(point)), refused(0));
        let base = KeyPair::from_sec1_der_with_backend(&sec1(&one, None), backend).unwrap();
        let spki = base.public_key().to_spki_der();
        assert_eq!(read(&[1], Some(&spki[spki.len() - 65..])), Ok(()));
    });
    let message = key(KeyProblem::ScalarLength { found: 31 }).to_string();
    assert!(
        message.contains("31") && message.contains("openssl pkey"),
        "{message}"
    );
}

#[test]
fn points_of_x963_are_read_by_constructors_of_their_own() {
    let private = include_bytes!("data/forms/p256.x963-private");
    let point = include_bytes!("data/forms/p256.x963-public");
    let public = PublicKey::from_pem(P256_PUBLIC).unwrap();
    assert_eq!(PublicKey::from_x963(point).as_ref(), Ok(&public));
    each_backend(|backend| {
        let pair = KeyPair::from_x963_with_backend(private, backend).unwrap();
        assert_eq!(*pair.public_key(), public);
        let mut other = *private;
        other[96] ^= 1;
        let found = KeyPair::from_x963_with_backend(&other, backend).map(drop);
        assert_eq!(found, Err(key(KeyProblem::PrivateInvalid)));
        let found = KeyPair::from_x963_with_backend(point, backend).map(drop);
        assert_eq!(found, Err(form(KeyForm::RawPublicPoint)));
        // Where DER is expected they are named, with the command that converts them.
        for (bytes, name) in [
            (&private[..], KeyForm::RawPrivateKey),
            (point, KeyForm::RawPublicPoint),
            (&point[1..], KeyForm::RawPublicPoint),
            (&private[65..], KeyForm::RawScalar),
        ] {
            let error = KeyPair::from_pkcs8_der_with_backend(bytes, backend).unwrap_err();
            assert_eq!(error, form(name));
            assert!(error.to_string().contains("openssl pkey"), "{error}");
        }
    });
    let private_member = Err(key(KeyProblem::PrivateMember));
    assert_eq!(PublicKey::from_x963(private), private_member);
    assert_eq!(PublicKey::from_spki_der(private), private_member);
    assert_eq!(
        PublicKey::from_wire(&STANDARD.encode(private)),
        private_member
    );
    assert_eq!(
        PublicKey::from_spki_der(point),
        Err(form(KeyForm::RawPublicPoint))
    );
    assert_eq!(
        PublicKey::from_x963(&point[..64]),
        Err(key(KeyProblem::PointForm))
    );
    assert_eq!(PublicKey::from_x963(&[]), Err(key(KeyProblem::Empty)));
}

#[test]
fn the_key_of_a_certificate_is_read_and_nothing_else_of_it() {
    let rsa = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let p256 = PublicKey::from_pem(P256_PUBLIC).unwrap();
    for (text, expected) in [
        (include_str!("data/forms/rsa-encipherment.crt"), &rsa),
        (CERTIFICATE, &p256),
        (include_str!("data/forms/p256-agreement.crt"), &p256),
        (include_str!("data/forms/p256-v1.crt"), &p256),
    ] {
        let der = der(text);
        assert_eq!(PublicKey::from_pem(text).as_ref(), Ok(expected));
        assert_eq!(PublicKey::from_certificate_pem(text).as_ref(), Ok(expected));
        assert_eq!(PublicKey::from_certificate_der(&der).as_ref(), Ok(expected));
        let old = text.replace(" CERTIFICATE", " X509 CERTIFICATE");
        assert_eq!(PublicKey::from_pem(&old).as_ref(), Ok(expected));
        // Every octet cut off, or one more.
        for len in 0..der.len() {
            assert!(PublicKey::from_certificate_der(&der[..len]).is_err());
        }
        assert!(PublicKey::from_certificate_der(&[&der[..], &[0]].concat()).is_err());
        // Read as anything else, it is named.
        assert_eq!(
            PublicKey::from_spki_der(&der),
            Err(form(KeyForm::Certificate))
        );
        let wire = STANDARD.encode(&der);
        assert_eq!(PublicKey::from_wire(&wire), Err(form(KeyForm::Certificate)));
    }
    // The certificate of the case is sealed to, and its private key opens.
    each_backend(|backend| {
        let public = PublicKey::from_pem(RSA_CERTIFICATE).unwrap();
        let sealer = PublicKeySealer::with_backend(&public, backend).unwrap();
        let sealed = sealer.seal(br#"{"a":1}"#).unwrap();
        if rsa_2048(backend).is_some() {
            let bag = include_str!("data/forms/rsa.bag.pem");
            opens(KeyPair::from_pem_with_backend(bag, backend), &sealed);
        }
    });
}

#[test]
fn a_certificate_whose_key_usage_is_another_is_refused() {
    for (text, needed) in [
        (
            include_str!("data/forms/rsa-sign-only.crt"),
            "keyEncipherment",
        ),
        (
            include_str!("data/forms/p256-sign-only.crt"),
            "keyAgreement",
        ),
    ] {
        let problem = KeyProblem::CertificateKeyUsage { needed };
        assert_eq!(PublicKey::from_pem(text), Err(key(problem)));
        assert_eq!(
            PublicKey::from_certificate_der(&der(text)),
            Err(key(problem))
        );
    }
    let several = format!("{CERTIFICATE}{RSA_CERTIFICATE}");
    let refused = Err(key(KeyProblem::SeveralCertificates));
    assert_eq!(PublicKey::from_pem(&several), refused);
    assert_eq!(PublicKey::from_certificate_pem(&several), refused);
    let expected = "CERTIFICATE";
    assert_eq!(
        PublicKey::from_certificate_pem(P256_PUBLIC),
        Err(key(KeyProblem::PemLabel { expected }))
    );
    assert_eq!(
        PublicKey::from_certificate_der(&der(P256_PUBLIC)),
        Err(key(KeyProblem::NotDer {
            structure: "X.509 certificate"
        }))
    );
}

#[test]
fn public_pem_is_read_by_its_structure() {
    let rsa = PublicKey::from_pem(RSA_PUBLIC).unwrap();
    let spki_as_pkcs1 = RSA_PUBLIC.replace("PUBLIC KEY", "RSA PUBLIC KEY");
    // The RSAPublicKey is what the SubjectPublicKeyInfo ends with.
    let pkcs1 = pem("PUBLIC KEY", &der(RSA_PUBLIC)[24..]);
    for text in [spki_as_pkcs1, pkcs1, RSA_PUBLIC.replace('\n', r"\n")] {
        assert_eq!(PublicKey::from_pem(&text).as_ref(), Ok(&rsa), "{text}");
    }
}

/// What is recognised and not read, and a command that its message has to name.
#[test]
fn other_forms_are_named_with_the_command_that_converts_them() {
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        P256_PEM.encode_utf16().flat_map(order).collect()
    };
    let jwk_set = format!(r#"{{"keys":[{}]}}"#, P256_JWK.trim_end());
    each_backend(|backend| {
        let private = |text: &str| KeyPair::from_pem_with_backend(text, backend).unwrap_err();
        let private_der =
            |der: &[u8]| KeyPair::from_pkcs8_der_with_backend(der, backend).unwrap_err();
        let private_jwk = |text: &str| KeyPair::from_jwk_with_backend(text, backend).unwrap_err();
        for (error, found, command) in [
            (
                private(include_str!("data/forms/openssh")),
                KeyForm::OpenSsh,
                "ssh-keygen -p -m PKCS8",
            ),
            (
                private(include_str!("data/forms/openssh.pub")),
                KeyForm::OpenSsh,
                "ssh-keygen -e -m PKCS8",
            ),
            (
                private("PuTTY-User-Key-File-3: ecdsa"),
                KeyForm::Putty,
                "puttygen",
            ),
            (
                private(CERTIFICATE),
                KeyForm::Certificate,
                "openssl x509 -in CERT -pubkey -noout",
            ),
            (
                private(include_str!("data/forms/p256.csr")),
                KeyForm::CertificateRequest,
                "openssl req",
            ),
            (
                private(include_str!("data/forms/certificate.p7.pem")),
                KeyForm::Pkcs7,
                "openssl pkcs7",
            ),
            (private(P256_PUBLIC), KeyForm::PublicKey, "private key"),
            (private(P256_JWK), KeyForm::Jwk, "JWK"),
            (
                private_der(include_bytes!("data/forms/p256.p12")),
                KeyForm::Pkcs12,
                "openssl pkcs12",
            ),
            (
                private_der(include_bytes!("data/forms/p256.jks")),
                KeyForm::JavaKeyStore,
                "keytool",
            ),
            (
                private_der(&der(CERTIFICATE)),
                KeyForm::Certificate,
                "openssl x509",
            ),
            (
                private_der(&der(include_str!("data/forms/p256.csr"))),
                KeyForm::CertificateRequest,
                "openssl req",
            ),
            (
                private_der(&der(include_str!("data/forms/certificate.p7.pem"))),
                KeyForm::Pkcs7,
                "openssl pkcs7",
            ),
            (
                private_der(&der(P256_PUBLIC)),
                KeyForm::PublicKey,
                "private key",
            ),
            (private_der(P256_PEM.as_bytes()), KeyForm::Pem, "PEM"),
            (
                private_der(&utf16(u16::to_le_bytes)),
                KeyForm::Utf16,
                "iconv -f UTF-16",
            ),
            (
                private_der(&utf16(u16::to_be_bytes)),
                KeyForm::Utf16,
                "iconv -f UTF-16",
            ),
            (
                private_der(&[&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat()),
                KeyForm::Utf16,
                "iconv",
            ),
            (
                private(&String::from_utf8(utf16(u16::to_le_bytes)).unwrap()),
                KeyForm::Utf16,
                "iconv",
            ),
            (private_jwk(&jwk_set), KeyForm::JwkSet, "jq"),
            (private_jwk(P256_PEM), KeyForm::Pem, "PEM"),
        ] {
            assert_eq!(error, form(found));
            assert!(error.to_string().contains(command), "{error}");
        }
        for explicit in [
            include_str!("data/forms/ec.expl.p8.pem"),
            include_str!("data/p256-explicit.sec1.pem"),
        ] {
            let error = private(explicit);
            assert_eq!(error, key(KeyProblem::ExplicitCurve));
            assert!(
                error.to_string().contains("-param_enc named_curve"),
                "{error}"
            );
        }
        for encrypted in [
            include_str!("data/p256-encrypted.pem"),
            include_str!("data/rsa2048-proc-type.pem"),
        ] {
            let error = private(encrypted);
            assert_eq!(error, key(KeyProblem::Encrypted));
            assert!(
                error.to_string().contains("openssl pkey -in KEY"),
                "{error}"
            );
        }
    });
    let set = PublicKey::from_jwk(&format!(r#"{{"keys":[{}]}}"#, public_half(P256_JWK)));
    assert_eq!(set, Err(form(KeyForm::JwkSet)));
    let p12 = include_bytes!("data/forms/p256.p12");
    assert_eq!(PublicKey::from_spki_der(p12), Err(form(KeyForm::Pkcs12)));
    let ssh = include_str!("data/forms/openssh.pub");
    assert_eq!(PublicKey::from_pem(ssh), Err(form(KeyForm::OpenSsh)));
    assert_eq!(PublicKey::from_wire(ssh), Err(form(KeyForm::OpenSsh)));
    let request = include_str!("data/forms/p256.csr");
    assert_eq!(
        PublicKey::from_pem(request),
        Err(form(KeyForm::CertificateRequest))
    );
}

#[test]
fn null_and_empty_members_of_a_jwk_are_absent() {
    let dotnet = PublicKey::from_jwk(include_str!("data/forms/dotnet-empty-lists-ec.jwk")).unwrap();
    assert_eq!(dotnet.key_id(), Some("7f4"));
    for jwk in [public_half(P256_JWK), public_half(RSA_JWK)] {
        let expected = PublicKey::from_jwk(&jwk).unwrap();
        for member in [
            "d", "p", "q", "dp", "dq", "qi", "k", "oth", "use", "alg", "key_ops", "x5c", "kid",
        ] {
            for empty in ["null", r#""""#, "[]", "[ ]", "{}", "{\n}"] {
                let more = with(&jwk, &format!(r#""{member}":{empty}"#));
                assert_eq!(PublicKey::from_jwk(&more).as_ref(), Ok(&expected), "{more}");
            }
        }
        // An alarm where a secret value stands.
        for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            for value in [r#""AQ""#, r#"" ""#, "1", "true", "[1]", r#"{"a":1}"#] {
                let more = with(&jwk, &format!(r#""{member}":{value}"#));
                let found = PublicKey::from_jwk(&more);
                assert_eq!(found, Err(key(KeyProblem::PrivateMember)), "{more}");
            }
        }
        let oth = with(&jwk, r#""oth":[{"r":"AQ"}]"#);
        assert_eq!(
            PublicKey::from_jwk(&oth),
            Err(key(KeyProblem::PrivateMember))
        );
    }
    each_backend(|backend| {
        for jwk in [P256_JWK, RSA_JWK] {
            if jwk == RSA_JWK && rsa_2048(backend).is_none() {
                continue;
            }
            for member in ["oth", "use", "alg", "key_ops", "x5c", "kid"] {
                for empty in ["null", r#""""#, "[]", "{}"] {
                    let more = with(jwk, &format!(r#""{member}":{empty}"#));
                    assert!(
                        KeyPair::from_jwk_with_backend(&more, backend).is_ok(),
                        "{member}"
                    );
                }
            }
        }
        let bom = format!("\u{feff}{P256_JWK}");
        assert!(KeyPair::from_jwk_with_backend(&bom, backend).is_ok());
    });
}

#[test]
fn lengths_of_coordinates_are_told() {
    let short = PublicKey::from_jwk(include_str!("data/forms/xz.short.jwk"));
    let problem = KeyProblem::MemberLength {
        member: "x",
        found: 31,
        needed: 32,
    };
    assert_eq!(short, Err(key(problem)));
    let message = key(problem).to_string();
    assert!(
        message.contains("`x` has 31 octets, 32 are needed"),
        "{message}"
    );
}

/// RFC 7518 section 6.3.1.1 warns of libraries that write them.
#[test]
fn leading_zero_octets_of_rsa_numbers_are_taken_off() {
    let jwk = public_half(RSA_JWK);
    let value: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let [n, e] = ["n", "e"].map(|name| value[name].as_str().unwrap());
    let zeros = |text: &str, count| {
        let number = URL_SAFE_NO_PAD.decode(text).unwrap();
        URL_SAFE_NO_PAD.encode([&vec![0; count][..], &number].concat())
    };
    let expected = PublicKey::from_jwk(&jwk).unwrap();
    for (n_zeros, e_zeros) in [(1, 0), (0, 1), (2, 5)] {
        let longer = jwk
            .replace(n, &zeros(n, n_zeros))
            .replace(e, &zeros(e, e_zeros));
        let found = PublicKey::from_jwk(&longer).unwrap();
        assert_eq!((found.bits(), found.to_jwk()), (2048, expected.to_jwk()));
        assert_eq!(found.thumbprint(), expected.thumbprint());
    }
}

#[test]
fn a_key_that_travels_may_be_folded() {
    for public in [P256_PUBLIC, RSA_PUBLIC].map(|pem| PublicKey::from_pem(pem).unwrap()) {
        let wire = public.to_wire();
        let folded = |by: usize, end: &str| {
            let lines: Vec<_> = wire
                .as_bytes()
                .chunks(by)
                .map(|line| str::from_utf8(line).unwrap())
                .collect();
            lines.join(end)
        };
        for text in [
            format!("{wire}\n"),
            format!("{wire}\r\n"),
            format!("\n{wire}\n\n"),
            folded(64, "\n"),
            folded(76, "\r\n"),
            folded(75, "\r\n "),
            folded(75, "\n\t") + "\n",
            STANDARD.encode(format!("\n{}\n", public.to_jwk())),
            STANDARD.encode(format!("\u{feff}{}", public.to_jwk())),
        ] {
            assert_eq!(
                PublicKey::from_wire(&text).as_ref(),
                Ok(&public),
                "{text:?}"
            );
        }
    }
}

#[test]
fn a_key_id_is_kept_and_goes_nowhere() {
    let kid = "caf\u{e9} \u{202e}\n\"";
    let json = serde_json::to_string(kid).unwrap();
    let named =
        PublicKey::from_jwk(&with(&public_half(P256_JWK), &format!(r#""kid":{json}"#))).unwrap();
    let plain = PublicKey::from_jwk(&public_half(P256_JWK)).unwrap();
    assert_eq!((named.key_id(), plain.key_id()), (Some(kid), None));
    assert_eq!(named, plain);
    assert_eq!(named.clone().key_id(), Some(kid));
    assert_eq!(
        format!("{named:?}"),
        r#"PublicKey(P-256, 256 bits, kid "caf\u{e9} \u{202e}\n\"")"#
    );
    for (ours, theirs) in [
        (named.to_jwk(), plain.to_jwk()),
        (named.to_wire(), plain.to_wire()),
        (named.to_pem(), plain.to_pem()),
        (named.thumbprint(), plain.thumbprint()),
    ] {
        assert_eq!(ours, theirs);
    }
    assert_eq!(named.to_spki_der(), plain.to_spki_der());
    let of = |kid: &str| {
        let json = with(&public_half(P256_JWK), &format!(r#""kid":{kid}"#));
        let key = PublicKey::from_jwk(&json).unwrap();
        key.key_id().map(str::len)
    };
    assert_eq!(of(&format!("\"{}\"", "k".repeat(256))), Some(256));
    for ignored in [
        &format!("\"{}\"", "k".repeat(257)),
        "5",
        "[\"a\"]",
        "null",
        r#""""#,
    ] {
        assert_eq!(of(ignored), None, "{ignored}");
    }
    each_backend(|backend| {
        let private = with(P256_JWK, r#""kid":"2026-11""#);
        let pair = KeyPair::from_jwk_with_backend(&private, backend).unwrap();
        assert_eq!(pair.public_key().key_id(), Some("2026-11"));
        assert!(!pair.to_jwk().unwrap().as_str().contains("kid"));
        let sealer = PublicKeySealer::with_backend(pair.public_key(), backend).unwrap();
        let sealed = sealer.seal(b"{}").unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(sealed.split('.').next().unwrap())
            .unwrap();
        assert!(!String::from_utf8(header).unwrap().contains("kid"));
        // A key of another name opens it: the identifier selects nothing.
        let other = with(P256_JWK, r#""kid":"other""#);
        let opener =
            PrivateKeyOpener::new(KeyPair::from_jwk_with_backend(&other, backend).unwrap());
        assert_eq!(opener.open(&sealed).unwrap().as_bytes(), b"{}");
    });
}

/// The first is the example of RFC 7638 section 3.1; the other was computed with Python's `hashlib` and
/// `json` from the members of `data/p256.jwk.json`.
#[test]
fn thumbprints_are_those_of_the_standard() {
    let n = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst",
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI",
        "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    );
    let rsa = PublicKey::from_jwk(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
    assert_eq!(
        rsa.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    let p256 = PublicKey::from_pem(P256_PUBLIC).unwrap();
    assert_eq!(
        p256.thumbprint(),
        "6o8zjYBa_90lFnj-hYNRWSI7cLifzFbbOqNa3-STOJo"
    );
}

/// A private key in place of a public one is never read as one, in whatever form it comes.
#[test]
fn a_private_key_given_as_a_public_one_is_refused() {
    let private_member = key(KeyProblem::PrivateMember);
    for text in [
        P256_PEM,
        P256_SEC1,
        RSA_PKCS1,
        include_str!("data/p256-encrypted.pem"),
        include_str!("data/forms/openssh"),
        include_str!("data/forms/rsa.bag.pem"),
        include_str!("data/forms/ec.bom.pem"),
        &P256_PEM.replace('\n', r"\n"),
        &format!("{CERTIFICATE}{P256_PEM}"),
    ] {
        assert_eq!(PublicKey::from_pem(text).unwrap_err(), private_member);
    }
    for text in [
        P256_PEM,
        P256_SEC1,
        RSA_PEM,
        RSA_PKCS1,
        include_str!("data/p256-encrypted.pem"),
    ] {
        let der = der(text);
        assert_eq!(PublicKey::from_spki_der(&der).unwrap_err(), private_member);
        assert_eq!(
            PublicKey::from_wire(&STANDARD.encode(&der)).unwrap_err(),
            private_member
        );
    }
    for jwk in [P256_JWK, RSA_JWK] {
        assert_eq!(PublicKey::from_jwk(jwk).unwrap_err(), private_member);
    }
}
