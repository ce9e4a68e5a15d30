//! What an operator sees of logins and renewals, and that nothing secret is among it.

#[allow(dead_code, reason = "shared with the other session tests")]
mod stage;

use std::io;
use std::sync::{Arc, Mutex};

use bankezy_client::Renewal;
use bankezy_sandbox::InjectedFault;
use serde_json::json;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use stage::{APP_TOKEN, App, FIRST_BACKOFF, HOUR, INVALIDATE, RENEW, Stage, eventually};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// The lines with this text.
    fn lines(&self, with: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(with));
        lines.map(str::to_owned).collect()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logins_and_renewals_are_told() {
    let captured = Captured::default();
    let writer = captured.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .with_filter(Targets::new().with_target("bankezy_client", LevelFilter::DEBUG));
    tracing_subscriber::registry().with(layer).init();

    let stage = Stage::set(Renewal::WithoutAccount).await;
    for failures in 1..=2 {
        stage.inject(APP_TOKEN, InjectedFault::ServerError, 1);
        assert!(stage.echo(json!(1)).await.is_err());
        let told = captured.lines("no session obtained");
        let last = told.last().unwrap();
        let wait = FIRST_BACKOFF * failures;
        for part in [
            " WARN ",
            "error.code=\"reply.plain\"",
            &format!("failures={failures}"),
            "retry_in_ms=",
        ] {
            assert!(last.contains(part), "{last}");
        }
        tokio::time::sleep(wait).await;
    }
    stage.echo(json!(2)).await.unwrap();
    let told = captured.lines("session obtained renewed=false");
    assert_eq!(told.len(), 1, "{told:?}");

    let obtained = |renewed: bool, times| {
        let line = format!("session obtained renewed={renewed}");
        let captured = captured.clone();
        move || captured.lines(&line).len() == times
    };
    stage.pass(HOUR * 9 / 10);
    let renewed = stage.keeper.session().await.unwrap();
    eventually("a renewal", obtained(true, 1)).await;
    drop(renewed);

    stage.pass(HOUR * 9 / 10);
    stage.inject(RENEW, InjectedFault::ServerError, 1);
    stage.inject(INVALIDATE, InjectedFault::ServerError, 1);
    stage.keeper.session().await.unwrap();
    eventually("a login instead", obtained(false, 2)).await;
    let told = captured.lines("renewal failed, logging in instead");
    assert!(told[0].contains("error.code=\"reply.plain\""), "{told:?}");
    eventually("invalidating the old one", || {
        !captured
            .lines("replaced token not invalidated error.code=\"reply.plain\"")
            .is_empty()
    })
    .await;

    let app = App::of(&stage.sandbox);
    let session = stage.keeper.session().await.unwrap();
    let reference = session.answer().token_reference_id.clone().unwrap();
    for secret in [
        session.answer().token.as_str(),
        &reference,
        &app.api_key,
        &app.secret,
        "127.0.0.1/",
        "token-service",
    ] {
        let told = captured.lines(secret);
        assert!(told.is_empty(), "{told:?}");
    }
}
