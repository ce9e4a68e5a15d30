//! Private keys beside public ones and inside other text: an alarm wherever a public key is needed.

use bankezy_crypto::{Error, KeyProblem};
use bankezy_test_support::keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Folder;

const JWK: &str = include_str!("../../../../tests/data/p256.jwk.json");

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

fn json(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}

fn public_jwk() -> String {
    let d = JWK.find("\"d\"").unwrap();
    let end = JWK[d..].find([',', '}']).unwrap();
    let public = format!("{}{}", &JWK[..d], &JWK[d + end..]);
    public
        .replace(", }", "}")
        .replace(",}", "}")
        .replace(",,", ",")
}

fn alarms(key: impl AsRef<[u8]>) {
    let alarm = Error::from(KeyProblem::PrivateMember).to_string();
    let key = key.as_ref();
    let folder = Folder::new();
    folder.write("k", key);
    let shown = String::from_utf8_lossy(key);
    for (command, input) in [("seal --recipient k", &b"x"[..]), ("inspect", key)] {
        let ran = folder.run(command, input);
        assert!(
            ran.code == 1 && ran.err.contains(&alarm),
            "{command}: {shown}\n{}",
            ran.err
        );
    }
    if let Ok(text) = str::from_utf8(key)
        && !text.contains('\0')
    {
        let recipient = format!("--recipient={text}");
        let ran = folder.run_args(["seal", &recipient], "x", &[]);
        assert!(
            ran.code == 1 && ran.err.contains(&alarm),
            "argument: {shown}\n{}",
            ran.err
        );
    }
}

#[test]
fn a_private_key_beside_a_public_one_is_an_alarm() {
    for private in [
        keys::P256,
        keys::P256_SEC1,
        keys::RSA_2048,
        keys::RSA_2048_PKCS1,
        keys::P256_ENCRYPTED,
    ] {
        let private = STANDARD.encode(der(private));
        for public in [keys::P256_PUBLIC, keys::CERTIFICATE] {
            let quoted = json(public);
            alarms(format!(
                "{{\"publicKey\":{quoted},\"privateKey\":\"{private}\"}}"
            ));
            alarms(format!(
                "{{\"certificate\":{quoted},\"key\":\"{private}\"}}"
            ));
            alarms(format!(
                "{{\"certificate\":{quoted},\"key\":\"{}\"}}",
                private.replace('/', "\\/")
            ));
            alarms(format!("PUBLIC_KEY=\"{public}\"\nPRIVATE_KEY={private}\n"));
            alarms(format!("{public}{private}\n"));
            alarms(format!("{private}\n{public}"));
        }
    }
    for public in [keys::P256_PUBLIC, keys::CERTIFICATE] {
        alarms(format!("{{\"public\":{},\"private\":{JWK}}}", json(public)));
        alarms(format!("{public}{JWK}"));
        alarms(format!("{JWK}\n{public}"));
        alarms(format!(
            "{{\"public\":{},\"secret\":\"AQAB\"}}",
            json(public)
        ));
    }
    let public = STANDARD.encode(der(keys::P256_PUBLIC));
    let private = STANDARD.encode(der(keys::P256));
    alarms(format!(
        "{{\"publicKey\":\"{public}\",\"privateKey\":\"{private}\"}}"
    ));
    alarms(format!(
        "{{\"private\":\"{private}\",\"public\":\"{public}\"}}"
    ));
    alarms([der(keys::P256_PUBLIC), der(keys::P256)].concat());
}

fn printed(octets: &[u8], write: impl Fn(&u8) -> String) -> String {
    octets.iter().map(write).collect::<Vec<_>>().join(", ")
}

/// BCRYPT_ECCKEY_BLOB and BCRYPT_RSAKEY_BLOB of Windows, and members of a JWK in other files.
#[test]
fn a_private_key_that_no_reader_knows_is_an_alarm() {
    let d: serde_json::Value = serde_json::from_str(JWK).unwrap();
    let d = d["d"].as_str().unwrap();
    for text in [format!("JWK_D={d}"), format!("<jwk><d>{d}</d></jwk>")] {
        alarms(text);
    }
    let rsa = [
        0x2048_u32.to_le_bytes(),
        [3, 0, 0, 0],
        [0, 1, 0, 0],
        [128, 0, 0, 0],
    ];
    for (magic, header) in [
        (b"ECK2", &[32, 0, 0, 0][..]),
        (b"ECS2", &[32, 0, 0, 0]),
        (b"RSA2", rsa.as_flattened()),
        (b"RSA3", rsa.as_flattened()),
    ] {
        let blob = [magic, header, &[0x81; 96]].concat();
        let hex: String = blob.iter().map(|octet| format!("{octet:02x}")).collect();
        alarms(STANDARD.encode(&blob));
        alarms(hex);
        alarms(printed(&blob, u8::to_string));
        alarms(&blob);
    }
}

#[test]
fn a_private_key_inside_another_writing_is_an_alarm() {
    let octets = der(keys::P256);
    let base64 = STANDARD.encode(&octets);
    let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let escaped: String = octets
        .iter()
        .map(|octet| match octet {
            b' '..=b'&' | b'('..=b'[' | b']'..=b'~' => char::from(*octet).to_string(),
            _ => format!("\\x{octet:02x}"),
        })
        .collect();
    for text in [
        format!("\"{base64}\""),
        STANDARD.encode(&base64),
        format!("data:application/pkcs8;base64,{base64}"),
        format!(
            "tls.crt: {}\ntls.key: {}\n",
            STANDARD.encode(keys::CERTIFICATE),
            STANDARD.encode(keys::P256)
        ),
        keys::P256.replace("PRIVATE KEY", "CERTIFICATE"),
        keys::P256.replace("PRIVATE KEY", "PUBLIC KEY"),
        keys::RSA_2048.replace("PRIVATE KEY", "SOME DATA"),
        format!("b'{escaped}'"),
        format!("b'{base64}'"),
        format!("b'{}'", keys::P256.replace('\n', "\\n")),
        format!(
            "{{\"type\":\"Buffer\",\"data\":{}}}",
            format!("{octets:?}").replace(' ', "")
        ),
        format!(
            "{{\"type\":\"Buffer\",\"data\":{:?}}}",
            keys::P256.as_bytes()
        ),
        format!("<Buffer {} ... 88 more bytes>", hex[..50].join(" ")),
        format!("0x{}", hex.join(", 0x")),
        hex.join(":"),
        format!("[]byte{{{}}}", printed(&octets, |it| format!("0x{it:x}"))),
        format!("\\x{}", hex.concat()),
        format!("{hex:?}"),
        format!("[{}]", printed(&octets, |it| format!("{it}u8"))),
        format!("[{}]", printed(&octets, |it| format!("0x{it:02x}u8"))),
    ] {
        alarms(text);
    }
    for tail in [&b"\n"[..], b"\0\0\0"] {
        alarms([&octets, tail].concat());
    }
    alarms([&b"\xef\xbb\xbf"[..], &octets].concat());
}

/// Public keys are accepted, or refused for another reason.
#[test]
fn what_is_public_is_no_alarm() {
    let alarm = Error::from(KeyProblem::PrivateMember).to_string();
    let jwk = public_jwk();
    let folder = Folder::new();
    for text in [
        format!("{{\"jwk\":{jwk},\"k\":\"v\"}}"),
        format!("{{\"jwk\":{jwk},\"D\":12}}"),
        format!("k: v\n{jwk}"),
        jwk.replace("\"kty\"", "\"D\":null,\"kty\""),
    ] {
        folder.write("k", &text);
        let ran = folder.run("seal --recipient k", "x");
        assert!(!ran.err.contains(&alarm), "{text}: {}", ran.err);
    }
    let public = keys::RSA_2048_PUBLIC;
    for text in [
        jwk,
        public.to_owned(),
        format!("private: no\nprivate key: in the safe\n{public}"),
        format!("{{\"publicKey\":{},\"privateKey\":null}}", json(public)),
        format!(
            "{{\"publicKey\":{},\"privateKey\":\"/etc/key.pem\"}}",
            json(public)
        ),
        STANDARD.encode(der(public)),
    ] {
        folder.write("k", &text);
        let ran = folder.run("seal --recipient k", "x");
        assert_eq!(ran.code, 0, "{text}: {}", ran.err);
    }
}
