//! The arguments of the emulator.

use std::net::SocketAddr;
use std::path::PathBuf;

use bankezy_sandbox::{AnswerForm, TokenFormat};
use clap::Parser;

use super::choice::one_of;
use super::secrets::{DerivationInputs, Derive};

/// How to use the ready file. `tests/cli/renewal.rs` makes these calls.
const EXAMPLE: &str = "\
After `bankezy sandbox --listen 127.0.0.1:8080 --ready-file ready.json`, in another shell:
  umask 077
  for name in apiKey sdkApiKey payloadSecret appApiKey appSecret; do
    jq -j .bankezy.$name ready.json > $name
  done
  export BANKEZY_BASE_URL=$(jq -r .url ready.json) BANKEZY_API_KEY_FILE=apiKey
  export BANKEZY_SDK_API_KEY_FILE=sdkApiKey BANKEZY_SECRET_FILE=payloadSecret
  export BANKEZY_APP_API_KEY_FILE=appApiKey BANKEZY_APP_SECRET_FILE=appSecret
  bankezy token bankezy onboarding --account-number 1234 --zip-code 560001
  bankezy token bankezy --account-number 1234 --save-session user
  echo '{\"amount\":1}' | bankezy call /sandbox/echo --session user
  bankezy token bankezy renew --session user --save-session user --force
  bankezy token bankezy invalidate --session user
  bankezy token bankezy --app --derive concat-kdf --save-session app
  echo '{\"amount\":2}' | bankezy call /sandbox/echo --session app
The other providers answer below the URL, with credentials of their own:
  get() { jq -r .$1 ready.json; }
  export FACEKI_BASE_URL=$BANKEZY_BASE_URL/faceki
  export FACEKI_CLIENT_ID=$(get faceki.clientId) FACEKI_CLIENT_SECRET=$(get faceki.clientSecret)
  bankezy token faceki
  export COMPLYCUBE_BASE_URL=$BANKEZY_BASE_URL/complycube
  export COMPLYCUBE_API_KEY=$(get complycube.apiKey)
  bankezy token complycube --client-id 1234 --app-id com.example.app
  export SARDINE_BASE_URL=$BANKEZY_BASE_URL/sardine SARDINE_SESSION_KEY=session-1
  export SARDINE_CLIENT_ID=$(get sardine.clientId) SARDINE_CLIENT_SECRET=$(get sardine.clientSecret)
  bankezy token sardine --provider incode
The console is a web page and a JSON API under /_sandbox: the request log with the reason of each refusal, \
faults, the clock, tokens, sealing and opening, callbacks. Open console.url of the ready file in a browser, or:
  TOKEN=$(jq -r .console.token ready.json) API=http://127.0.0.1:8080/_sandbox
  curl -H \"Authorization: Bearer $TOKEN\" $API/exchanges
  curl -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\
    -d '{\"fault\":\"503\",\"call\":\"renew\",\"count\":2}' $API/faults
What the API has; a wrong name or member is answered with the right ones:
  GET     exchanges?since=N&limit=N  exchanges?before=N&limit=N  exchanges/N
          exchanges/stream?since=N  tokens?before=N&limit=N  sessions?before=N&limit=N
          faults  clock  credentials
  POST    faults  clock/advance  tokens/N/expire  tokens/N/invalidate  sessions/N/expire
          sessions/N/invalidate  reset  seal  open  inspect  diagnose  callbacks
  PUT     clock
  DELETE  exchanges  faults  faults/N
A file of --routes; key is session, static or clear:
  [[route]]
  path = \"/wallet/balance\"
  key = \"session\"
  answer = '{\"account\":\"{{request.account}}\",\"id\":\"{{uuid}}\",\"at\":\"{{now}}\"}'
With --tls, ca_pem of the ready file is for --ca-file; with --mutual-tls, client_cert_pem for --client-cert-file and \
client_key_pem for --client-key-file.";

#[derive(Debug, Parser)]
#[command(
    after_help = EXAMPLE,
    mut_arg("apu", |arg| arg.help("PartyUInfo, for concat-kdf")),
    mut_arg("apv", |arg| arg.help("PartyVInfo, for concat-kdf")),
)]
pub(crate) struct Sandbox {
    /// Address and port to listen on; port 0 is a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Serve https, with a certificate made at the start
    #[arg(long)]
    pub(crate) tls: bool,
    /// With --tls, require client certificates, for the console too; the ready file has one that is accepted
    #[arg(long, requires = "tls")]
    pub(crate) mutual_tls: bool,
    /// File to write once it listens and to remove at the end: URL, certificates, credentials and console as JSON; mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Replace the file of --ready-file even if it is not a ready file, or belongs to a running sandbox; the file of a killed run is replaced without this
    #[arg(long, requires = "ready_file")]
    pub(crate) force: bool,
    /// How the payload key is derived from the shared secret
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Derive::ConcatKdf)]
    pub(crate) derivation: Derive,
    #[command(flatten)]
    pub(crate) inputs: DerivationInputs,
    /// Prefix of every path, such as /kong
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) prefix: String,
    /// How long a token of BankEzy is valid; those of Faceki and Sardine keep their documented 3600 and 600 s
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=3_155_760_000))]
    pub(crate) token_lifetime: u64,
    /// Form of BankEzy's answers: as the bank's page of each call shows it (documented), its second sample answer where that page has two (second-tab), or every name and code on any page, spread over the calls (varied)
    #[arg(long, value_name = "FORM", default_value = "documented", value_parser = one_of(ANSWERS))]
    pub(crate) answers: AnswerForm,
    /// Refuse what a server might refuse: a referenceId used twice, unknown members, a token in another form, application/json, anything around a sealed text
    #[arg(long)]
    pub(crate) strict: bool,
    /// Form of BankEzy's tokens: jwt or jwe [default: as documented for the call]
    #[arg(long, value_name = "FORM", value_parser = one_of([("jwt", TokenFormat::Jwt), ("jwe", TokenFormat::Jwe)]))]
    pub(crate) token_format: Option<TokenFormat>,
    /// File of further routes to emulate, in TOML, as shown below
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Option<PathBuf>,
    /// Print each exchange on standard error: one line, and why a request was refused
    #[arg(long)]
    pub(crate) log: bool,
    /// Keep no request log for the console [default: the newest 10,000 exchanges, up to 16 MiB]
    #[arg(long)]
    pub(crate) no_log: bool,
    /// Serve the console (web page and JSON API under /_sandbox) also when listening beyond loopback [default: on loopback only]
    #[arg(long)]
    pub(crate) console: bool,
    /// Another name or address that the console may be called by, such as 10.0.2.2; may be given more than once
    #[arg(long, value_name = "HOST")]
    pub(crate) console_host: Vec<String>,
    /// Another host that callbacks may be sent to; may be given more than once [default: this machine only]
    #[arg(long, value_name = "HOST")]
    pub(crate) callback_host: Vec<String>,
}

const ANSWERS: [(&str, AnswerForm); 3] = [
    ("documented", AnswerForm::Documented),
    ("second-tab", AnswerForm::SecondTab),
    ("varied", AnswerForm::Varied),
];
