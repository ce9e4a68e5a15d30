//! What is compared with what: for each operation and size, both backends, their floors and the peer in this process
//! take turns.

use std::error::Error;

use crate::around;
use crate::floor;
use crate::josekit::{self, Josekit};
use crate::measure::{self, Effort, Work};
use crate::ours::Ours;
use crate::row::{self, Algorithm, Op, Row, Way, rounded};
use crate::table::size;

/// Every operation of one thread.
pub(crate) fn run(
    ours: &[Ours],
    josekit: &Josekit,
    effort: &Effort,
) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for (way, algorithm, bytes) in row::operations() {
        eprintln!("measuring {} {}", Op::new(way, algorithm), size(bytes));
        let contest = Contest {
            way,
            algorithm,
            bytes,
        };
        rows.extend(contest.run(ours, josekit, effort)?);
    }
    for ours in ours {
        rows.push(around::seal_json(ours, effort)?);
        rows.push(around::new_cipher(ours, effort)?);
    }
    Ok(rows)
}

struct Contest {
    way: Way,
    algorithm: Algorithm,
    bytes: usize,
}

impl Contest {
    fn run(
        &self,
        ours: &[Ours],
        josekit: &Josekit,
        effort: &Effort,
    ) -> Result<Vec<Row>, Box<dyn Error>> {
        let &Self {
            way,
            algorithm,
            bytes,
        } = self;
        let plaintext = vec![0x5a; bytes];
        // One text for all: what each opens, each other has sealed or could have.
        let first = ours.first().ok_or("there is no backend")?;
        let sealed = first.seal(algorithm, &plaintext)?;

        let mut works = vec![josekit.work(way, algorithm, &plaintext, &sealed)];
        for ours in ours {
            works.push(self.floor(ours)?);
            works.push(ours.work(way, algorithm, &plaintext, &sealed));
            if algorithm == Algorithm::Dir {
                let work = |op: &Op| ours.work_into(*op, &plaintext, &sealed);
                works.extend(row::into_memory(way).iter().filter_map(work));
            }
        }
        let mut samples = measure::samples(works, effort)
            .ok_or("an operation that had worked failed while it was measured")?
            .into_iter();
        let mut next = || samples.next().ok_or("samples are missing");

        let none = "there is no sample";
        let peer = rounded(next()?.median().ok_or(none)?);
        let mut rows = Vec::new();
        for ours in ours {
            let floor = next()?;
            let floor_ns = rounded(floor.median().ok_or(none)?);
            let mut row = |op, peers| {
                rows.push(Row {
                    op,
                    bytes,
                    backend: ours.backend.name().to_owned(),
                    ours_ns: rounded(next()?.beside(&floor).ok_or(none)?),
                    floor_ns,
                    peers,
                });
                Ok::<_, &str>(())
            };
            row(
                Op::new(way, algorithm),
                [(josekit::NAME.to_owned(), peer)].into(),
            )?;
            if algorithm == Algorithm::Dir {
                for op in row::into_memory(way) {
                    row(*op, Default::default())?;
                }
            }
        }
        Ok(rows)
    }

    fn floor(&self, ours: &Ours) -> Result<Work<'static>, Box<dyn Error>> {
        match ours.backend.name() {
            "aws-lc-rs" => floor::aws_lc(self.way, self.algorithm, self.bytes),
            "rust-crypto" => floor::rust_crypto(self.way, self.algorithm, self.bytes),
            other => Err(format!("the backend {other} has no floor here").into()),
        }
    }
}
