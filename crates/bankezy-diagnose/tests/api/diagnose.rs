//! Each reading and each derivation is found.

use bankezy_crypto::{Algorithm, DEFAULT_MAX_SEALED_LEN, Derivation, PayloadSecret, SharedSecret};
use bankezy_diagnose::{
    DiagnoseError, Encoding, Finding, Function, Info, Message, Stripped, Take, Weakness,
};
use sha2::{Digest as _, Sha256};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{backend, key_pair, message, seal, seal_agreed, seal_to, secret_bytes};

#[test]
fn readings() {
    let base64 = "++++AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let utf8 = "0123456789abcdefghijklmnopqrstu!";
    let raw = [0xfe; 32];
    for (place, (reading, written, secret)) in [
        (
            Encoding::Base64url,
            format!("{}\r\n", super::SECRET).into_bytes(),
            PayloadSecret::from_base64url(super::SECRET),
        ),
        (
            Encoding::Base64,
            base64.into(),
            PayloadSecret::from_base64(base64),
        ),
        (Encoding::Hex, hex.into(), PayloadSecret::from_hex(hex)),
        (
            Encoding::Utf8,
            utf8.into(),
            PayloadSecret::from_raw_str(utf8),
        ),
        (
            Encoding::RawBytes,
            raw.into(),
            PayloadSecret::from_bytes(&raw),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let sealed = seal(&secret.unwrap()) + "\n";
        let found = message(&sealed).try_readings(&secret_bytes(written));
        let Ok(Finding::Reading {
            reading: found,
            tried,
            ..
        }) = found
        else {
            panic!("{reading:?}: {found:?}");
        };
        assert_eq!((found.encoding, tried), (reading, place + 1));
        assert_eq!(
            (found.function, found.take),
            (Function::Identity, Take::Whole)
        );
        assert!(found.wrappers.is_empty());
    }
}

#[test]
fn a_reading_without_a_flag_is_named_in_three_ways() {
    let secret = "correct horse battery staple";
    // From coreutils' md5sum.
    let sealed = seal(&PayloadSecret::from_bytes(b"9cc2ae8a1ba7a93da39b46fc1019c481").unwrap());
    let found = message(&sealed)
        .try_readings(&secret_bytes(format!("SECRET='{secret}'\n")))
        .unwrap();
    assert_eq!(
        found.to_string(),
        "opens with lower-case hex text of MD5 of the text after removing the name in front of it, removing the \
         quotation marks"
    );
    let Finding::Reading {
        reading, weakness, ..
    } = found
    else {
        panic!("{found:?}");
    };
    assert_eq!(reading.flags(), None);
    assert_eq!(
        reading.rust(),
        "PayloadSecret::from_bytes(&hex::encode(Md5::digest(cleaned.as_bytes())).as_bytes())"
    );
    assert_eq!(
        reading.cleaned().unwrap(),
        r#"SECRET=$(cat "$SECRET_FILE" | tail -c +9 | head -c 28)"#
    );
    assert_eq!(
        reading.shell(),
        r#": "${SECRET:?}" && printf %s "$SECRET" | openssl dgst -md5 -binary | xxd -p | tr -d '\n' | xxd -p -c 32"#
    );
    assert_eq!(weakness, Some(Weakness::HexDigits));
}

#[test]
fn what_settings_programs_and_mail_put_around_a_secret_is_removed() {
    let base64 = "++++AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let url = base64.replace('+', "-").replace('=', "");
    let sealed = seal(&PayloadSecret::from_base64(base64).unwrap());
    for (written, words) in [
        (
            format!(r#"{{"jwk":"{{\"kty\":\"oct\",\"k\":\"{url}\"}}"}}"#),
            "taking `k` out of the JWK",
        ),
        (
            format!("<add key=\"PayloadSecret\" value=\"{base64}\"/>"),
            "removing the brackets",
        ),
        (format!("> {base64}"), "removing the `>` in front of it"),
        (format!("{base64}."), "removing the full stop after it"),
        (
            format!("define('PAYLOAD_SECRET', '{base64}');"),
            "removing the name",
        ),
        (
            format!("{{:payload_secret=>\"{base64}\"}}"),
            "removing the name",
        ),
    ] {
        let found = message(&sealed).try_readings(&secret_bytes(written.as_str()));
        let found = found.unwrap_or_else(|error| panic!("{written}: {error}"));
        assert!(found.to_string().contains(words), "{written}: {found}");
    }
}

/// What `echo SECRET | sha256sum` gives, and what programs make of a secret that is too short.
#[test]
fn a_line_end_and_padding_are_tried() {
    let padded = |with: u8| {
        let mut key = [with; 32];
        key[..8].copy_from_slice(b"hunter2!");
        key
    };
    let with_line_end = *b"Thirty-one characters, no more!\n";
    for (secret, key, encoding) in [
        ("hunter2!", padded(0), Encoding::TextWithNuls),
        ("hunter2!", padded(b'0'), Encoding::TextWithDigits),
        ("hunter2!", padded(b' '), Encoding::TextWithBlanks),
        (
            "Thirty-one characters, no more!",
            with_line_end,
            Encoding::TextWithLineEnd,
        ),
    ] {
        let sealed = seal(&PayloadSecret::from_bytes(&key).unwrap());
        let found = message(&sealed).try_readings(&secret_bytes(secret));
        let Ok(Finding::Reading {
            reading, weakness, ..
        }) = found
        else {
            panic!("{encoding:?}: {found:?}");
        };
        assert_eq!(reading.encoding, encoding);
        if secret.len() == 8 {
            let is_short = matches!(weakness, Some(Weakness::ShortInput { octets: 8, .. }));
            assert!(is_short, "{weakness:?}");
        }
    }
    // echo 'hunter2!' | sha256sum
    let digest = "0f5ad9a836c9fc10f0063aa04879d7825de47d43b4c3294ae46b0e4c57ada3ad";
    let sealed = seal(&PayloadSecret::from_hex(digest).unwrap());
    let found = message(&sealed).try_readings(&secret_bytes("hunter2!"));
    let Ok(Finding::Reading { reading, .. }) = found else {
        panic!("{found:?}");
    };
    let expected = (Encoding::TextWithLineEnd, Function::Sha256);
    assert_eq!((reading.encoding, reading.function), expected);
}

#[test]
fn derivations() {
    let (ours, theirs) = (key_pair(), key_pair());
    let wire = ours.public_key().to_wire();
    let jwk = theirs.public_key().to_jwk();
    let spki = theirs.public_key().to_spki_der();
    let point = spki.last_chunk::<65>().unwrap();
    let long = "x".repeat(2000);
    for (derivation, named) in [
        (Derivation::RawSharedSecret, "raw"),
        (Derivation::Sha256, "sha256"),
        (
            concat_kdf(b"", wire.as_bytes()),
            "concat-kdf with apu empty, apv our key in wire form",
        ),
        (
            concat_kdf(jwk.as_bytes(), point),
            "concat-kdf with apu their key's JWK, apv their point",
        ),
        (
            hkdf(&point[1..33], b"Alice"),
            r#"hkdf-sha256 with salt their x coordinate, info "Alice""#,
        ),
        (
            hkdf(b"", b"unusual"),
            r#"hkdf-sha256 with salt empty, info "unusual""#,
        ),
        (
            Derivation::X963Sha256 { shared_info: b"" },
            "x963-sha256 with info empty",
        ),
        (
            hkdf(b"", b"\x01\x02\xff\xfe"),
            r#"hkdf-sha256 with salt empty, info "0102fffe" decoded from hex"#,
        ),
    ] {
        let sealed = seal_agreed(&ours, &theirs, &derivation);
        let found = message(&sealed)
            .try_derivations(&ours, theirs.public_key(), &[&long, "unusual", "0102fffe"])
            .unwrap();
        let Finding::Derivation {
            derivation, tried, ..
        } = &found
        else {
            panic!("{found:?}");
        };
        assert_eq!(derivation.to_string(), named);
        assert_eq!(
            found.to_string(),
            format!("opens with {named} (derivation {tried} tried)")
        );
    }
}

#[test]
fn a_further_text_is_in_the_finding_but_not_in_debug() {
    let (ours, theirs) = (key_pair(), key_pair());
    let sealed = seal_agreed(&ours, &theirs, &hkdf(b"", b"unusual"));
    let found = message(&sealed)
        .try_derivations(&ours, theirs.public_key(), &["unusual"])
        .unwrap();
    assert!(!format!("{found:?}").contains("unusual"));
    let Finding::Derivation { derivation, .. } = found else {
        panic!("{found:?}");
    };
    assert!(
        matches!(&derivation.inputs, [Info::Empty, Info::Further(text)] if text.as_str() == "unusual")
    );
    assert_eq!(
        derivation.rust(),
        r#"Derivation::HkdfSha256 { salt: b"", info: b"unusual" }"#
    );
}

#[test]
fn a_private_key() {
    let pair = key_pair();
    let sealed = seal_to(&pair);
    let message = message(&sealed);
    assert_eq!(message.algorithm(), Algorithm::EcdhEs);
    assert_eq!(message.try_private_key(pair), Ok(Finding::PrivateKey));
    assert_eq!(
        message.try_private_key(key_pair()),
        Err(DiagnoseError::NotThisPrivateKey)
    );
}

#[test]
fn a_message_is_found_in_chunks_and_joined_with_other_words() {
    let sealed = seal(&PayloadSecret::from_base64url(super::SECRET).unwrap());
    let (start, end) = sealed.split_at(40);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunks = [start, end, ""].map(chunk).concat();
    let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let in_chunks = vec![Stripped::HttpMessage, Stripped::ChunkSizes];
    for (capture, stripped) in [
        (response, in_chunks),
        (
            format!("resp.body=msg_{sealed}_end"),
            vec![Stripped::OtherText],
        ),
    ] {
        let found = message(&capture);
        assert_eq!(found.sealed(), sealed.as_bytes());
        assert_eq!(found.stripped(), stripped);
    }
}

#[test]
fn a_message_is_found_in_encodings_dumps_and_logs() {
    use Stripped::*;
    let sealed = seal(&PayloadSecret::from_base64url(super::SECRET).unwrap());
    let base64 = STANDARD.encode(&sealed);
    let hex: String = sealed.bytes().map(|octet| format!("{octet:02x}")).collect();
    let (start, end) = sealed.split_at(60);
    let lines = sealed.as_bytes().chunks(16).enumerate();
    let dump: String = lines
        .clone()
        .map(|(line, octets)| {
            let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            let text = str::from_utf8(octets).unwrap();
            format!("{:08x}  {:48} |{text}|\n", line * 16, pairs.join(" "))
        })
        .collect();
    let trace: String = lines
        .map(|(line, octets)| format!("{:04x}: {}\n", line * 16, str::from_utf8(octets).unwrap()))
        .collect();
    let har = format!(r#"{{"content":{{"text":"{base64}","encoding":"base64"}}}}"#);
    for (capture, stripped) in [
        (base64.clone(), vec![Base64]),
        (
            format!("POST / HTTP/1.1\n\ndata={base64}"),
            vec![HttpMessage, Base64, OtherText],
        ),
        (
            format!("{}\n{}\n", &base64[..60], &base64[60..]),
            vec![Base64],
        ),
        (har, vec![Json, Base64]),
        (hex, vec![Hex]),
        (dump, vec![HexDump]),
        (format!("<= Recv data\n{trace}"), vec![TextDump]),
        (
            format!("10:00 wire - out-0 << \"{start}\"\n10:00 wire - out-0 << \"{end}\""),
            vec![WireLog],
        ),
    ] {
        let found = message(&capture);
        assert_eq!(found.sealed(), sealed.as_bytes(), "{capture}");
        let found: Vec<_> = found
            .stripped()
            .iter()
            .filter(|it| **it != OtherText)
            .collect();
        let expected: Vec<_> = stripped.iter().filter(|it| **it != OtherText).collect();
        assert_eq!(found, expected, "{capture}");
    }
}

#[test]
fn the_standard_alphabet_is_read_and_named() {
    let secret = PayloadSecret::from_base64url(super::SECRET).unwrap();
    // One in three has neither of the characters.
    let sealed = core::iter::repeat_with(|| seal(&secret))
        .find(|sealed| sealed.contains(['-', '_']))
        .unwrap();
    let standard = sealed.replace('-', "+").replace('_', "/");
    for capture in [standard.clone(), format!("{{\"body\": \"{standard}\"}}")] {
        let found = message(&capture);
        assert_eq!(found.sealed(), sealed.as_bytes());
        assert!(found.stripped().contains(&Stripped::StandardAlphabet));
    }
}

#[test]
fn debug_shows_no_message() {
    let sealed = seal(&PayloadSecret::from_base64url(super::SECRET).unwrap());
    assert_eq!(
        format!("{:?}", message(&sealed)),
        format!("Message(dir, {} bytes, [redacted])", sealed.len())
    );
}

fn concat_kdf<'a>(apu: &'a [u8], apv: &'a [u8]) -> Derivation<'a> {
    Derivation::ConcatKdf { apu, apv }
}

fn hkdf<'a>(salt: &'a [u8], info: &'a [u8]) -> Derivation<'a> {
    Derivation::HkdfSha256 { salt, info }
}

#[test]
fn names_of_product_and_company_are_tried() {
    let (ours, theirs) = (key_pair(), key_pair());
    for name in [
        "bankezy",
        "BankEzy",
        "BANKEZY",
        "wibmo",
        "Wibmo",
        "WIBMO",
        "Wibmo BankEzy",
        "wibmo-bankezy",
        "BankEzySDK",
        "sdkPublicKey",
        "SERVER_PUB_KEY",
        "payload-secret",
        "aes-256-gcm",
    ] {
        let agreed = ours.agree(theirs.public_key(), &hkdf(b"", name.as_bytes()));
        let sealed = seal(&agreed.unwrap());
        let found = message(&sealed).try_derivations(&ours, theirs.public_key(), &[]);
        let Ok(Finding::Derivation { derivation, .. }) = found else {
            panic!("{name}: {found:?}");
        };
        let written = format!(r#"Derivation::HkdfSha256 {{ salt: b"", info: b"{name}" }}"#);
        assert_eq!(derivation.rust(), written);
    }
}

/// Concat KDF as libraries write it for `dir` and `ECDH-ES`, or without an AlgorithmID, with one name on both sides.
#[test]
fn one_name_as_apu_and_apv_is_tried_with_each_algorithm_id() {
    let (ours, theirs) = (key_pair(), key_pair());
    for (algorithm, name) in [("dir", "BankEzy"), ("ECDH-ES", "bankezy"), ("", "BankEzy")] {
        let concat = |shared: &SharedSecret| {
            let mut hash = Sha256::new();
            hash.update([0, 0, 0, 1]);
            hash.update(shared.as_bytes());
            for part in [algorithm, name, name] {
                hash.update((part.len() as u32).to_be_bytes());
                hash.update(part);
            }
            hash.update([0, 0, 1, 0]);
            PayloadSecret::from_bytes(&hash.finalize())
        };
        let sealed = seal_agreed(&ours, &theirs, &Derivation::Custom(&concat));
        let found = message(&sealed).try_derivations(&ours, theirs.public_key(), &[]);
        assert!(
            matches!(found, Ok(Finding::Derivation { .. })),
            "{algorithm}"
        );
    }
}

#[test]
fn a_message_in_utf_32_is_converted() {
    let secret = PayloadSecret::generate().unwrap();
    let sealed = seal(&secret);
    let text = || sealed.chars().map(u32::from);
    let little: Vec<u8> = text().flat_map(u32::to_le_bytes).collect();
    let big: Vec<u8> = text().flat_map(u32::to_be_bytes).collect();
    for captured in [
        [&[0xff, 0xfe, 0, 0], &little[..]].concat(),
        [&[0, 0, 0xfe, 0xff], &big[..]].concat(),
        little,
        big,
    ] {
        let message = Message::new(&captured, DEFAULT_MAX_SEALED_LEN, backend()).unwrap();
        assert_eq!(message.stripped(), [Stripped::Utf32]);
    }
}
