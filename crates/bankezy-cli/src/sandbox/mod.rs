//! `bankezy sandbox`.

mod live;
mod ready_file;

use std::time::Duration;

use bankezy_sandbox::{LogLimits, Sandbox, SandboxBuilder};

use crate::args;
use crate::failure::Failure;
use crate::{files, keys, remote};
use ready_file::ReadyFile;

/// Largest file of routes, in bytes.
const MAX_ROUTES: usize = 1024 * 1024;

pub(crate) fn run(args: &args::Sandbox) -> Result<(), Failure> {
    if let Some(path) = &args.ready_file {
        ReadyFile::check(path, args.force)?;
    }
    remote::runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(serve(args))
}

async fn serve(args: &args::Sandbox) -> Result<(), Failure> {
    // Before the ready file: from then on a signal means a graceful end.
    let stop = stop()?;
    let sandbox = builder(args)?.start().await;
    let sandbox = sandbox.map_err(remote::sandbox_failure)?;
    // Only once the server listens: until then a file of an earlier run stays.
    let ready = args.ready_file.as_ref();
    let ready = ready.map(|path| ReadyFile::write(path, sandbox.ready_json(), args.force));
    let ready = ready.transpose()?;
    files::print(format!("{}\n", sandbox.url()).as_bytes())?;
    stop.await;
    drop(ready);
    sandbox.shutdown().await;
    Ok(())
}

fn builder(args: &args::Sandbox) -> Result<SandboxBuilder, Failure> {
    // Kept until the process ends, as the emulator is.
    let inputs = Box::leak(Box::new(args.inputs.clone()));
    let mut builder = Sandbox::builder()
        .listen(args.listen)
        .path_prefix(args.prefix.as_str())
        .tls(args.tls)
        .require_client_certificate(args.mutual_tls)
        .derivation(keys::with_inputs(args.derivation, inputs)?)
        .token_lifetime(Duration::from_secs(args.token_lifetime))
        .answers(args.answers)
        .strict(args.strict)
        // Beyond loopback others could see what is sent.
        .console(args.console || args.listen.ip().is_loopback());
    if !args.no_log {
        builder = builder.request_log(LogLimits::default());
    }
    if args.log {
        builder = builder.on_exchange(live::printer());
    }
    for host in &args.console_host {
        builder = builder.console_host(host);
    }
    for host in &args.callback_host {
        builder = builder.callback_host(host);
    }
    if let Some(form) = args.token_format {
        builder = builder.token_format(form);
    }
    if let Some(path) = &args.routes {
        let text = files::read_file(path, MAX_ROUTES, "--routes")?;
        let text = str::from_utf8(text.as_bytes())
            .map_err(|_| Failure::operation("the file of --routes is not UTF-8"))?;
        builder = builder.routes_toml(text).map_err(remote::sandbox_failure)?;
    }
    Ok(builder)
}

/// Ends at SIGINT or SIGTERM; both are caught once this returns.
#[cfg(unix)]
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Failure> {
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
pub(crate) fn stop() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // If it cannot be caught, the process ends all the same.
        let _ = tokio::signal::ctrl_c().await;
    })
}
