//! `diagnose` names what opens the messages of other libraries, which the tests of `bankezy-diagnose` have.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Folder;

/// One message of other libraries for each kind of construction. The rest is for the library's own test.
#[test]
fn messages_of_other_libraries_are_named_by_the_command() {
    const PYTHON: &str = include_str!("../../../bankezy-diagnose/tests/vectors/python.json");
    let vectors: Value = serde_json::from_str(PYTHON).unwrap();
    let folder = Folder::new();
    let text = |value: &Value, member: &str| value[member].as_str().unwrap().to_owned();
    for kind in SECRETS {
        let vector = first(&vectors["secrets"], kind);
        let name = text(vector, "name");
        folder.write("m", text(vector, "jwe"));
        folder.write("s", STANDARD.decode(text(vector, "secret")).unwrap());
        let found = folder
            .run("diagnose --message m --secret-file s", "")
            .text();
        let is_flag = ["base64url", "base64", "hex", "utf8"].contains(&name.as_str());
        let flag = if is_flag { "--encoding " } else { "" };
        let line = format!("opens with {flag}{name}\n");
        assert!(found.starts_with(&line), "{name}: {found}");
    }
    for kind in DERIVATIONS {
        let vector = first(&vectors["derivations"], kind);
        let name = text(vector, "name");
        let session = vector["session"].as_u64().unwrap() as usize;
        let session = &vectors["sessions"][session];
        folder.write("m", text(vector, "jwe"));
        folder.write("ours", text(session, "ours"));
        folder.write("theirs", text(session, "theirs"));
        let diagnose = "diagnose --message m --private-key ours --peer theirs";
        let found = folder.run(diagnose, "").text();
        let line = format!("opens with {name} (derivation ");
        assert!(found.starts_with(&line), "{name}: {found}");
        // A key in binary is for no flag.
        let is_in_rust_only = found.contains("on the command line: no flags do this");
        assert!(is_in_rust_only || kind != "our point", "{found}");
    }
}

/// What the names of vectors have in them, one for each kind.
const SECRETS: [&str; 18] = [
    "base64url",
    "base64",
    "hex",
    "utf8",
    "raw bytes",
    "quotation marks",
    "the name in front",
    "JSON",
    "JWK",
    "UTF-16",
    "twice decoded",
    "first 32",
    "last 32",
    "MD5",
    "SHA-256",
    "SHA-512",
    "UUID",
    "upper case",
];

const DERIVATIONS: [&str; 20] = [
    "raw",
    "sha256",
    "concat-kdf with",
    "concat-kdf (",
    "header's apu, decoded",
    "hkdf-sha256",
    "hkdf-sha512",
    "x963-sha256",
    "one-step-kdf-sha256",
    "hmac-sha256 under",
    "text before",
    "BigInteger",
    "x and y",
    "reversed",
    "lower-case hex text of x",
    "first 32 bytes of the base64 text",
    "SHA-512",
    "SHA-384",
    "our point",
    "SubjectPublicKeyInfo in PEM",
];

fn first<'a>(vectors: &'a Value, kind: &str) -> &'a Value {
    let name = |vector: &&Value| vector["name"].as_str().unwrap().to_owned();
    let mut all = vectors.as_array().unwrap().iter();
    let exact = all.clone().find(|vector| name(vector) == kind);
    let found = exact.or_else(|| all.find(|vector| name(vector).contains(kind)));
    found.unwrap_or_else(|| panic!("no vector of {kind}"))
}
