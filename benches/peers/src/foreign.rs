//! Peers in other languages. Each is a script that gets its task as JSON on standard input and
//! answers with JSON: first it shows that it opens what we seal and seals what we open, then it
//! measures in a loop of its own.

use std::error::Error;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::keys;
use crate::measure::Effort;
use crate::ours::{Ours, pairs};
use crate::row::{self, Algorithm, Op, Row, rounded};

/// The exit code of the scripts if their library is not installed.
const NOT_INSTALLED: i32 = 3;
const PLAINTEXT: &str = r#"{"amount":100}"#;

pub(crate) struct Foreign {
    pub(crate) name: &'static str,
    command: &'static str,
    script: &'static str,
    /// What it has.
    algorithms: &'static [Algorithm],
    /// How to have it measured, from the root of the repository.
    install: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/foreign/", $name)
    };
}

pub(crate) const ALL: [Foreign; 5] = [
    Foreign {
        name: "jose",
        command: "node",
        script: script!("jose_peer.mjs"),
        algorithms: &Algorithm::ALL,
        install: "npm install --prefix benches/peers/foreign",
    },
    Foreign {
        name: "jwcrypto",
        command: "python3",
        script: script!("jwcrypto_peer.py"),
        algorithms: &Algorithm::ALL,
        install: "pip install -r benches/peers/foreign/requirements.txt",
    },
    Foreign {
        name: "joserfc",
        command: "python3",
        script: script!("joserfc_peer.py"),
        algorithms: &Algorithm::ALL,
        install: "pip install -r benches/peers/foreign/requirements.txt",
    },
    Foreign {
        name: "libcjose",
        command: "sh",
        script: script!("cjose_peer.sh"),
        algorithms: &[Algorithm::Dir, Algorithm::EcdhEs],
        install: "apt-get install gcc libcjose-dev libjansson-dev pkg-config",
    },
    Foreign {
        name: "Nimbus",
        command: "sh",
        script: script!("nimbus_peer.sh"),
        algorithms: &Algorithm::ALL,
        install: "set NIMBUS_JAR to the jar of nimbus-jose-jwt, and install Java 17 or later",
    },
];

#[derive(Serialize)]
struct Task<'a> {
    secret: &'a str,
    rsa: Value,
    p256: Value,
    plaintext: &'a str,
    /// To be opened, and to be sealed likewise.
    messages: Vec<Message>,
    /// Whether to measure.
    effort: Option<&'a Effort>,
    jobs: Vec<Job>,
}

#[derive(Serialize, Deserialize)]
struct Message {
    alg: String,
    sealed: String,
}

#[derive(Serialize)]
struct Job {
    op: Op,
    alg: &'static str,
    bytes: usize,
}

#[derive(Deserialize)]
struct Answer {
    version: String,
    messages: Vec<Message>,
    medians: Vec<Median>,
}

#[derive(Deserialize)]
struct Median {
    op: Op,
    bytes: usize,
    ns: f64,
}

impl Foreign {
    /// That each opens what the other seals. Returns the versions, or why it cannot be measured.
    pub(crate) fn check(&self, ours: &[Ours]) -> Result<String, Box<dyn Error>> {
        Ok(self.ask(ours, None)?.version)
    }

    /// Measures it, and adds what was found to the rows of both backends.
    pub(crate) fn measure(
        &self,
        ours: &[Ours],
        effort: &Effort,
        rows: &mut [Row],
    ) -> Result<(), Box<dyn Error>> {
        for Median { op, bytes, ns } in self.ask(ours, Some(effort))?.medians {
            for row in rows
                .iter_mut()
                .filter(|row| row.op == op && row.bytes == bytes)
            {
                row.peers.insert(self.name.to_owned(), rounded(ns));
            }
        }
        Ok(())
    }

    /// Every algorithm that it has, on every backend of ours.
    fn pairs<'a>(&self, ours: &'a [Ours]) -> impl Iterator<Item = (Algorithm, &'a Ours)> {
        pairs(ours).filter(|(algorithm, _)| self.algorithms.contains(algorithm))
    }

    fn ask(&self, ours: &[Ours], effort: Option<&Effort>) -> Result<Answer, Box<dyn Error>> {
        let mut messages = Vec::new();
        for (algorithm, ours) in self.pairs(ours) {
            messages.push(Message {
                alg: algorithm.name().to_owned(),
                sealed: ours.seal(algorithm, PLAINTEXT.as_bytes())?,
            });
        }
        let task = Task {
            secret: keys::SECRET,
            rsa: serde_json::from_str(keys::RSA_JWK)?,
            p256: serde_json::from_str(keys::P256_JWK)?,
            plaintext: PLAINTEXT,
            messages,
            effort,
            jobs: row::operations()
                .filter(|(_, algorithm, _)| self.algorithms.contains(algorithm))
                .map(|(way, algorithm, bytes)| Job {
                    op: Op::new(way, algorithm),
                    alg: algorithm.name(),
                    bytes,
                })
                .collect(),
        };
        let answer: Answer = serde_json::from_slice(&self.run(&serde_json::to_vec(&task)?)?)?;
        for (algorithm, ours) in self.pairs(ours) {
            let message = answer
                .messages
                .iter()
                .find(|message| message.alg == algorithm.name())
                .ok_or_else(|| format!("it did not seal with {}", algorithm.name()))?;
            if ours.open(algorithm, &message.sealed)?.as_bytes() != PLAINTEXT.as_bytes() {
                return Err("what was opened is not what it sealed".into());
            }
        }
        Ok(answer)
    }

    fn run(&self, task: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
        let spawned = Command::new(self.command)
            .arg(self.script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(format!("there is no {} here", self.command).into());
            }
            Err(error) => return Err(format!("{} does not start: {error}", self.command).into()),
        };
        // The script reads all before it writes, and where it ends early its exit code says why.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(task);
        }
        let output = child.wait_with_output()?;
        match output.status.code() {
            Some(0) => Ok(output.stdout),
            Some(NOT_INSTALLED) => Err(format!("not installed: {}", self.install).into()),
            _ => Err(format!("its script failed: {}", output.status).into()),
        }
    }
}
