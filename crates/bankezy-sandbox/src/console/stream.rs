//! The request log as server-sent events.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use http::StatusCode;
use http_body::Frame;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::exchanges::journal;
use super::failure::Failure;
use super::request::{Asked, Outcome, content};
use crate::log::Journal;

/// Between two comments, which show that the stream is alive.
const QUIET: Duration = Duration::from_secs(10);
/// Exchanges written at once.
const BATCH: usize = 100;

pub(super) fn follow(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["since"])?;
    let journal = Arc::clone(journal(asked)?);
    let last = asked.parts.headers.get("last-event-id");
    let last = match last.map(|value| value.to_str().ok().and_then(|text| text.parse().ok())) {
        None => None,
        Some(Some(number)) => Some(number),
        Some(None) => {
            let message = "invalid value for Last-Event-ID: expected a whole number";
            return Err(Failure::bad_request("invalid-value", message));
        }
    };
    // A reader that connects again sends both: what it read last is the later one.
    let since = last.or(query.first().copied().flatten());
    let permit = Arc::clone(&asked.console.streams).try_acquire_owned();
    let permit = permit.map_err(|_| {
        let message = "16 streams are open, which is the maximum";
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", message)
    })?;
    let (sender, events) = mpsc::channel(4);
    let stop = asked.console.stop.clone();
    tokio::spawn(write(
        journal,
        since.unwrap_or_default(),
        sender,
        stop,
        permit,
    ));
    let body = Body::new(Events(events));
    Ok(content("text/event-stream", StatusCode::OK, body))
}

/// Ends when the reader is gone or the emulator stops.
async fn write(
    journal: Arc<Journal>,
    mut since: u64,
    events: mpsc::Sender<Bytes>,
    mut stop: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
) {
    let mut changes = journal.changes();
    let mut cleared = journal.ring().cleared();
    // At once, so that a reader sees that it is connected.
    let mut text = ": connected\n\n".to_owned();
    loop {
        let page = {
            let ring = journal.ring();
            if ring.cleared() != cleared {
                cleared = ring.cleared();
                since = since.max(cleared);
                text.push_str("event: cleared\ndata: {}\n\n");
            }
            ring.since(since, BATCH)
        };
        if let Some((from, to)) = page.missed {
            text.push_str(&format!(
                "event: gap\ndata: {{\"from\":{from},\"to\":{to}}}\n\n"
            ));
        }
        for exchange in &page.exchanges {
            // JSON on one line.
            let (number, data) = (exchange.number, exchange.summary());
            text.push_str(&format!("id: {number}\nevent: exchange\ndata: {data}\n\n"));
        }
        since = page.next;
        if text.is_empty() {
            tokio::select! {
                _ = changes.changed() => continue,
                () = tokio::time::sleep(QUIET) => text.push_str(": quiet\n\n"),
                () = events.closed() => break,
                _ = stop.changed() => break,
            }
        }
        let sent = events.send(Bytes::from(core::mem::take(&mut text)));
        let is_gone = tokio::select! {
            sent = sent => sent.is_err(),
            _ = stop.changed() => true,
        };
        if is_gone {
            break;
        }
    }
    drop(permit);
}

/// A body that is written elsewhere.
struct Events(mpsc::Receiver<Bytes>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = self.0.poll_recv(context);
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}
