//! The texts about keys: what is wrong and what to do, never any part of the input.

use core::fmt;

use super::{KeyForm, KeyProblem};

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { max } => write!(f, "it has more than {max} bytes"),
            Self::Empty => f.write_str("it is empty, or holds only white space"),
            Self::NotBase64 => f.write_str("it is neither base64 nor base64url: remove what is around it, such as a name in front"),
            Self::NotAKey => f.write_str("inside the base64 is neither a JWK nor a DER structure"),
            Self::CutShort => f.write_str("it was cut short: copy it whole"),
            Self::NotJsonObject => f.write_str("it is not a JSON object in UTF-8"),
            Self::DuplicateMember => f.write_str("duplicate member"),
            Self::TooManyMembers => f.write_str("it has more than 64 members"),
            Self::Missing { member } => write!(f, "`{member}` is missing"),
            Self::Invalid { member } => write!(
                f,
                "`{member}` is not canonical base64url of the right length"
            ),
            Self::MemberPadding { member } => write!(
                f,
                "`{member}` has padding: leave out the `=` at its end (RFC 7515 section 2)"
            ),
            Self::MemberAlphabet { member } => write!(
                f,
                "`{member}` is in standard base64: write `-` for `+` and `_` for `/` (RFC 7515 section 2)"
            ),
            Self::MemberLength {
                member,
                found,
                needed,
            } => {
                write!(f, "`{member}` has {found} octets, {needed} are needed: ")?;
                f.write_str(if found < needed {
                    "put zero octets in front (RFC 7518 section 6.2)"
                } else {
                    "if those in front are zero, take them off (RFC 7518 section 6.2), else the key is not on P-256"
                })
            }
            Self::NotText { member } => write!(f, "`{member}` is not a string"),
            Self::WireForm => f.write_str(
                "a P-256 key is sent as the base64 of its JWK, and this is a SubjectPublicKeyInfo",
            ),
            Self::UnknownKeyType => f.write_str("`kty` is neither EC nor RSA: write one of these if it is EC-HSM or RSA-HSM, as Azure names them"),
            Self::WrongCurve { found } => write!(
                f,
                "its curve is {found}, and P-256 is needed: make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`, or ask for one where it is another party's"
            ),
            Self::CurveName => f.write_str(
                "its `crv` is another name of P-256: write `P-256` (RFC 7518 section 6.2.1.1)",
            ),
            Self::PointForm => f.write_str(
                "its point is not in uncompressed form: convert it with `openssl ec -pubin -in KEY -pubout -conv_form uncompressed -out key.pem` (a private key without -pubin and -pubout), or the key of a certificate, once you have seen that its keyUsage includes keyAgreement, with `openssl x509 -in CERT -pubkey -noout | openssl ec -pubin -pubout -conv_form uncompressed -out key.pem`",
            ),
            Self::OffCurve => f.write_str("its point is not on the curve P-256"),
            Self::ZeroPoint => f.write_str("its point is zero"),
            Self::PrivateMember => f.write_str(
                "it holds a private key, but a public one is expected: do not send it, and replace it if it was sent",
            ),
            Self::ModulusBits { found } => write!(
                f,
                "its RSA modulus has {found} bits, 2048 to 8192 are accepted"
            ),
            Self::ModulusEven => f.write_str("its RSA modulus is even"),
            Self::Exponent => f.write_str(
                "its RSA exponent is not an odd number from 65537 to 2^33 - 1",
            ),
            Self::Use => f.write_str("`use` is not enc: it is not a key for encryption"),
            Self::Algorithm => f.write_str(
                "`alg` names something other than what this profile uses such a key for",
            ),
            Self::KeyOps => f.write_str("`key_ops` does not allow this use"),
            Self::NotPem => f.write_str(
                "it is not PEM, which is base64 between a BEGIN and an END line: copy the file whole and unchanged",
            ),
            Self::PemNoEnd => f.write_str("its PEM has no END line: it was cut short, so copy the file whole"),
            Self::PemCommented => f.write_str(
                "it is PEM with a mark in front of each line, such as # of a comment: remove the marks, for example with `sed 's/^[[:space:]#>*]*//' FILE > key.pem`",
            ),
            Self::PemHeaders => f.write_str(
                "its PEM block has lines with a name and a colon, such as `Comment:`, which RFC 7468 does not have: remove them, for example with `sed '/^[A-Za-z][A-Za-z0-9-]*:/d' FILE > key.pem`",
            ),
            Self::NotStrictJson { found } => write!(
                f,
                "it is not JSON (RFC 8259), but has {found}"
            ),
            Self::OldPemEncryption => f.write_str(
                "it is encrypted in OpenSSL's old form of PEM (`Proc-Type:`), which is not read: convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in KEY -out key.pem` to a form that is read with the password (feature encrypted-keys), or decrypt it with `openssl pkey -in KEY -out key.pem`",
            ),
            Self::SeveralKeys => f.write_str(
                "it holds more than one key: keep the one that is meant, for example the first with `openssl pkey -in FILE -out key.pem`, or of public keys with `openssl pkey -pubin -in FILE -out key.pem`",
            ),
            Self::SeveralCertificates => f.write_str(
                "it holds more than one certificate: keep the one whose key is meant, for example the first with `openssl x509 -in FILE -out cert.pem`",
            ),
            Self::PemLabel { expected } => {
                write!(f, "its PEM label is not expected here: expected {expected}")
            }
            Self::OtherForm { found } => write!(f, "it is {found}"),
            Self::ExplicitCurve => f.write_str(
                "its curve parameters are written out instead of named: convert it with `openssl ec -in KEY -param_enc named_curve -out key.pem`, or a public key with `openssl ec -pubin -in KEY -pubout -param_enc named_curve -out key.pem`",
            ),
            Self::ScalarLength { found } => write!(
                f,
                "its private scalar has {found} octets, 32 are needed: export the key again, or convert it with `openssl pkey -in KEY -out key.pem`"
            ),
            Self::CertificateKeyUsage { needed } => write!(
                f,
                "its keyUsage does not include {needed}: ask for a certificate for encryption"
            ),
            Self::Encrypted => f.write_str(
                "it is encrypted with a password: decrypt it first with `openssl pkey -in KEY -out key.pem`, or read it with the password (feature encrypted-keys)",
            ),
            Self::NotEncrypted => f.write_str(
                "it is not encrypted, but a password was given: read it without one",
            ),
            Self::Encryption { scheme } => write!(
                f,
                "it is encrypted with {scheme}, which is not read: convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in KEY -out key.pem`, with `-provider legacy -provider default` for old schemes"
            ),
            Self::EncryptionCost { unit, found, max } => write!(
                f,
                "stretching its password takes {found} {unit}, at most {max} are allowed: encrypt it again with fewer"
            ),
            Self::WrongPassword => {
                f.write_str("the password does not open it: check the password, and that the file is whole")
            }
            Self::NotDer { structure } => write!(f, "it is not a valid DER {structure}"),
            Self::DerAlgorithm { found } => write!(
                f,
                "its algorithm is {found}: a key on P-256 (id-ecPublicKey with prime256v1) or for rsaEncryption is needed, so generate or ask for one"
            ),
            Self::PrivateInvalid => {
                f.write_str("its private half is not valid, or does not belong to its public half")
            }
            Self::OwnPublicKey => f.write_str(
                "it is this key pair's own public key, sent back: the peer's public key is needed",
            ),
            Self::PrimeLengths => f.write_str(
                "its primes p and q do not have half the length of n each: generate another key",
            ),
            Self::PrivateNumbers { relation } => write!(
                f,
                "its private numbers do not satisfy {relation} (RFC 8017 section 3.2): generate another key, or repair this one with the tool that wrote it"
            ),
            Self::MultiPrime => f.write_str("it has more than two primes"),
        }
    }
}

/// What it is, and what to do with it.
impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Certificate => {
                "an X.509 certificate, which holds a public key and no private one: where a private key is needed, give the one that belongs to it; as a public key, read it as PEM with the label CERTIFICATE, as `openssl x509 -in CERT -out cert.pem` writes it, so that its keyUsage is checked too"
            }
            Self::CertificateRequest => {
                "a certificate request, which holds a public key: write that with `openssl req -in FILE -pubkey -noout`, with -inform DER for DER"
            }
            Self::OpenSsh => {
                "an OpenSSH key: if it is P-256 or RSA, convert a copy with `ssh-keygen -p -m PKCS8 -f KEY`, or a public one with `ssh-keygen -e -m PKCS8 -f KEY.pub`; Ed25519 cannot be used"
            }
            Self::Ssh2 => {
                "an SSH2 key (RFC 4716): if it is a public one on P-256 or RSA, convert it with `ssh-keygen -i -f FILE > key.pub && ssh-keygen -e -m PKCS8 -f key.pub > key.pem`; export a private one as PKCS#8"
            }
            Self::Putty => {
                "a PuTTY key: convert it with `puttygen KEY -O private-openssh -o KEY.ssh`, then with `ssh-keygen -p -m PKCS8 -f KEY.ssh`"
            }
            Self::Pkcs12 => {
                "PKCS#12, which usually holds a private key, so do not send it: write its private key with `openssl pkcs12 -in FILE -nodes -nocerts -out key.pem`, its certificates with `openssl pkcs12 -in FILE -nokeys -out cert.pem` (with -legacy too, if openssl 3 does not read an old one)"
            }
            Self::Pkcs7 => {
                "PKCS#7, which holds certificates: write them with `openssl pkcs7 -in FILE -print_certs -out certs.pem`, with -inform DER for DER"
            }
            Self::Pvk => {
                "a private key of Microsoft (PVK): convert it with `openssl rsa -inform PVK -in FILE -out key.pem`"
            }
            Self::MsBlob { private } => {
                let public = if *private { "" } else { " -pubin" };
                return write!(
                    f,
                    "a key blob of Microsoft: convert it with `openssl rsa{public} -inform MSBLOB -in FILE -out key.pem`"
                );
            }
            Self::Compressed { with } => {
                return write!(f, "compressed: decompress it with `{with} FILE > key.pem`");
            }
            Self::OpensslText { private } => {
                let public = if *private { "" } else { " -pubin" };
                return write!(
                    f,
                    "what openssl prints of a key for people to read (-text): write the key itself with `openssl pkey{public} -in KEY -out key.pem`, without -text and -noout"
                );
            }
            Self::JavaKeyStore => {
                "a Java key store, which usually holds a private key, so do not send it: convert it with `keytool -importkeystore -srckeystore FILE -destkeystore key.p12 -deststoretype PKCS12` (of type JCEKS with `-srcstoretype JCEKS`), then with `openssl pkcs12 -in key.p12 -nodes -nocerts -out key.pem`"
            }
            Self::Pem => "PEM, another form than the one expected here: read it as PEM",
            Self::AlteredPem => {
                "PEM whose BEGIN or END line is missing or was changed: both need five hyphens on each side and no other dashes, one blank between words, and the same label in capital letters"
            }
            Self::Xml => {
                "XML or HTML: a key that .NET wrote as RSAKeyValue is exported as PEM instead, a private one by ExportPkcs8PrivateKeyPem, a public one by ExportSubjectPublicKeyInfoPem"
            }
            Self::Decimal => {
                "decimal numbers, or a Buffer as Node prints it: export the key as PEM, DER or JWK with the tool that wrote them"
            }
            Self::Jwk => "JSON, another form than the one expected here: read it as a JWK",
            Self::JwkSet => {
                "a JWK set: give one of the keys in it, for example the first with `jq '.keys[0]' FILE`"
            }
            Self::EmptyJwkSet => "a JWK set without a key in it: ask for one that has the key",
            Self::NestedJwk => {
                "JSON with a JWK inside: give that alone, for example the first with `jq 'first(.. | select(.kty?))' FILE`"
            }
            Self::NestedText => {
                "JSON with a text inside that may be a key in base64: give that alone, for example the first long one with `jq -r 'first(.. | strings | select(length > 100))' FILE`"
            }
            Self::CapitalJwk => {
                "a JWK whose names start with capital letters, as .NET writes its JsonWebKey: write them in lower case, for example with `jq 'with_entries(.key |= ascii_downcase)' FILE`"
            }
            Self::RsaParameters => {
                "the RSAParameters of .NET as JSON: export the key as PEM, a private one by ExportPkcs8PrivateKeyPem, a public one by ExportSubjectPublicKeyInfoPem"
            }
            Self::JwkArray => {
                "a JSON array: if JWKs are in it, give one of them, for example the first with `jq '.[0]' FILE`"
            }
            Self::QuotedText => {
                "text in quotation marks: give it without them; double ones are those of a JSON string, which `jq -r . FILE` writes without"
            }
            Self::Utf16 { big_endian } | Self::Utf32 { big_endian } => {
                let is_16 = matches!(self, Self::Utf16 { .. });
                let code = if is_16 { "UTF-16" } else { "UTF-32" };
                let order = if *big_endian { "BE" } else { "LE" };
                return write!(
                    f,
                    "text in {code}: convert it with `iconv -f {code}{order} -t UTF-8 FILE > key.pem`"
                );
            }
            Self::Parameters => {
                "parameters alone, such as the name of a curve, and no key: make a key with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem`, or copy the block with the key too"
            }
            Self::PublicKey => "a public key, and a private one is needed: give the private key",
            Self::RsaWithoutPrimes => {
                "an RSA private key without its primes, which RFC 7518 section 6.3.2 allows and this library does not read: export it with the members `p`, `q`, `dp`, `dq` and `qi`"
            }
            Self::Pkcs1PublicKey => {
                "an RSA public key in DER of PKCS#1: read it as that, or convert it with `openssl rsa -RSAPublicKey_in -inform DER -in FILE -pubout -out key.pem`"
            }
            Self::RawPublicPoint { octets } => {
                let (what, header) = match octets {
                    33 => (
                        "a compressed public point without a structure around it:",
                        "3039301306072a8648ce3d020106082a8648ce3d030107032200",
                    ),
                    64 => (
                        "the coordinates of a public point without a structure around them: put the octet 04 in front and read them as an X9.63 point, or",
                        "3059301306072a8648ce3d020106082a8648ce3d03010703420004",
                    ),
                    _ => (
                        "a public point without a structure around it: read it as an X9.63 point, or",
                        "3059301306072a8648ce3d020106082a8648ce3d030107034200",
                    ),
                };
                return write!(
                    f,
                    "{what} convert it with `(printf {header} | xxd -r -p; cat FILE) | openssl ec -pubin -inform DER -pubout -conv_form uncompressed -out key.pem`"
                );
            }
            Self::RawPrivateKey => {
                "a public point and a private scalar without a structure around them: read them as X9.63, or convert them with `(printf 30770201010420 | xxd -r -p; tail -c 32 FILE; printf a00a06082a8648ce3d030107a144034200 | xxd -r -p; head -c 65 FILE) | openssl pkey -inform DER -out key.pem`"
            }
            Self::RawScalar => {
                "32 octets without a structure around them: if they are a payload secret, give them as that and not as a key; if they are a private key on P-256, convert them with `(printf 30310201010420 | xxd -r -p; tail -c 32 FILE; printf a00a06082a8648ce3d030107 | xxd -r -p) | openssl pkey -inform DER -out key.pem`"
            }
        };
        f.write_str(text)
    }
}
