//! Which code the processor runs.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "a function for some processors is unsafe to call; see SAFETY at each call"
    )
)]

#[cfg(target_arch = "x86_64")]
use super::{avx2, vbmi};
use super::{job::Job, portable};

/// Code for base64url. A variant for certain processors can only be made by detecting such a processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernel {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Vbmi(Vbmi),
}

/// Proof that the processor has AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

/// Proof that the processor has the parts of AVX-512 named F, BW and VBMI.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vbmi(());

impl Kernel {
    /// The fastest.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(vbmi) = Vbmi::detect() {
            return Self::Vbmi(vbmi);
        } else if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(avx2);
        }
        Self::Portable
    }

    /// All that this processor can run.
    #[allow(
        dead_code,
        reason = "for the tests, and for a fuzz target that takes in this file"
    )]
    pub(crate) fn all() -> Vec<Self> {
        let all = [
            Some(Self::Portable),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Vbmi::detect().map(Self::Vbmi),
        ];
        all.into_iter().flatten().collect()
    }

    /// Runs the job; `false` if a text is not canonical.
    #[inline]
    pub(crate) fn run(self, job: Job<'_>) -> bool {
        match self {
            Self::Portable => portable::run(job),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(proof) => proof.run(job),
            #[cfg(target_arch = "x86_64")]
            Self::Vbmi(proof) => proof.run(job),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    fn run(self, job: Job<'_>) -> bool {
        // SAFETY: `avx2::run` asks for nothing but the feature it is compiled for, AVX2. Only `detect` makes a
        // value of this type, after it saw that processor and operating system have it, and neither loses it
        // while a process runs.
        unsafe { avx2::run(job) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Vbmi {
    fn detect() -> Option<Self> {
        let detected = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi");
        detected.then_some(Self(()))
    }

    fn run(self, job: Job<'_>) -> bool {
        // SAFETY: `vbmi::run` asks for nothing but the features it is compiled for, those of `detect`. Only
        // `detect` makes a value of this type, after it saw that processor and operating system have them, and
        // neither loses them while a process runs.
        unsafe { vbmi::run(job) }
    }
}
