//! `bankezy sandbox`.

use std::time::Duration;

use bankezy_sandbox::Sandbox;

use crate::args;
use crate::failure::Failure;
use crate::{files, remote};

pub(crate) fn run(args: &args::Sandbox) -> Result<(), Failure> {
    if let Some(path) = &args.ready_file {
        files::check_private(path, "--ready-file", args.force)?;
    }
    remote::runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(serve(args))
}

async fn serve(args: &args::Sandbox) -> Result<(), Failure> {
    // Ahead of the ready file: from then on a signal is a wish to end well.
    let stop = stop()?;
    let mut builder = Sandbox::builder()
        .listen(args.listen)
        .path_prefix(args.prefix.as_str())
        .tls(args.tls)
        .require_client_certificate(args.mutual_tls)
        .derivation(args.derivation)
        .token_lifetime(Duration::from_secs(args.token_lifetime))
        .answers(args.answers)
        .strict(args.strict);
    if let Some(form) = args.token_format {
        builder = builder.token_format(form);
    }
    let sandbox = builder.start().await.map_err(remote::sandbox_failure)?;
    // Only once the server listens: until then a file of an earlier run stays.
    if let Some(path) = &args.ready_file {
        files::write_private(
            path,
            "--ready-file",
            sandbox.ready_json().as_str().as_bytes(),
            args.force,
        )?;
    }
    files::print(format!("{}\n", sandbox.url()).as_bytes())?;
    stop.await;
    sandbox.shutdown().await;
    Ok(())
}

/// Ends at SIGINT or SIGTERM; both are caught once this returns.
#[cfg(unix)]
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let catch = |kind| {
        signal(kind).map_err(|error| Failure::operation(format!("cannot catch signals: {error}")))
    };
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut terminate = catch(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Where it cannot be caught, the process ends all the same.
        let _ = tokio::signal::ctrl_c().await;
    })
}
