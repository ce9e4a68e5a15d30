//! The results of a run, as text.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use crate::row::{Op, Row};

/// One line a row. Beside the peers: how many times as long they take as this crate, of how many times as
/// long as the floor.
pub(crate) fn table(rows: &[Row]) -> Result<String, fmt::Error> {
    let peers: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.peers.keys().map(String::as_str))
        .collect();
    let mut out = String::new();
    write!(
        out,
        "{:<18} {:>7} {:<11} {:>8} {:>8} {:>10}",
        "operation", "size", "backend", "ours", "floor", "ours/floor"
    )?;
    for peer in &peers {
        write!(out, " {peer:>24}")?;
    }
    out.push('\n');
    for row in rows {
        write!(
            out,
            "{:<18} {:>7} {:<11} {:>8} {:>8} {:>10.2}",
            row.op,
            size(row.bytes),
            row.backend,
            time(row.ours_ns),
            time(row.floor_ns),
            row.ours_ns / row.floor_ns
        )?;
        for &peer in &peers {
            let cell = match row.peers.get(peer) {
                Some(ns) => {
                    let (times, most) = (digits(ns / row.ours_ns), digits(ns / row.floor_ns));
                    format!("{} ×{times} of {most}", time(*ns))
                }
                None => "-".to_owned(),
            };
            write!(out, " {cell:>24}")?;
        }
        out.push('\n');
    }
    if rows.iter().any(|row| row.op == Op::SealTwoThreads) {
        out.push_str("With two threads: wall time for a message; the floor is half of what one thread takes.\n");
    }
    Ok(out)
}

pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}

/// In the unit that leaves three digits.
fn time(ns: f64) -> String {
    match ns {
        ns if ns < 999.5 => format!("{ns:.0} ns"),
        ns if ns < 999_500.0 => format!("{} µs", digits(ns / 1e3)),
        ns => format!("{} ms", digits(ns / 1e6)),
    }
}

fn digits(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_cell_for_every_peer() {
        let row = |op, backend: &str, peers: &[(&str, f64)]| Row {
            op,
            bytes: 64 << 10,
            backend: backend.to_owned(),
            ours_ns: 1234.0,
            floor_ns: 999.4,
            peers: peers
                .iter()
                .map(|(name, ns)| ((*name).to_owned(), *ns))
                .collect(),
        };
        let rows = [
            row(
                Op::Seal,
                "aws-lc-rs",
                &[("josekit", 12_340.0), ("jose", 99_960.0)],
            ),
            row(Op::SealInto, "rust-crypto", &[]),
        ];
        let expected = "\
operation             size backend         ours    floor ours/floor                     jose                  josekit
seal                64 KiB aws-lc-rs    1.23 µs   999 ns       1.23      100 µs ×81.0 of 100    12.3 µs ×10.0 of 12.3
seal_into           64 KiB rust-crypto  1.23 µs   999 ns       1.23                        -                        -
";
        assert_eq!(table(&rows).unwrap(), expected);
    }
}
