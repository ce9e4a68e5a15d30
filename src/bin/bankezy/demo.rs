//! `bankezy demo`: an emulator and a client in one process, step by step.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_crypto::client::{Client, RetryPolicy};
use bankezy_crypto::providers::bankezy::{
    self, AccountNumber, AppCredentials, BankEzy, Call, Channel, DateOfBirth, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, CallError};
use bankezy_crypto::sandbox::Sandbox;
use bankezy_crypto::{Error, KeyPair, SecretBytes};
use http::{Request, Response};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::pretty::{self, Paint};
use crate::token::random_uuid;
use crate::{files, remote};

/// The longest account number that there is: no double holds it.
const ACCOUNT: u64 = 9_007_199_254_740_993_001;

/// What the sealed call sends.
const PAYMENT: &str = r#"{"amount":"1250.00","currency":"INR","to":"Asha","note":"Rent for May"}"#;

pub(crate) fn run() -> Result<(), Failure> {
    remote::runtime(tokio::runtime::Builder::new_current_thread())?.block_on(async {
        let sandbox = Sandbox::start().await.map_err(remote::sandbox_failure)?;
        let done = Demo::new(&sandbox)?.run(&sandbox).await;
        sandbox.shutdown().await;
        done
    })
}

struct Demo {
    client: Client,
    /// Where our server calls from.
    server: BankEzy,
    /// Where an app calls from.
    app: BankEzy,
    paint: Paint,
    steps: usize,
    spent: Duration,
}

/// A request and its answer, as they travelled.
struct Exchange {
    path: String,
    sent: SecretBytes,
    response: Response<SecretBytes>,
    started: Instant,
}

impl Demo {
    fn new(sandbox: &Sandbox) -> Result<Self, Failure> {
        let server = |api_key| -> Result<_, Error> {
            BankEzy::new(BaseUrl::parse(sandbox.url())?, api_key, Version::V2)
        };
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Ok(Self {
            client: Client::builder()
                // Plain http to this process: no root certificates are needed.
                .only_these_roots(true)
                .deadline(Duration::from_secs(10))
                .retries(RetryPolicy::none())
                .build()
                .map_err(|error| Failure::operation(error.to_string()))?,
            server: server(sandbox.credentials().api_key())?,
            app: server(sandbox.credentials().app_api_key())?,
            paint: Paint { colours },
            steps: 0,
            spent: Duration::ZERO,
        })
    }

    async fn run(mut self, sandbox: &Sandbox) -> Result<(), Failure> {
        let credentials = sandbox.credentials();
        self.say(&format!(
            "{}\n{}\n",
            self.paint
                .bold("bankezy demo: BankEzy's API, sealed both ways"),
            self.paint.dim(&format!(
                "An emulator of BankEzy's servers runs inside this process, at {}.\n\
                 Keys and credentials are made for this run. Nothing leaves this machine.",
                sandbox.url()
            )),
        ))?;

        let pair = Arc::new(KeyPair::generate()?);
        let app = AppCredentials {
            api_key: credentials.app_api_key(),
            secret: credentials.app_secret(),
        };
        let started = Instant::now();
        let (request, handshake) = self.app.app_token(&app, Arc::clone(&pair))?;
        let exchange = self.send(started, request).await?;
        let answer = exchange.response.body().as_bytes().to_vec();
        let session = handshake
            .finish(&exchange.response, &credentials.derivation())
            .map_err(answer_failure)?;
        self.step(
            "Key exchange (Get App Token)",
            "Public keys cross in clear JSON, inside TLS on a real server. Both sides derive the same \
             key, which never travels.",
            &exchange,
            exchange.sent.as_bytes(),
            &pretty::json(&answer),
        )?;

        let channel = Channel::from_secret(credentials.payload_secret(), &pair.backend())?;
        let started = Instant::now();
        let (reference, public_key) = (random_uuid()?, pair.public_key().to_wire());
        let request = TokenRequest::new(
            &reference,
            &public_key,
            credentials.sdk_api_key(),
            AccountNumber::new(ACCOUNT)?,
        )?
        .with_first_name("Asha")
        .with_dob(DateOfBirth::new(1990, 1, 31)?);
        let sealed = self.server.get_token(&request, &channel)?;
        let exchange = self.send(started, sealed).await?;
        let issued = bankezy::read_token(Call::GetToken, &exchange.response, &channel)
            .map_err(answer_failure)?;
        self.sealed_step(
            "Get Token",
            "Sealed under the static payload secret from onboarding. 19 digits stay exact.",
            &exchange,
            &channel,
        )?;

        let payment: &RawValue =
            serde_json::from_str(PAYMENT).map_err(|_| Failure::operation("no JSON"))?;
        let started = Instant::now();
        let path = credentials.echo_path();
        let (token, agreed) = (&session.answer.token, &session.channel);
        let sealed = self.app.call(path, payment, token, agreed)?;
        let exchange = self.send(started, sealed).await?;
        let echoed: Box<RawValue> =
            bankezy::read(&exchange.response, agreed).map_err(answer_failure)?;
        if echoed.get() != PAYMENT {
            return Err(Failure::operation("the echo is not what was sent"));
        }
        self.sealed_step(
            "A sealed call (echo)",
            "Sealed under the key agreed in step 1, with its token. It comes back byte for byte.",
            &exchange,
            agreed,
        )?;

        let started = Instant::now();
        let account = AccountNumber::new(ACCOUNT)?;
        let sealed = self.server.renew(&issued.token, account, &channel)?;
        let exchange = self.send(started, sealed).await?;
        let renewed = bankezy::read_token(Call::Renew, &exchange.response, &channel)
            .map_err(answer_failure)?;
        self.sealed_step(
            "Renew",
            "A new token for that of step 2, ahead of its expiry.",
            &exchange,
            &channel,
        )?;

        let reference = renewed.token_reference_id.or(issued.token_reference_id);
        let reference = reference.ok_or_else(|| Failure::operation("no token reference"))?;
        let started = Instant::now();
        let sealed = self.server.invalidate(&reference, None, &channel)?;
        let exchange = self.send(started, sealed).await?;
        bankezy::read_invalidated(&exchange.response, &channel).map_err(answer_failure)?;
        self.sealed_step(
            "Invalidate",
            "The renewed token ends here.",
            &exchange,
            &channel,
        )?;

        let started = Instant::now();
        let sealed = self.server.call(path, payment, &renewed.token, &channel)?;
        let exchange = self.send(started, sealed).await?;
        let Err(CallError::Plain(refusal)) =
            bankezy::read::<Value, _>(&exchange.response, &channel)
        else {
            return Err(Failure::operation("the invalidated token is still taken"));
        };
        let refused = format!(
            "refused with HTTP {}, in clear and so not authenticated",
            refusal.status()
        );
        self.step(
            "The invalidated token is refused",
            "The same call as in step 3, with the token of step 5.",
            &exchange,
            PAYMENT.as_bytes(),
            &refused,
        )?;

        self.say(&format!(
            "{} {} steps in {}: keys agreed, token issued, call sealed and opened, token renewed, \
             invalidated, refused.\n",
            self.paint.green("ok"),
            self.steps,
            pretty::time(self.spent),
        ))
    }

    async fn send(
        &self,
        started: Instant,
        request: Request<SecretBytes>,
    ) -> Result<Exchange, Failure> {
        let path = format!("{} {}", request.method(), request.uri().path());
        let sent = request.body().as_bytes().to_vec().into();
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| Failure::operation(error.to_string()))?;
        Ok(Exchange {
            path,
            sent,
            response,
            started,
        })
    }
}

/// What is printed.
impl Demo {
    /// A step whose request travelled sealed, and whose answer did.
    fn sealed_step(
        &mut self,
        title: &str,
        note: &str,
        exchange: &Exchange,
        channel: &Channel,
    ) -> Result<(), Failure> {
        let took = exchange.started.elapsed();
        let input = channel.open(exchange.sent.as_bytes())?;
        let output = channel.open(exchange.response.body().as_bytes().trim_ascii_end())?;
        let output = pretty::json(&output);
        self.show(title, note, took, exchange, &input, &output)
    }

    fn step(
        &mut self,
        title: &str,
        note: &str,
        exchange: &Exchange,
        input: &[u8],
        output: &str,
    ) -> Result<(), Failure> {
        let took = exchange.started.elapsed();
        self.show(title, note, took, exchange, input, output)
    }

    fn show(
        &mut self,
        title: &str,
        note: &str,
        took: Duration,
        exchange: &Exchange,
        input: &[u8],
        output: &str,
    ) -> Result<(), Failure> {
        const WIDTH: usize = 74;
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
        let wire = |body: &[u8]| {
            let found = pretty::wire(body);
            if found.sealed {
                paint.cyan(&found.text)
            } else {
                paint.dim(&found.text)
            }
        };
        for (label, value) in [
            ("in", pretty::json(input)),
            ("call", exchange.path.clone()),
            ("wire >", wire(exchange.sent.as_bytes())),
            ("wire <", wire(exchange.response.body().as_bytes())),
            ("out", output.to_owned()),
        ] {
            for (number, line) in value.lines().enumerate() {
                let label = if number == 0 { label } else { "" };
                // Writing to a String does not fail.
                let _ = writeln!(text, "   {}  {line}", paint.dim(&format!("{label:<6}")));
            }
        }
        text.push_str(if self.steps == 6 { "\n" } else { "" });
        self.say(&text)
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        files::print(text.as_bytes())
    }
}

fn answer_failure(error: CallError) -> Failure {
    Failure::operation(error.to_string())
}
