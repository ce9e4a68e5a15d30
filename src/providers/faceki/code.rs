//! Faceki's result codes.

use core::fmt;

/// What `responseCode` says, by the list in Faceki's documentation. The list is for all its APIs; it does not say
/// which of them a token call returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the documentation gives the names alone")]
pub enum Code {
    Success = 0,
    InternalSystemError = 1000,
    NoRulesForCompany = 7001,
    NeedRequiredImages = 8001,
    DocumentVerifyFailed = 8002,
    PleaseTryAgain = 8003,
    FaceCropped = 8004,
    FaceTooClosed = 8005,
    FaceNotFound = 8006,
    FaceClosedToBorder = 8007,
    FaceTooSmall = 8008,
    PoorLight = 8009,
    IdVerifyFail = 8010,
    DlVerifyFail = 8011,
    PassportVerifyFail = 8012,
    DataNotFound = 8013,
    InvalidVerificationLink = 8014,
    VerificationLinkExpired = 8015,
    FailToGenerateLink = 8016,
    KycVerificationLimitReached = 8017,
    SelfieMultipleFaces = 8018,
    FaceBlurr = 8019,
}

impl Code {
    /// All that are documented, in the order of their numbers.
    pub const ALL: [Self; 22] = [
        Self::Success,
        Self::InternalSystemError,
        Self::NoRulesForCompany,
        Self::NeedRequiredImages,
        Self::DocumentVerifyFailed,
        Self::PleaseTryAgain,
        Self::FaceCropped,
        Self::FaceTooClosed,
        Self::FaceNotFound,
        Self::FaceClosedToBorder,
        Self::FaceTooSmall,
        Self::PoorLight,
        Self::IdVerifyFail,
        Self::DlVerifyFail,
        Self::PassportVerifyFail,
        Self::DataNotFound,
        Self::InvalidVerificationLink,
        Self::VerificationLinkExpired,
        Self::FailToGenerateLink,
        Self::KycVerificationLimitReached,
        Self::SelfieMultipleFaces,
        Self::FaceBlurr,
    ];

    /// The code of a number; `None` where the number is not documented.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Its name, as documented.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::InternalSystemError => "INTERNAL_SYSTEM_ERROR",
            Self::NoRulesForCompany => "NO_RULES_FOR_COMPANY",
            Self::NeedRequiredImages => "NEED_REQUIRED_IMAGES",
            Self::DocumentVerifyFailed => "DOCUMENT_VERIFY_FAILED",
            Self::PleaseTryAgain => "PLEASE_TRY_AGAIN",
            Self::FaceCropped => "FACE_CROPPED",
            Self::FaceTooClosed => "FACE_TOO_CLOSED",
            Self::FaceNotFound => "FACE_NOT_FOUND",
            Self::FaceClosedToBorder => "FACE_CLOSED_TO_BORDER",
            Self::FaceTooSmall => "FACE_TOO_SMALL",
            Self::PoorLight => "POOR_LIGHT",
            Self::IdVerifyFail => "ID_VERIFY_FAIL",
            Self::DlVerifyFail => "DL_VERIFY_FAIL",
            Self::PassportVerifyFail => "PASSPORT_VERIFY_FAIL",
            Self::DataNotFound => "DATA_NOT_FOUND",
            Self::InvalidVerificationLink => "INVALID_VERIFICATION_LINK",
            Self::VerificationLinkExpired => "VERIFICATION_LINK_EXPIRED",
            Self::FailToGenerateLink => "FAIL_TO_GENERATE_LINK",
            Self::KycVerificationLimitReached => "KYC_VERIFICATION_LIMIT_REACHED",
            Self::SelfieMultipleFaces => "SELFIE_MULTIPLE_FACES",
            Self::FaceBlurr => "FACE_BLURR",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
