//! What is searched for: secrets in every form that memory may hold them in.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::watch::Left;

/// This many bytes in a row of a secret, or characters of its text, count as found.
const WINDOW: usize = 12;

/// Windows and the names of the secrets that they are of.
pub(crate) struct Secrets {
    windows: HashMap<[u8; WINDOW], &'static str>,
    /// Which hashes of the first four bytes occur: this alone rules out most places.
    starts: Vec<bool>,
}

impl Secrets {
    pub(crate) fn new() -> Self {
        Self {
            windows: HashMap::new(),
            starts: vec![false; 1 << 20],
        }
    }

    pub(crate) fn of(name: &'static str, secret: &[u8]) -> Self {
        Self::new().and(name, secret)
    }

    /// With the bytes as they are, the other way round as numbers lie in memory on most machines,
    /// in hexadecimal, and in base64 and base64url at every place where they may begin.
    pub(crate) fn and(mut self, name: &'static str, secret: &[u8]) -> Self {
        assert!(secret.len() >= WINDOW, "{name} is too short to be told");
        self.add(name, secret);
        let reversed: Vec<u8> = secret.iter().rev().copied().collect();
        self.add(name, &reversed);
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add(name, hex.as_bytes());
        self.add(name, hex.to_uppercase().as_bytes());
        for start in 0..3 {
            self.add(name, STANDARD_NO_PAD.encode(&secret[start..]).as_bytes());
            self.add(name, URL_SAFE_NO_PAD.encode(&secret[start..]).as_bytes());
        }
        self
    }

    pub(crate) fn with_all(mut self, others: Self) -> Self {
        self.windows.extend(others.windows);
        for (own, other) in self.starts.iter_mut().zip(others.starts) {
            *own |= other;
        }
        self
    }

    fn add(&mut self, name: &'static str, form: &[u8]) {
        for window in form.windows(WINDOW) {
            let window: [u8; WINDOW] = window.try_into().unwrap();
            self.starts[start(&window)] = true;
            self.windows.insert(window, name);
        }
    }

    pub(crate) fn found_in(&self, memory: &[u8]) -> Left {
        memory
            .windows(WINDOW)
            .filter(|window| self.starts[start(window)])
            .filter_map(|window| self.windows.get(window).copied())
            .collect()
    }
}

fn start(window: &[u8]) -> usize {
    let first: [u8; 4] = window[..4].try_into().unwrap();
    (u32::from_le_bytes(first).wrapping_mul(0x9e37_79b1) >> 12) as usize
}
