//! Exchanges on the terminal as they end.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use bankezy_diagnose::printable;
use bankezy_sandbox::LoggedExchange;
use jiff::Timestamp;

use crate::pretty::{self, Paint};
use crate::streams;

/// Prints each exchange on standard error.
pub(crate) fn printer() -> impl Fn(&LoggedExchange) + Send + Sync + 'static {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let paint = Paint { colours };
    move |exchange| {
        // The emulator continues if nobody reads.
        let _ = streams::stderr().write_all(lines(exchange, &paint).as_bytes());
    }
}

/// One line, and one for what was wrong with it.
fn lines(exchange: &LoggedExchange, paint: &Paint) -> String {
    let time = Timestamp::try_from(exchange.time).unwrap_or(Timestamp::UNIX_EPOCH);
    let time = format!("{time:.3}");
    let status = exchange
        .status
        .map_or("no answer".to_owned(), |status| status.to_string());
    let status = if exchange.failed() {
        paint.red(&status)
    } else {
        paint.green(&status)
    };
    let mut text = format!(
        "{} #{} {} {} {} {status} {}",
        paint.dim(&time),
        exchange.number,
        exchange.peer,
        printable(&exchange.method),
        printable(&exchange.path),
        pretty::time(exchange.duration),
    );
    // Writing to a String does not fail.
    if let Some(call) = exchange.call {
        let _ = write!(text, " {call}");
    }
    if let Some(key) = &exchange.request.key {
        // As the API names it.
        let quote = if key.name.contains(' ') { "\"" } else { "" };
        let _ = write!(text, " key={quote}{}{quote}", key.name);
    }
    if let Some(fault) = exchange.fault {
        let _ = write!(text, " fault={fault}");
    }
    text.push('\n');
    if let Some(broken) = &exchange.broken {
        let _ = writeln!(text, "  {}", printable(&broken.to_string()));
    }
    for note in &exchange.notes {
        let _ = writeln!(
            text,
            "  {}",
            paint.dim(&format!("note: {}", printable(note)))
        );
    }
    text
}
