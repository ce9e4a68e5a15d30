//! Codes for what exactly is wrong: one for each problem that has its own fix.

use super::{HeaderProblem, JsonProblem, KeyForm, KeyProblem, Malformed};

impl Malformed {
    /// The code of the [`Error`](crate::Error) with this problem, such as `envelope.not_encrypted`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "envelope.empty",
            Self::ClearJson => "envelope.not_encrypted",
            Self::PartCount { .. } => "envelope.part_count",
            Self::NotBase64url { .. } => "envelope.not_base64url",
            Self::PartLength { .. } => "envelope.part_length",
        }
    }
}

impl HeaderProblem {
    /// The code of the [`Error`](crate::Error) with this problem, such as `header.alg_mismatch`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "header.too_long",
            Self::NotBase64url => "header.not_base64url",
            Self::NotJsonObject => "header.not_json_object",
            Self::DuplicateMember => "header.duplicate_member",
            Self::TooManyMembers => "header.too_many_members",
            Self::Missing { .. } => "header.missing_member",
            Self::Invalid { .. } => "header.invalid_member",
            Self::UnknownAlgorithm => "header.unknown_alg",
            Self::AlgorithmMismatch { .. } => "header.alg_mismatch",
            Self::UnknownEncryption => "header.unknown_enc",
            Self::Compressed => "header.compressed",
            Self::Critical => "header.critical",
        }
    }
}

impl JsonProblem {
    /// The code of the [`Error`](crate::Error) with this problem, such as `payload.json_truncated`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax => "payload.json_syntax",
            Self::Truncated => "payload.json_truncated",
            Self::Mismatch => "payload.json_mismatch",
            Self::NotSerializable => "payload.not_serializable",
        }
    }
}

impl KeyProblem {
    /// The code of the [`Error`](crate::Error) with this problem, such as `key.encrypted`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "key.too_long",
            Self::Empty => "key.empty",
            Self::NotBase64 => "key.not_base64",
            Self::NotAKey => "key.not_a_key",
            Self::CutShort => "key.cut_short",
            Self::NotJsonObject => "key.not_json_object",
            Self::DuplicateMember => "key.duplicate_member",
            Self::TooManyMembers => "key.too_many_members",
            Self::Missing { .. } => "key.missing_member",
            Self::Invalid { .. } => "key.invalid_member",
            Self::MemberPadding { .. } => "key.member_padding",
            Self::MemberAlphabet { .. } => "key.member_alphabet",
            Self::MemberLength { .. } => "key.member_length",
            Self::NotText { .. } => "key.member_not_text",
            Self::WireForm => "key.not_base64_jwk",
            Self::UnknownKeyType => "key.unknown_kty",
            Self::WrongCurve { .. } => "key.wrong_curve",
            Self::CurveName => "key.curve_name",
            Self::PointForm => "key.point_form",
            Self::OffCurve => "key.off_curve",
            Self::ZeroPoint => "key.zero_point",
            Self::PrivateMember => "key.is_private",
            Self::ModulusBits { .. } => "key.rsa_modulus_size",
            Self::ModulusEven => "key.rsa_modulus_even",
            Self::Exponent => "key.rsa_exponent",
            Self::Use => "key.use",
            Self::Algorithm => "key.alg",
            Self::KeyOps => "key.key_ops",
            Self::NotPem => "key.not_pem",
            Self::PemNoEnd => "key.pem_no_end",
            Self::PemCommented => "key.pem_commented",
            Self::PemHeaders => "key.pem_headers",
            Self::NotStrictJson { .. } => "key.not_strict_json",
            Self::OldPemEncryption => "key.old_pem_encryption",
            Self::SeveralKeys => "key.several_keys",
            Self::SeveralCertificates => "key.several_certificates",
            Self::PemLabel { .. } => "key.pem_label",
            Self::OtherForm { found } => found.code(),
            Self::ExplicitCurve => "key.explicit_curve",
            Self::ScalarLength { .. } => "key.scalar_length",
            Self::CertificateKeyUsage { .. } => "key.certificate_key_usage",
            Self::Encrypted => "key.encrypted",
            Self::NotEncrypted => "key.not_encrypted",
            Self::Encryption { .. } => "key.encryption",
            Self::EncryptionCost { .. } => "key.encryption_cost",
            Self::WrongPassword => "key.wrong_password",
            Self::NotDer { .. } => "key.not_der",
            Self::DerAlgorithm { .. } => "key.der_algorithm",
            Self::PrivateInvalid => "key.private_invalid",
            Self::OwnPublicKey => "key.own_public_key",
            Self::PrimeLengths => "key.rsa_prime_lengths",
            Self::PrivateNumbers { .. } => "key.rsa_private_numbers",
            Self::MultiPrime => "key.rsa_multi_prime",
        }
    }
}

impl KeyForm {
    /// The code of the [`Error`](crate::Error) for a key in this form, such as `key.form_openssh`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate => "key.form_certificate",
            Self::CertificateRequest => "key.form_certificate_request",
            Self::OpenSsh => "key.form_openssh",
            Self::Ssh2 => "key.form_ssh2",
            Self::Putty => "key.form_putty",
            Self::Pkcs12 => "key.form_pkcs12",
            Self::Pkcs7 => "key.form_pkcs7",
            Self::Pvk => "key.form_pvk",
            Self::MsBlob { .. } => "key.form_ms_blob",
            Self::Compressed { .. } => "key.form_compressed",
            Self::OpensslText { .. } => "key.form_openssl_text",
            Self::JavaKeyStore => "key.form_java_key_store",
            Self::Pem => "key.form_pem",
            Self::AlteredPem => "key.form_altered_pem",
            Self::Xml => "key.form_xml",
            Self::Decimal => "key.form_decimal",
            Self::Jwk => "key.form_jwk",
            Self::JwkSet => "key.form_jwk_set",
            Self::EmptyJwkSet => "key.form_empty_jwk_set",
            Self::NestedJwk => "key.form_nested_jwk",
            Self::NestedText => "key.form_nested_text",
            Self::CapitalJwk => "key.form_capital_jwk",
            Self::RsaParameters => "key.form_rsa_parameters",
            Self::JwkArray => "key.form_jwk_array",
            Self::QuotedText => "key.form_quoted_text",
            Self::Utf16 { .. } => "key.form_utf16",
            Self::Utf32 { .. } => "key.form_utf32",
            Self::Parameters => "key.form_parameters",
            Self::PublicKey => "key.form_public_key",
            Self::RsaWithoutPrimes => "key.form_rsa_without_primes",
            Self::Pkcs1PublicKey => "key.form_pkcs1_public_key",
            Self::RawPublicPoint { .. } => "key.form_raw_public_point",
            Self::RawPrivateKey => "key.form_raw_private_key",
            Self::RawScalar => "key.form_raw_scalar",
        }
    }
}
