//! `bankezy demo`: an emulator and a client in one process, step by step.

mod bankezy;
mod plain_json;

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use bankezy_client::{Client, RetryPolicy};
use bankezy_crypto::providers::CallError;
use bankezy_crypto::{Channel, SecretBytes};
use bankezy_sandbox::{LogLimits, Sandbox};
use http::{Request, Response};

use crate::failure::Failure;
use crate::pretty::{self, Paint};
use crate::sandbox::stop;
use crate::{args, files, remote};

pub(crate) fn run(args: &args::Demo) -> Result<(), Failure> {
    remote::block_on(async {
        let mut builder = Sandbox::builder();
        if args.keep {
            builder = builder.console(true).request_log(LogLimits::default());
        }
        let sandbox = builder.start().await.map_err(remote::sandbox_failure)?;
        let mut done = Demo::new()?.run(&sandbox).await;
        if args.keep && done.is_ok() {
            done = keep(&sandbox).await;
        }
        sandbox.shutdown().await;
        done
    })?
}

/// Shows where the exchanges of the steps can be viewed, until a signal ends it.
async fn keep(sandbox: &Sandbox) -> Result<(), Failure> {
    // Before the address is shown: whoever reads it may send the signal at once.
    let stop = stop()?;
    if let Some(url) = sandbox.console_url() {
        let text = format!(
            "\nThe emulator keeps running. Open its web page to see these exchanges; press Ctrl-C to end.\n{}\n",
            url.as_str()
        );
        files::print(text.as_bytes())?;
    }
    stop.await;
    Ok(())
}

struct Demo {
    client: Client,
    paint: Paint,
    steps: usize,
    spent: Duration,
    /// When the current step began.
    started: Instant,
}

/// The bodies of a request and its answer, as transmitted.
struct Exchange {
    sent: SecretBytes,
    response: Response<SecretBytes>,
}

/// The input and the output, for display.
type InAndOut = [String; 2];

impl Exchange {
    fn unencrypted(&self) -> InAndOut {
        [&self.sent, self.response.body()].map(|body| pretty::json(body.as_bytes()))
    }

    fn opened(&self, channel: &Channel) -> Result<InAndOut, Failure> {
        let open = |body: &SecretBytes| channel.open(body.as_bytes().trim_ascii_end());
        let (sent, received) = (open(&self.sent)?, open(self.response.body())?);
        Ok([pretty::json(&sent), pretty::json(&received)])
    }
}

impl Demo {
    fn new() -> Result<Self, Failure> {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Ok(Self {
            client: Client::builder()
                // Plain http to this process: no root certificates are needed.
                .only_these_roots(true)
                .deadline(Duration::from_secs(10))
                .retries(RetryPolicy::none())
                .build()
                .map_err(|error| Failure::operation(error.to_string()))?,
            paint: Paint { colours },
            steps: 0,
            spent: Duration::ZERO,
            started: Instant::now(),
        })
    }

    async fn run(mut self, sandbox: &Sandbox) -> Result<(), Failure> {
        self.say(&format!(
            "{}\n{}\n",
            self.paint.bold(
                "bankezy demo: BankEzy's API, sealed both ways, and tokens of three other providers"
            ),
            self.paint.dim(&format!(
                "An emulator of their servers runs inside this process, at {}.\n\
                 Keys and credentials are made for this run. Nothing leaves this machine.",
                sandbox.url()
            )),
        ))?;

        self.started = Instant::now();
        self.bankezy(sandbox).await?;
        self.plain_json(sandbox).await?;

        self.say(&format!(
            "\n{} {} steps in {}: keys agreed, token issued, call sealed and opened, token renewed, \
             invalidated, refused; a token from each of Faceki, ComplyCube and Sardine.\n",
            self.paint.green("ok"),
            self.steps,
            pretty::time(self.spent),
        ))
    }

    /// Sends a request, and shows it with what `read` finds in the answer.
    async fn step<T>(
        &mut self,
        title: &str,
        note: &str,
        request: Request<SecretBytes>,
        read: impl FnOnce(&Exchange) -> Result<(T, InAndOut), Failure>,
    ) -> Result<T, Failure> {
        const WIDTH: usize = 74;
        let call = pretty::call(&request);
        let sent = request.body().as_bytes().to_vec().into();
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| Failure::operation(error.to_string()))?;
        let exchange = Exchange { sent, response };
        let (found, [input, output]) = read(&exchange)?;
        let took = self.started.elapsed();
        self.steps += 1;
        self.spent += took;
        let (paint, time) = (&self.paint, pretty::time(took));
        let gap = WIDTH.saturating_sub(3 + title.len() + time.len());
        let mut text = format!(
            "\n{}  {}{:gap$}{}\n",
            paint.bold(&self.steps.to_string()),
            paint.bold(title),
            "",
            paint.green(&time),
        );
        for line in pretty::wrapped(note, WIDTH - 3) {
            text.push_str("   ");
            text.push_str(&paint.dim(&line));
            text.push('\n');
        }
        for (label, value) in [
            ("in", input),
            ("call", call),
            ("wire >", paint.wire(exchange.sent.as_bytes())),
            ("wire <", paint.wire(exchange.response.body().as_bytes())),
            ("out", output),
        ] {
            for (number, line) in value.lines().enumerate() {
                let label = if number == 0 { label } else { "" };
                // Writing to a String does not fail.
                let _ = writeln!(text, "   {}  {line}", paint.dim(&format!("{label:<6}")));
            }
        }
        self.say(&text)?;
        self.started = Instant::now();
        Ok(found)
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        files::print(text.as_bytes())
    }
}

fn answer_failure(error: CallError) -> Failure {
    Failure::operation(error.to_string())
}
