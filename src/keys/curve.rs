//! Names of curves, so that the error for a key on another curve than P-256 names it.

use der::asn1::ObjectIdentifier;

use crate::error::KeyProblem;

/// secp256r1, which is P-256 (RFC 5480 section 2.1.1.1).
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The object identifier, what the curve is called, and its name in a JWK, where it has one: RFC 5480 section 2.1.1.1,
/// SEC 2, RFC 5639 section 4.1, GB/T 33560, RFC 7518 section 6.2.1.1 and RFC 8812 section 3.1.
const KNOWN: [(&str, &str, &str); 20] = [
    ("1.2.840.10045.3.1.1", "P-192 (secp192r1)", ""),
    ("1.3.132.0.33", "P-224 (secp224r1)", ""),
    ("1.3.132.0.34", "P-384 (secp384r1)", "P-384"),
    ("1.3.132.0.35", "P-521 (secp521r1)", "P-521"),
    ("1.3.132.0.10", "secp256k1", "secp256k1"),
    ("1.2.156.10197.1.301", "SM2", "SM2"),
    ("1.3.36.3.3.2.8.1.1.1", "brainpoolP160r1", ""),
    ("1.3.36.3.3.2.8.1.1.2", "brainpoolP160t1", ""),
    ("1.3.36.3.3.2.8.1.1.3", "brainpoolP192r1", ""),
    ("1.3.36.3.3.2.8.1.1.4", "brainpoolP192t1", ""),
    ("1.3.36.3.3.2.8.1.1.5", "brainpoolP224r1", ""),
    ("1.3.36.3.3.2.8.1.1.6", "brainpoolP224t1", ""),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", "BP-256"),
    ("1.3.36.3.3.2.8.1.1.8", "brainpoolP256t1", ""),
    ("1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1", ""),
    ("1.3.36.3.3.2.8.1.1.10", "brainpoolP320t1", ""),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", "BP-384"),
    ("1.3.36.3.3.2.8.1.1.12", "brainpoolP384t1", ""),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", "BP-512"),
    ("1.3.36.3.3.2.8.1.1.14", "brainpoolP512t1", ""),
];

const UNKNOWN: &str = "unknown";

/// The problem of a key in DER on another curve.
pub(crate) fn other(curve: &ObjectIdentifier) -> KeyProblem {
    let is_it = |oid: &str| ObjectIdentifier::new(oid).is_ok_and(|oid| oid == *curve);
    let known = KNOWN.iter().find(|(oid, ..)| is_it(oid));
    KeyProblem::WrongCurve {
        found: known.map_or(UNKNOWN, |(_, name, _)| name),
    }
}

/// The problem of a JWK whose `crv` is not `P-256`.
pub(crate) fn other_crv(crv: &str) -> KeyProblem {
    const P256_ELSEWHERE: [&str; 6] = [
        "P-256",
        "P256",
        "secp256r1",
        "prime256v1",
        "NIST P-256",
        "1.2.840.10045.3.1.7",
    ];
    let is_crv = |name: &&str| name.eq_ignore_ascii_case(crv);
    if P256_ELSEWHERE.iter().any(&is_crv) {
        return KeyProblem::CurveName;
    }
    let mut named = KNOWN.iter();
    let known = named.find(|(oid, name, jwk)| {
        let names = name.split([' ', '(', ')']).chain([*oid, *jwk]);
        !crv.is_empty() && names.into_iter().any(|name| is_crv(&name))
    });
    KeyProblem::WrongCurve {
        found: known.map_or(UNKNOWN, |(_, name, _)| name),
    }
}
