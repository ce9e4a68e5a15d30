//! Throughput against size as SVG, drawn from the files of a run and from nothing else: the same
//! files give the same drawing.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use crate::machine::Machine;
use crate::results;
use crate::row::{Op, Row, SIZES, find};
use crate::table::size;

const FILE: &str = "throughput.svg";

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 596.0;
/// Of the two panels, which stand side by side.
const LEFTS: [f64; 2] = [98.0, 558.0];
const PANEL: f64 = 372.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 404.0;
/// Of the legend's two columns.
const COLUMNS: [f64; 2] = LEFTS;

/// A series has a colour for each theme and a shape of its own.
const COLOURS: usize = 5;

struct Theme {
    background: &'static str,
    text: &'static str,
    lines: &'static str,
    series: [&'static str; COLOURS],
}

/// The drawing brings its background, so that it can be read where a viewer knows no themes.
const LIGHT: Theme = Theme {
    background: "#ffffff",
    text: "#1f2328",
    lines: "#d1d9e0",
    series: ["#0550ae", "#1a7f37", "#bc4c00", "#8250df", "#bf3989"],
};
const DARK: Theme = Theme {
    background: "#0d1117",
    text: "#e6edf3",
    lines: "#3d444d",
    series: ["#58a6ff", "#3fb950", "#f0883e", "#d2a8ff", "#ff80c8"],
};

pub(crate) fn run(json: &Path, out: &Path) -> Result<(), String> {
    let results = results::read(json)?;
    let svg = draw(&results.rows, &results.machine).map_err(|error| error.to_string())?;
    let path = out.join(FILE);
    fs::write(&path, svg).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn draw(rows: &[Row], machine: &Machine) -> Result<String, fmt::Error> {
    let panels = [Op::Seal, Op::Open].map(|op| (op, series(rows, op, machine)));
    let points = panels
        .iter()
        .flat_map(|(_, series)| series)
        .flat_map(|series| &series.points);
    let scale = Scale::around(points.map(|(_, rate)| *rate));

    let mut out = String::new();
    head(&mut out)?;
    for ((op, series), left) in panels.iter().zip(LEFTS) {
        grid(&mut out, *op, left, &scale)?;
        // The first is drawn last, on top.
        for series in series.iter().rev() {
            curve(&mut out, series, left, &scale)?;
        }
    }
    if let Some((_, series)) = panels.first() {
        legend(&mut out, series)?;
    }
    let middle = (TOP + BOTTOM) / 2.0;
    write!(out, r#"<g transform="translate(20 {middle}) rotate(-90)">"#)?;
    text(
        &mut out,
        (0.0, 0.0),
        "small mid",
        "payload a second (higher is faster)",
    )?;
    out.push_str("</g>\n");
    let captions = [
        format!("{machine}; medians, one thread"),
        "The dashed floor is AES-256-GCM, base64url and, to seal, 12 random bytes, on memory that is there already.".to_owned(),
    ];
    for (caption, y) in captions.iter().zip([HEIGHT - 32.0, HEIGHT - 14.0]) {
        text(&mut out, (WIDTH / 2.0, y), "small mid", caption)?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// One line of a panel.
struct Series {
    name: String,
    colour: usize,
    floor: bool,
    /// Bytes of plaintext, and how many of them a second.
    points: Vec<(f64, f64)>,
}

/// Both backends with their floors, then the peers, which have the same figures in the rows of
/// every backend.
fn series(rows: &[Row], op: Op, machine: &Machine) -> Vec<Series> {
    let backends = distinct(rows.iter().map(|row| &row.backend));
    let peers = distinct(rows.iter().flat_map(|row| row.peers.keys()));
    let points = |backend: &str, ns: &dyn Fn(&Row) -> Option<f64>| {
        let rows = SIZES
            .iter()
            .filter_map(|&bytes| find(rows, op, bytes, backend));
        rows.filter_map(|row| Some((row.bytes as f64, row.bytes as f64 * 1e9 / ns(row)?)))
            .collect()
    };
    let versioned = |name: &str| match machine.versions.get(name) {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    };
    let mut all = Vec::new();
    for (colour, backend) in backends.iter().enumerate() {
        all.push(Series {
            name: format!("bankezy-crypto on {}", versioned(backend)),
            colour,
            floor: false,
            points: points(backend, &|row| Some(row.ours_ns)),
        });
        all.push(Series {
            name: format!("floor of {backend}"),
            colour,
            floor: true,
            points: points(backend, &|row| Some(row.floor_ns)),
        });
    }
    if let Some(first) = backends.first() {
        all.extend(peers.iter().enumerate().map(|(place, peer)| Series {
            name: versioned(peer),
            colour: (backends.len() + place) % COLOURS,
            floor: false,
            points: points(first, &|row| row.peers.get(*peer).copied()),
        }));
    }
    all
}

fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name.as_str()) {
            found.push(name);
        }
    }
    found
}

/// From bytes a second to a height: logarithmic, in half decades.
struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    fn around(rates: impl Iterator<Item = f64>) -> Self {
        let powers = rates.map(f64::log10).filter(|power| power.is_finite());
        let (low, high) = powers.fold((f64::MAX, f64::MIN), |(low, high), power| {
            (low.min(power), high.max(power))
        });
        // Where there is nothing to draw, any scale will do.
        let (low, high) = if low <= high { (low, high) } else { (6.0, 9.0) };
        let lowest = (low * 2.0).floor() / 2.0;
        let highest = ((high * 2.0).ceil() / 2.0).max(lowest + 1.0);
        Self { lowest, highest }
    }

    fn powers(&self) -> impl Iterator<Item = i32> {
        // Logarithms of what a machine does are small.
        self.lowest.ceil() as i32..=self.highest.floor() as i32
    }

    fn y(&self, rate: f64) -> f64 {
        let share = (rate.log10() - self.lowest) / (self.highest - self.lowest);
        BOTTOM - share * (BOTTOM - TOP)
    }
}

/// From bytes to a place in a panel: logarithmic, from the smallest size to the largest.
fn x(left: f64, bytes: f64) -> f64 {
    let ends =
        [SIZES.first(), SIZES.last()].map(|size| size.map_or(0.0, |size| (*size as f64).ln()));
    let [first, last] = ends;
    left + (bytes.ln() - first) / (last - first) * PANEL
}

fn head(out: &mut String) -> fmt::Result {
    writeln!(
        out,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="13">"#
    )?;
    out.push_str("<title>Throughput of sealing and opening against the size of the payload</title>\n<style>\n");
    out.push_str(".line { fill: none; stroke-width: 2; } .floor { stroke-dasharray: 5 4; stroke-width: 1.5; }\n");
    out.push_str(".small { font-size: 11px; } .title { font-size: 16px; font-weight: 600; } .mid { text-anchor: middle; } .end { text-anchor: end; }\n");
    theme(out, &LIGHT)?;
    out.push_str("@media (prefers-color-scheme: dark) {\n");
    theme(out, &DARK)?;
    out.push_str("}\n</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n");
    Ok(())
}

fn theme(out: &mut String, theme: &Theme) -> fmt::Result {
    let Theme {
        background,
        text,
        lines,
        series,
    } = theme;
    writeln!(
        out,
        ".back {{ fill: {background}; }} text {{ fill: {text}; }} .grid {{ stroke: {lines}; }}"
    )?;
    for (place, colour) in series.iter().enumerate() {
        writeln!(
            out,
            ".l{place} {{ stroke: {colour}; }} .m{place} {{ fill: {colour}; }}"
        )?;
    }
    Ok(())
}

fn grid(out: &mut String, op: Op, left: f64, scale: &Scale) -> fmt::Result {
    let right = left + PANEL;
    text(
        out,
        (left + PANEL / 2.0, TOP - 20.0),
        "title mid",
        op.name(),
    )?;
    for power in scale.powers() {
        let y = scale.y(10_f64.powi(power));
        writeln!(
            out,
            r#"<line class="grid" x1="{left:.1}" y1="{y:.1}" x2="{right:.1}" y2="{y:.1}"/>"#
        )?;
        text(out, (left - 8.0, y + 4.0), "end", &rate(power))?;
    }
    for bytes in SIZES {
        let x = x(left, bytes as f64);
        writeln!(
            out,
            r#"<line class="grid" x1="{x:.1}" y1="{TOP:.1}" x2="{x:.1}" y2="{BOTTOM:.1}"/>"#
        )?;
        text(out, (x, BOTTOM + 20.0), "mid", &size(bytes))?;
    }
    text(
        out,
        (left + PANEL / 2.0, BOTTOM + 40.0),
        "small mid",
        "size of the payload",
    )?;
    Ok(())
}

/// `100 MB/s` for 8.
fn rate(power: i32) -> String {
    let (unit, of) = match power {
        9.. => ("GB/s", 9),
        6.. => ("MB/s", 6),
        3.. => ("kB/s", 3),
        _ => ("B/s", 0),
    };
    format!("{} {unit}", 10_f64.powi(power - of))
}

fn curve(out: &mut String, series: &Series, left: f64, scale: &Scale) -> fmt::Result {
    let places: Vec<_> = series
        .points
        .iter()
        .map(|(bytes, rate)| (x(left, *bytes), scale.y(*rate)))
        .collect();
    stroke(out, series, &places)?;
    for place in places {
        marker(out, series, place)?;
    }
    Ok(())
}

fn stroke(out: &mut String, series: &Series, places: &[(f64, f64)]) -> fmt::Result {
    let floor = if series.floor { " floor" } else { "" };
    write!(
        out,
        r#"<polyline class="line l{}{floor}" points=""#,
        series.colour
    )?;
    for (x, y) in places {
        write!(out, "{x:.1},{y:.1} ")?;
    }
    out.push_str("\"/>\n");
    Ok(())
}

fn marker(out: &mut String, series: &Series, (x, y): (f64, f64)) -> fmt::Result {
    if series.floor {
        return Ok(());
    }
    let colour = series.colour;
    let corners: &[(f64, f64)] = match colour {
        0 => {
            return writeln!(
                out,
                r#"<circle class="m{colour}" cx="{x:.1}" cy="{y:.1}" r="4"/>"#
            );
        }
        1 => &[(-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)],
        2 => &[(0.0, -5.0), (4.5, 3.5), (-4.5, 3.5)],
        3 => &[(0.0, -5.0), (5.0, 0.0), (0.0, 5.0), (-5.0, 0.0)],
        _ => &[(0.0, 5.0), (4.5, -3.5), (-4.5, -3.5)],
    };
    write!(out, r#"<polygon class="m{colour}" points=""#)?;
    for (dx, dy) in corners {
        write!(out, "{:.1},{:.1} ", x + dx, y + dy)?;
    }
    out.push_str("\"/>\n");
    Ok(())
}

/// Columns, filled from top to bottom.
fn legend(out: &mut String, series: &[Series]) -> fmt::Result {
    let lines = series.len().div_ceil(COLUMNS.len()).max(1);
    for (column, left) in series.chunks(lines).zip(COLUMNS) {
        for (place, series) in column.iter().enumerate() {
            let y = BOTTOM + 70.0 + place as f64 * 20.0;
            stroke(out, series, &[(left, y), (left + 34.0, y)])?;
            marker(out, series, (left + 17.0, y))?;
            text(out, (left + 44.0, y + 4.5), "", &series.name)?;
        }
    }
    Ok(())
}

fn text(out: &mut String, (x, y): (f64, f64), class: &str, text: &str) -> fmt::Result {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        out,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{text}</text>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine {
            model: "<CPU> & more".to_owned(),
            class: crate::machine::Class::Avx2,
            cores: 2,
            date: "2026-11-22".to_owned(),
            versions: [("josekit".to_owned(), "0.10.3 on OpenSSL".to_owned())].into(),
        }
    }

    fn row(op: Op, bytes: usize, backend: &str) -> Row {
        Row {
            op,
            bytes,
            backend: backend.to_owned(),
            ours_ns: bytes as f64,
            floor_ns: bytes as f64 / 2.0,
            peers: [("josekit".to_owned(), bytes as f64 * 50.0)].into(),
        }
    }

    #[test]
    fn every_series_is_drawn_inside_its_panel() {
        let mut rows = Vec::new();
        for (bytes, backend) in SIZES
            .into_iter()
            .flat_map(|bytes| [(bytes, "a"), (bytes, "b")])
        {
            rows.extend([Op::Seal, Op::Open].map(|op| row(op, bytes, backend)));
        }
        let svg = draw(&rows, &machine()).unwrap();
        // Two backends with their floors and a peer, in two panels and the legend.
        assert_eq!(svg.matches("<polyline").count(), 5 * 3);
        assert!(svg.contains(">josekit 0.10.3 on OpenSSL<"));
        assert!(svg.contains("&lt;CPU> &amp; more, 2 cores, 2026-11-22"));
        let scale = Scale::around([2e7, 1e9, 2e9].into_iter());
        for rate in [2e7, 2e9] {
            assert!((TOP..=BOTTOM).contains(&scale.y(rate)), "{rate}");
        }
        assert_eq!(x(0.0, 64.0), 0.0);
        assert!((x(0.0, 1_048_576.0) - PANEL).abs() < 1e-9);
    }

    #[test]
    fn a_run_without_peers_or_rows_is_drawn_too() {
        let mut alone = row(Op::Seal, 64, "a");
        alone.peers.clear();
        for rows in [vec![], vec![alone]] {
            let svg = draw(&rows, &machine()).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
