//! Where, when and with which versions a run was made.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    pub(crate) model: String,
    pub(crate) class: Class,
    pub(crate) cores: usize,
    /// In UTC: `2026-11-22`.
    pub(crate) date: String,
    /// Of the peers that were measured, and of what this crate runs on.
    pub(crate) versions: BTreeMap<String, String>,
}

/// What determines the times of sealing: which vectors the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    Avx2,
    Avx512,
    /// No goals are set.
    Other,
}

impl Class {
    fn this() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512vbmi") && is_x86_feature_detected!("vaes") {
            return Self::Avx512;
        } else if is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Other
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
            Self::Other => "of no class with goals",
        })
    }
}

impl Machine {
    pub(crate) fn this() -> Self {
        let locked = |name: &str| (name.to_owned(), locked_version(name).to_owned());
        Self {
            model: model(),
            class: Class::this(),
            cores: available_parallelism().map_or(1, usize::from),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            versions: ["aws-lc-rs", "aes-gcm", "base64-turbo"].map(locked).into(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            class,
            cores,
            date,
            ..
        } = self;
        write!(f, "{model}, {cores} cores, {date} ({class})")
    }
}

/// The version that this package is built with.
pub(crate) fn locked_version(name: &str) -> &'static str {
    let entry = format!("name = \"{name}\"\nversion = \"");
    include_str!("../Cargo.lock")
        .split_once(&entry)
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("of unknown version")
}

fn model() -> String {
    let linux = || {
        let text = fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let macos = || {
        let output = Command::new("sysctl")
            .args(["-n", "machdep.cpu.brand_string"])
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    linux()
        .or_else(macos)
        .unwrap_or_else(|| format!("unknown {} CPU", std::env::consts::ARCH))
}
