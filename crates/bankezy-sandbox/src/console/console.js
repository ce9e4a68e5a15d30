// The page of `bankezy sandbox`. What it shows comes from clients and is hostile: it reaches the document as
// text alone, by textContent and text nodes.

const ROOT = "/_sandbox";
/** Rows in the document at once. */
const PAGE = 100;
/** Exchanges that this page remembers. The emulator may have more or fewer. */
const REMEMBERED = 20_000;
/** Characters of a path in the list. The details have all of it. */
const PATH_SHOWN = 120;

// ---- document

const at = (id) => document.getElementById(id);

/** An element with properties, attributes (`aria-…`, `role`) and children. Strings become text nodes. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

function button(text, label, action) {
  const made = element("button", { type: "button", "aria-label": label }, text);
  on(made, "click", action);
  return made;
}

/** A row of a list: its name, what it is, and its buttons. */
const described = (name, text, ...buttons) => element("li", {},
  element("strong", {}, name), element("span", { className: "grow" }, text), ...buttons);

/** Calls `action` at an event; an error is shown to the user. */
function on(target, event, action) {
  const node = typeof target === "string" ? at(target) : target;
  node.addEventListener(event, async (occurred) => {
    try { await action(occurred); } catch (error) { showError(error); }
  });
}

const onSubmit = (form, action) => on(form, "submit", (event) => {
  event.preventDefault();
  return action(event);
});

const rowsOf = new WeakMap();

/** Makes `list` show `items`. Rows whose key remains are kept, so that focus and scroll position are too. */
function showRows(list, items, keyOf, make) {
  const focused = list.contains(document.activeElement) && document.activeElement !== list;
  const before = rowsOf.get(list) ?? new Map();
  const rows = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, row] of before) {
    if (!rows.has(key)) row.remove();
  }
  for (const [key, item] of rows) rows.set(key, before.get(key) ?? make(item));
  rowsOf.set(list, rows);
  let next = list.firstChild;
  for (const row of rows.values()) {
    if (row === next) next = next.nextSibling;
    else list.insertBefore(row, next);
  }
  if (focused && !list.contains(document.activeElement)) {
    list.tabIndex = -1;
    list.focus();
  }
}

function showError(error) {
  if (error.name === "AbortError") return;
  const known = error.known?.length ? ` Known: ${error.known.join(", ")}.` : "";
  at("message-text").textContent = `${error.message}${known}`;
  at("message").hidden = false;
}

const hideError = () => { at("message").hidden = true; };

// ---- JSON API

const TOKEN_KEY = "bankezy-sandbox-token";
let token = null;

/** Sends a request and returns the response; throws what the emulator says otherwise. */
async function send(method, path, text, signal) {
  const headers = { Authorization: `Bearer ${token}` };
  if (text !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(ROOT + path, { method, headers, body: text, signal }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Error("The emulator cannot be reached. Is it still running?");
  });
  if (response.ok) return response;
  if (response.status === 401) askForToken("The token was not accepted. A token is valid for one run only.");
  const answer = await response.json().catch(() => ({}));
  const { message = `The emulator answered with status ${response.status}.`, known } = answer.error ?? {};
  throw Object.assign(new Error(message), { known });
}

async function api(method, path, body, signal) {
  const response = await send(method, path, body && JSON.stringify(body), signal);
  return response.status === 204 ? null : response.json();
}

// ---- JSON text

/** The tokens of JSON without white space, or null. Their text is kept: `JSON.parse` would round numbers. */
function jsonTokens(text) {
  try { JSON.parse(text); } catch { return null; }
  return text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
}

/** JSON with line ends and indentation; any other text as it is. */
function pretty(text) {
  let depth = 0;
  // Bounded, since deeply nested text would otherwise become quadratic in length.
  const line = () => `\n${"  ".repeat(Math.min(depth, 20))}`;
  const written = jsonTokens(text)?.map((token, i, tokens) => {
    if (token === ":") return ": ";
    if (token === ",") return token + line();
    if (token === "{" || token === "[") {
      depth += 1;
      return token + (/[}\]]/.test(tokens[i + 1][0]) ? "" : line());
    }
    if (token !== "}" && token !== "]") return token;
    depth -= 1;
    return (/[{[]/.test(tokens[i - 1][0]) ? "" : line()) + token;
  });
  return written?.join("") ?? text;
}

const SECRET_NAMES = ["access_token", "apikey", "authorization", "clientsecret", "password", "payloadsecret",
  "sdkapikey", "secret", "token"];
const isSecretName = (name) => SECRET_NAMES.includes(name.toLowerCase());
const SECRET_TEXT = new RegExp(`((?:${SECRET_NAMES.join("|")})["']?\\s*[:=]\\s*["']?)[^"'&,\\s}]+`, "gi");

/** Text that is not sealed with the values of members such as `secret` replaced. */
function withoutSecrets(text) {
  const tokens = jsonTokens(text);
  if (!tokens) return text.replace(SECRET_TEXT, "$1SECRET");
  const isSecret = (i) => tokens[i - 1] === ":" && isSecretName(JSON.parse(tokens[i - 2]));
  if (!tokens.some((_, i) => isSecret(i))) return text;
  return tokens.map((token, i) => (isSecret(i) && !/^[{[]/.test(token) ? '"SECRET"' : token)).join("");
}

/** A path with the values of parameters such as `clientSecret` replaced. */
const pathWithoutSecrets = (path) => path.replace(/([?&][^=&]*=)[^&]*/g, (parameter, start) => {
  // Decodes the name as servers do, and accepts a wrong percent sign.
  const [name] = new URLSearchParams(start.slice(1)).keys();
  return name && isSecretName(name) ? `${start}SECRET` : parameter;
});

// ---- commands to copy

// Text that is not printable ASCII is written as $'…' with octal bytes: a terminal would act on control
// characters when the command is pasted.
function shellQuoted(text) {
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => {
    if (byte === 10) return "\\n";
    const plain = byte >= 32 && byte < 127 && !"'\\!".includes(String.fromCharCode(byte));
    return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `$'${bytes.join("")}'`;
}

/** Why a body cannot be written into a command, or null. */
function unusable(body) {
  if (body.truncated) return "The log holds only the start of this body.";
  if (body.text.includes("\ufffd")) return "This body is not valid UTF-8.";
  if (body.text.includes("\0")) return "This body has a NUL byte, which no argument can hold.";
  return null;
}

const BANKEZY = ['"X-API-KEY: $BANKEZY_API_KEY"'];
const WITH_TOKEN = [...BANKEZY, '"X-API-TOKEN: $BANKEZY_TOKEN"'];
/** The headers with credentials that a call needs. The log never has their values. */
const CREDENTIALS = {
  "get-token": BANKEZY, "onboarding-user-token": BANKEZY, "get-app-token": BANKEZY, "invalidate": BANKEZY,
  "renew": [...WITH_TOKEN, '"X-ACCOUNT-NUMBER: $BANKEZY_ACCOUNT_NUMBER"'],
  "faceki": ['"clientId: $FACEKI_CLIENT_ID"', '"clientSecret: $FACEKI_CLIENT_SECRET"'],
  "complycube": ['"Authorization: $COMPLYCUBE_API_KEY"'],
  "sardine": ['"Authorization: Basic $SARDINE_BASIC"'],
};

function curlCommand({ request, ...exchange }) {
  const parts = ["curl --globoff --path-as-is", `--request ${shellQuoted(exchange.method)}`];
  if (location.protocol === "https:") parts.push("--cacert CA_FILE");
  for (const header of CREDENTIALS[exchange.call] ?? WITH_TOKEN) parts.push(`--header ${header}`);
  if (request.contentType) parts.push(`--header ${shellQuoted(`Content-Type: ${request.contentType}`)}`);
  const body = request.header ? request.text : withoutSecrets(request.text);
  // --data-raw, since --data and --data-binary read a file where the body starts with `@`.
  if (request.bytes > 0) parts.push(`--data-raw ${shellQuoted(body)}`);
  parts.push(shellQuoted(location.origin + pathWithoutSecrets(exchange.path)));
  return parts.join(" \\\n  ");
}

function keyFlags(key) {
  if (!key || key.name === "static") return "--secret-file FILE";
  const derive = ` --peer SERVER_PUBLIC_KEY_FILE --derive ${shellQuoted(key.derivation ?? "")}`;
  return `--private-key PRIVATE_KEY_FILE${key.derivation ? derive : ""}`;
}

const openCommand = (body) => `printf %s ${shellQuoted(body.text)} |\n  bankezy open ${keyFlags(body.key)}`;

async function copy(command) {
  at("copy-text").textContent = command;
  at("copy-text").hidden = false;
  const blanks = "It has no secrets: replace names in capitals, and set the variables.";
  try {
    await navigator.clipboard.writeText(command);
    at("copy-status").textContent = `Copied. ${blanks}`;
  } catch {
    at("copy-status").textContent = `The browser did not allow copying: select the text below. ${blanks}`;
  }
}

/** A button that copies a command, or says why it cannot. */
function offerCopy(id, why, command) {
  at(id).disabled = why !== null;
  at(id).title = why ?? "";
  at(id).onclick = () => copy(command()).catch(showError);
}

function offerCommands(exchange) {
  const { request, response } = exchange;
  const notSealed = (body) => (body?.header ? unusable(body) : "This body is not sealed.");
  // Behind the origin, another start such as `@` would name another host.
  const noPath = exchange.path.startsWith("/") ? null : "This request has no path.";
  offerCopy("copy-curl", noPath ?? unusable(request), () => curlCommand(exchange));
  offerCopy("copy-open-request", notSealed(request), () => openCommand(request));
  offerCopy("copy-open-response", notSealed(response), () => openCommand(response));
  at("copy-status").textContent = "";
  at("copy-text").hidden = true;
}

// ---- event stream

let connection = 0;
let aborter = new AbortController();

const showConnection = (text) => { at("connection").textContent = text; };

/** Reads the stream until the token changes. Reconnects with back-off. */
async function follow() {
  const mine = ++connection;
  const current = () => mine === connection;
  let failures = 0;
  showConnection("connecting");
  while (current()) {
    let why = "The stream ended.";
    try {
      await readStream(current, () => {
        failures = 0;
        showConnection("live");
      });
    } catch (error) {
      why = error.message;
    }
    if (!current()) return;
    const wait = Math.min(15_000, 500 * 2 ** failures++) * (0.5 + Math.random() / 2);
    showConnection(`disconnected, trying again. ${why}`);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Aborts when nothing came for so long; the emulator sends a comment every 10 seconds. */
const SILENCE_MS = 30_000;

async function readStream(current, connected) {
  aborter = new AbortController();
  const stream = aborter;
  let silence;
  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => stream.abort(new Error("Nothing came for 30 seconds.")), SILENCE_MS);
  };
  try {
    listen();
    const response = await send("GET", `/exchanges/stream?since=${log.last}`, undefined, stream.signal);
    connected();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done || !current()) return;
      listen();
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      blocks.forEach(takeEvent);
    }
  } finally {
    clearTimeout(silence);
    stream.abort();
  }
}

/** One event: lines of `field: value`; a line that starts with a colon is a comment. */
function takeEvent(block) {
  const fields = { event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = value;
  }
  if (fields.event === "exchange") addExchange(JSON.parse(fields.data));
  else if (fields.event === "gap") addGap(JSON.parse(fields.data));
  else if (fields.event === "cleared") clearLog();
}

// ---- exchanges: what is known

/** Entries are summaries, or gaps `{ gap: true, number, from, to }`, by rising number. */
const log = { entries: [], last: 0, forgotten: false };
/** `pausedAt` is the newest number shown while paused. */
const view = { page: 0, pausedAt: null, selected: null, shown: [] };

const addGap = ({ from, to }) => to > log.last && add({ gap: true, number: to, from, to });

function addExchange(summary) {
  if (summary.number <= log.last) return;
  if (log.last > 0 && summary.number > log.last + 1) addGap({ from: log.last + 1, to: summary.number - 1 });
  add(summary);
  offerChoice("filter-method", summary.method);
  if (summary.call) offerChoice("filter-call", summary.call);
}

function add(entry) {
  log.entries.push(entry);
  log.last = entry.number;
  if (log.entries.length > REMEMBERED * 1.1) {
    log.entries.splice(0, log.entries.length - REMEMBERED);
    log.forgotten = true;
  }
  renderSoon();
  refreshSoon();
}

function clearLog() {
  Object.assign(log, { entries: [], forgotten: false });
  Object.assign(view, { page: 0, pausedAt: null });
  closeDetail();
  renderSoon();
  refreshSoon();
}

/** Methods and calls are bounded, since a client chooses the method. */
function offerChoice(id, value) {
  const { options } = at(id);
  if (options.length > 40 || Array.from(options).some((option) => option.value === value)) return;
  at(id).append(element("option", { value }, value));
}

/** Gaps pass every filter: what was in them is not known. */
function passes(entry, filter) {
  if (view.pausedAt !== null && entry.number > view.pausedAt) return false;
  if (entry.gap) return true;
  if (filter.failed && !entry.failed) return false;
  if (filter.method && entry.method !== filter.method) return false;
  if (filter.call && entry.call !== filter.call) return false;
  const status = entry.status === null ? "none" : String(entry.status)[0];
  if (filter.status && status !== filter.status) return false;
  return !filter.path || entry.path.toLowerCase().includes(filter.path.toLowerCase());
}

// ---- exchanges: the list

let frame = null;

/** Once a frame, however many exchanges come. */
function renderSoon() {
  frame ??= requestAnimationFrame(() => { frame = null; render(); });
}

function render() {
  // The fields by their `name`; boxes that are not ticked are absent.
  const filter = Object.fromEntries(new FormData(at("filters")));
  const passed = log.entries.filter((entry) => passes(entry, filter));
  const pages = Math.max(1, Math.ceil(passed.length / PAGE));
  view.page = Math.min(view.page, pages - 1);
  const end = passed.length - view.page * PAGE;
  view.shown = passed.slice(Math.max(0, end - PAGE), end).reverse();
  showRows(at("list"), view.shown, rowId, makeRow);
  markSelected();
  at("newer").disabled = view.page === 0;
  at("older").disabled = view.page === pages - 1;
  at("pause").setAttribute("aria-pressed", String(view.pausedAt !== null));
  at("range").textContent = rangeText(passed.length);
}

function rangeText(passed) {
  const first = view.page * PAGE + 1;
  const rows = passed === 0 ? "No rows" : `Rows ${first} to ${first + view.shown.length - 1} of ${passed}`;
  const paused = view.pausedAt === null ? "" : `; paused, ${log.last - view.pausedAt} newer`;
  const none = log.entries.length === 0 ? ". Exchanges appear here when a client calls the emulator" : "";
  return `${rows}${paused}${log.forgotten ? "; this page no longer has the oldest" : ""}${none}.`;
}

/** In this computer's time zone. */
const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const rowId = (entry) => (entry.gap ? `gap-${entry.from}-${entry.to}` : `exchange-${entry.number}`);
const statusText = (entry) => (entry.status === null ? "no answer" : String(entry.status));

function makeRow(entry) {
  if (entry.gap) {
    return element("li", { id: rowId(entry), className: "gap", role: "option", "aria-disabled": "true" },
      `Missing: ${entry.from} to ${entry.to}. The log dropped these before this page read them.`);
  }
  const cell = (text, className) => element("span", { className }, text);
  const row = element("li", { id: rowId(entry), role: "option", "aria-selected": "false" },
    cell(String(entry.number), "number"),
    cell(TIME.format(new Date(entry.time)), "time"),
    cell(entry.method, "method"),
    cell(entry.path.slice(0, PATH_SHOWN), "path mono"),
    cell(entry.call ?? "", "call"),
    cell(statusText(entry), "status"),
    cell(`${entry.durationMs} ms`, "duration"),
    cell(rowRemark(entry), "remark"));
  if (entry.failed) row.classList.add("failed");
  on(row, "click", async () => {
    await select(entry.number);
    // In a narrow window the details are below the list.
    if (at("detail").getBoundingClientRect().top > innerHeight / 2) at("detail").scrollIntoView();
  });
  return row;
}

const rowRemark = (entry) => [
  entry.failed && `failed${entry.rule ? `: ${entry.rule}` : ""}`,
  entry.fault && `fault ${entry.fault}`,
  entry.notes > 0 && `${entry.notes} note${entry.notes > 1 ? "s" : ""}`,
].filter(Boolean).join(", ");

function markSelected() {
  const list = at("list");
  list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  const row = view.selected === null ? null : at(`exchange-${view.selected}`);
  row?.setAttribute("aria-selected", "true");
  if (row) list.setAttribute("aria-activedescendant", row.id);
  else list.removeAttribute("aria-activedescendant");
  return row;
}

function select(number) {
  view.selected = number;
  markSelected()?.scrollIntoView({ block: "nearest" });
  return openDetail(number);
}

/** Turns to older (1) or newer (-1) rows. Away from the newest page the list is paused, so that rows stay. */
function turnPage(step) {
  if (at(step > 0 ? "older" : "newer").disabled) return false;
  view.pausedAt ??= log.last;
  view.page += step;
  render();
  return true;
}

function togglePause() {
  Object.assign(view, view.pausedAt === null ? { pausedAt: log.last } : { pausedAt: null, page: 0 });
  render();
}

/** The entry at an index, from the end where it is negative: gaps cannot be selected. */
function selectAt(index) {
  const entry = view.shown.filter((shown) => !shown.gap).at(index);
  return entry ? select(entry.number) : null;
}

/** Moves the selection by rows; at the end of a page it goes on to the next one. */
function moveSelection(step) {
  const rows = view.shown.filter((entry) => !entry.gap);
  const now = rows.findIndex((entry) => entry.number === view.selected);
  if (now === -1) return selectAt(0);
  if (rows[now + step]) return select(rows[now + step].number);
  return turnPage(step) ? selectAt(step > 0 ? 0 : -1) : null;
}

const LIST_KEYS = {
  ArrowDown: () => moveSelection(1),
  ArrowUp: () => moveSelection(-1),
  Home: () => selectAt(0),
  End: () => selectAt(-1),
  PageDown: () => turnPage(1),
  PageUp: () => turnPage(-1),
  Enter: () => (view.selected === null ? selectAt(0) : at("detail").focus()),
};

// ---- exchanges: details

let detailAborter = new AbortController();

async function openDetail(number) {
  detailAborter.abort();
  detailAborter = new AbortController();
  try {
    showDetail(await api("GET", `/exchanges/${number}`, undefined, detailAborter.signal));
  } catch (error) {
    if (error.name !== "AbortError") at("detail").hidden = true;
    throw error;
  }
}

function closeDetail() {
  detailAborter.abort();
  const focused = at("detail").contains(document.activeElement);
  at("detail").hidden = true;
  at("exchanges").classList.remove("open");
  view.selected = null;
  markSelected();
  if (focused) at("list").focus();
}

function showDetail(exchange) {
  at("detail-title").textContent = `Exchange ${exchange.number}: ${statusText(exchange)}`;
  showFacts(at("detail-facts"), [
    ["Request", `${exchange.method} ${exchange.path}`],
    ["Call", exchange.call ?? "none"],
    ["Time", `${exchange.time}, took ${exchange.durationMs} ms`],
    ["Client", exchange.peer],
    ["Token", exchange.token === null ? null : `token ${exchange.token}`],
    ["Fault injected", exchange.fault],
    ["Failed rule", exchange.problem?.rule ?? exchange.rule],
    ["Expected", exchange.problem?.expected],
    ["Found", exchange.problem?.found],
    ...exchange.notes.map((note) => ["Note", note]),
  ]);
  const bodies = [bodySection("Request", exchange.request)];
  if (exchange.response) bodies.push(bodySection("Answer", exchange.response));
  else bodies.push(element("p", {}, "The connection was closed without an answer."));
  at("detail-bodies").replaceChildren(...bodies);
  offerCommands(exchange);
  at("detail").hidden = false;
  at("exchanges").classList.add("open");
}

/** Names and values; without a value, not the name either. */
function showFacts(list, facts) {
  const known = facts.filter(([, value]) => (value ?? null) !== null);
  const pairs = known.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  list.replaceChildren(...pairs.flat());
}

function bodySection(title, body) {
  const facts = element("dl");
  showFacts(facts, [
    ["Content type", body.contentType ?? "none"],
    ["Length", `${body.bytes} bytes${body.truncated ? ", only the start is kept" : ""}`],
    ["JWE header", body.header],
    ["Key", body.key && keyText(body.key)],
  ]);
  const column = (name, text) => element("div", {},
    element("h3", {}, name),
    element("pre", { tabIndex: 0, "aria-label": `${title}, ${name.toLowerCase()}` }, text));
  const opened = body.opened === null ? (body.header ? "not opened" : "not sealed") : pretty(body.opened);
  return element("section", { "aria-label": title },
    element("h3", {}, title),
    facts,
    element("div", { className: "pair" },
      body.header ? column("Sealed", body.text) : column("As sent", pretty(body.text)),
      column("Opened", opened)));
}

const keyText = (key) => [key.name, key.algorithm, key.derivation].filter(Boolean).join(", ");

// ---- faults

let faults = { known: [], calls: [], set: [] };

async function refreshFaults() {
  faults = await api("GET", "/faults");
  faults.calls.forEach((call) => offerChoice("fault-call", call));
  showRows(at("fault-switches"), faults.known, (fault) => fault.name, makeSwitch);
  showRows(at("faults-set"), faults.set, (entry) => JSON.stringify(entry), makeSetFault);
  at("faults-clear").disabled = faults.set.length === 0;
  markSwitches();
}

function faultScope() {
  const path = at("fault-path").value.trim() || null;
  return { path, call: path ? null : at("fault-call").value || null };
}

/** What is on for exactly the call or path that is chosen. */
function setInScope(name) {
  const { path, call } = faultScope();
  return faults.set.filter((one) => one.fault === name && one.call === call && one.path === path);
}

function markSwitches() {
  for (const { name } of faults.known) at(`switch-${name}`).checked = setInScope(name).length > 0;
}

function makeSwitch(fault) {
  const box = element("input", { type: "checkbox", role: "switch", id: `switch-${fault.name}` });
  const amount = fault.amount && element("input", {
    type: "number", min: "0", max: String(fault.amount.max), placeholder: String(fault.amount.default),
  });
  on(box, "change", async () => {
    hideError();
    try {
      if (box.checked) await api("POST", "/faults", wantedFault(fault, amount?.value));
      else await Promise.all(setInScope(fault.name).map(({ id }) => api("DELETE", `/faults/${id}`)));
    } finally {
      await refreshFaults();
    }
  });
  const where = fault.sealedOnly ? " Only for calls whose answers are sealed." : "";
  const row = element("li", {},
    element("label", {}, box, " ", element("strong", { className: "mono" }, fault.name)),
    element("span", { className: "grow" }, fault.does, where));
  if (amount) row.append(element("label", {}, `${fault.amount.member}, ${fault.amount.unit} `, amount));
  return row;
}

function wantedFault(fault, amount) {
  const number = (id) => (at(id).value === "" ? null : Number(at(id).value));
  const { path, call } = faultScope();
  return {
    fault: fault.name,
    count: number("fault-count"),
    probability: number("fault-probability") ?? 1,
    // `undefined` is not sent.
    path: path ?? undefined,
    call: call ?? undefined,
    delayMs: number("fault-delay") ?? undefined,
    ...(amount && { [fault.amount.member]: Number(amount) }),
  };
}

function makeSetFault(entry) {
  const { id, fault, count, path, call, probability, ...amounts } = entry;
  const parts = [
    path ? `path ${path}` : call ? `call ${call}` : "every call",
    count === null ? "until switched off" : count === 1 ? "1 call" : `${count} calls`,
  ];
  if (probability !== 1) parts.push(`probability ${probability}`);
  for (const [name, value] of Object.entries(amounts)) if (value !== null) parts.push(`${name} ${value}`);
  return described(fault, parts.join(", "), button("Clear", `Clear ${fault}, ${parts[0]}`,
    () => api("DELETE", `/faults/${id}`).then(refreshFaults)));
}

// ---- clock

function showClock(clock) {
  at("clock-now").textContent = clock.now;
  at("clock-ahead").textContent = `${clock.aheadMs / 1000} s`;
}

const refreshClock = async () => showClock(await api("GET", "/clock"));
const advance = async (seconds) => showClock(await api("POST", "/clock/advance", { seconds }));

// ---- tokens and sessions

/** A list of pages, newest first: `tokens` or `sessions`. */
function pagedList(name, makeItem) {
  let before = null;
  let oldest = null;
  const refresh = async () => {
    const from = before === null ? "" : `&before=${before}`;
    const page = await api("GET", `/${name}?limit=50${from}`);
    showRows(at(name), page[name], (item) => JSON.stringify(item), (item) => makeItem(item, refreshTokens));
    oldest = page[name].at(-1)?.id ?? null;
    at(`${name}-older`).hidden = !page.more;
    at(`${name}-newest`).hidden = before === null;
  };
  on(`${name}-older`, "click", () => { before = oldest; return refresh(); });
  on(`${name}-newest`, "click", () => { before = null; return refresh(); });
  return refresh;
}

function endButtons(path, what, refresh) {
  const end = (how) => () => api("POST", `${path}/${how}`).then(refresh);
  return ["Expire", "Invalidate"].map((name) => button(name, `${name} ${what}`, end(name.toLowerCase())));
}

function makeToken(item, refresh) {
  const facts = [item.call, item.form, `session ${item.session}`, `reference ${item.referenceId ?? "none"}`,
    `issued ${item.issuedAt}`, `expires ${item.expiresAt}`];
  const ends = item.state === "valid" ? endButtons(`/tokens/${item.id}`, `token ${item.id}`, refresh) : [];
  return described(`Token ${item.id}: ${item.state}`, facts.join(", "), ...ends);
}

function makeSession(item, refresh) {
  const facts = [`reference ${item.referenceId ?? "none"}`, `key exchange ${item.exchanged}`];
  if (item.derivation) facts.push(`derivation ${item.derivation}`);
  if (item.withStaticSecret) facts.push("static secret too");
  facts.push(item.tokens.length ? `tokens ${item.tokens.join(", ")}` : "no tokens");
  const ends = endButtons(`/sessions/${item.id}`, `session ${item.id}`, refresh);
  return described(`Session ${item.id}`, facts.join(", "), ...ends);
}

const refreshTokenList = pagedList("tokens", makeToken);
const refreshSessionList = pagedList("sessions", makeSession);
const refreshTokens = () => Promise.all([refreshTokenList(), refreshSessionList()]);

// ---- seal, open, inspect, callback

/** Offers the static key and the newest sessions that have a key of their own. */
async function refreshKeys() {
  const { sessions } = await api("GET", "/sessions?limit=100");
  const ids = sessions.filter((session) => session.exchanged !== "none").map((session) => session.id);
  const names = ["static", ...ids.map((id) => `session ${id}`)];
  for (const select of document.querySelectorAll("[data-keys]")) {
    const options = names.map((name) => element("option", { value: name }, name));
    if (select.dataset.keys === "any") options.unshift(element("option", { value: "" }, "try all"));
    const chosen = select.value;
    select.replaceChildren(...options);
    if (options.some((option) => option.value === chosen)) select.value = chosen;
  }
}

async function seal() {
  const { sealed } = await api("POST", "/seal", { key: at("seal-key").value, text: at("seal-text").value });
  at("seal-result").textContent = sealed;
}

async function open() {
  const wanted = { sealed: at("open-text").value };
  if (at("open-key").value) wanted.key = at("open-key").value;
  at("open-result").textContent = "";
  at("open-key-used").textContent = "";
  const answer = await api("POST", "/open", wanted);
  at("open-key-used").textContent = `Key: ${keyText(answer.key)}. Header: ${answer.header}`;
  at("open-result").textContent = pretty(answer.opened);
}

async function inspect(event) {
  const how = event.submitter?.value ?? "inspect";
  const wanted = { text: at("inspect-text").value };
  if (how === "diagnose" && at("inspect-secret").value) wanted.secret = at("inspect-secret").value;
  at("inspect-result").textContent = "";
  const answer = await api("POST", `/${how}`, wanted);
  at("inspect-result").textContent = answer.report;
}

/** Lines of `Name: value` as an object. */
function headerLines(text) {
  return Object.fromEntries(text.split("\n").filter((line) => line.trim()).map((line) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error("Write each header as `Name: value`.");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  }));
}

async function sendCallback() {
  const body = at("callback-body").value;
  if (!jsonTokens(body)) throw new Error("The body of a callback must be JSON.");
  const wanted = { url: at("callback-url").value, key: at("callback-key").value };
  const headers = headerLines(at("callback-headers").value);
  if (Object.keys(headers).length) wanted.headers = headers;
  at("callback-result").textContent = "";
  // The body's own text: parsed and written again, numbers above 2^53 would change.
  const text = `${JSON.stringify(wanted).slice(0, -1)},"body":${body}}`;
  const { status, durationMs, opened, text: sent } = await (await send("POST", "/callbacks", text)).json();
  const shown = opened === null ? `not sealed\n\n${sent}` : `opened\n\n${pretty(opened)}`;
  at("callback-result").textContent = `Status ${status} after ${durationMs} ms, ${shown}`;
}

// ---- credentials and reset

async function toggleCredentials() {
  const shown = at("credentials-details").open;
  at("credentials").textContent = shown ? pretty(await (await send("GET", "/credentials")).text()) : "";
}

/** The stream says that the log was cleared. */
const confirmed = (question, method, path) => window.confirm(question) && api(method, path);

// ---- parts of the page

const refreshers = {
  "faults-part": refreshFaults,
  "clock-part": refreshClock,
  "tokens-part": refreshTokens,
  "seal-part": refreshKeys,
  "callback-part": refreshKeys,
};
/** What calls change. */
const LIVE_PARTS = ["faults-part", "clock-part", "tokens-part"];
let part = "exchanges-part";

async function showPart(id) {
  part = id;
  for (const tab of at("parts").children) {
    const chosen = tab.dataset.part === id;
    at(tab.dataset.part).hidden = !chosen;
    tab.setAttribute("aria-current", chosen ? "page" : "false");
  }
  hideError();
  await refreshers[id]?.();
}

let refreshTimer = null;

/** Not more often than twice a second, however many exchanges come. */
function refreshSoon() {
  refreshTimer ??= setTimeout(() => {
    refreshTimer = null;
    if (LIVE_PARTS.includes(part) && token !== null) refreshers[part]().catch(showError);
  }, 500);
}

// ---- token

/** Connects with the token in the address, and takes it out: it is for no history and no screenshot. */
function begin() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return found === null ? null : connect(found);
}

function askForToken(message) {
  connection += 1;
  aborter.abort();
  token = null;
  sessionStorage.removeItem(TOKEN_KEY);
  showConnection("not connected");
  if (message) showError(new Error(message));
  at("parts").hidden = true;
  for (const tab of at("parts").children) at(tab.dataset.part).hidden = true;
  at("token-form").hidden = false;
  at("token-input").focus();
}

/** Starts anew with a token: another run has other numbers. */
async function connect(found) {
  aborter.abort();
  token = found;
  sessionStorage.setItem(TOKEN_KEY, found);
  log.last = 0;
  clearLog();
  at("token-form").hidden = true;
  at("parts").hidden = false;
  follow();
  await showPart(part);
}

// ---- keys

function pageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || token === null) return;
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape") {
    if (!at("message").hidden) hideError();
    else if (!at("detail").hidden && part === "exchanges-part") closeDetail();
  } else if (event.key === "/" && !typing) {
    event.preventDefault();
    showPart("exchanges-part").catch(showError);
    at("filter-path").focus();
  }
}

function listKey(event) {
  const action = LIST_KEYS[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey) return null;
  event.preventDefault();
  return action();
}

// ---- start

on("message-close", "click", hideError);
on("list", "keydown", listKey);
on("pause", "click", togglePause);
on("newer", "click", () => turnPage(-1));
on("older", "click", () => turnPage(1));
on("detail-close", "click", closeDetail);
on("filters", "input", () => { view.page = 0; render(); });
// The fields are empty only after the event.
on("filters", "reset", () => setTimeout(() => { view.page = 0; render(); }));
onSubmit("filters", () => at("list").focus());
onSubmit("fault-scope", () => {});
on("fault-scope", "input", markSwitches);
on("faults-clear", "click", () => api("DELETE", "/faults").then(refreshFaults));
on("clock-steps", "click", ({ target }) => target.dataset.seconds && advance(Number(target.dataset.seconds)));
onSubmit("clock-advance", () => advance(Number(at("clock-seconds").value)));
onSubmit("clock-set", async () => showClock(await api("PUT", "/clock", { now: at("clock-time").value })));
onSubmit("seal-form", seal);
onSubmit("open-form", open);
onSubmit("inspect-form", inspect);
onSubmit("callback-form", sendCallback);
on("credentials-details", "toggle", toggleCredentials);
on("log-clear", "click", () => confirmed("Remove all exchanges from the log?", "DELETE", "/exchanges"));
on("reset", "click", () => confirmed("Reset the emulator?", "POST", "/reset"));
on("parts", "click", ({ target }) => target.dataset.part && showPart(target.dataset.part));
document.addEventListener("keydown", pageKey);
onSubmit("token-form", async () => {
  const typed = at("token-input").value.trim();
  at("token-input").value = "";
  hideError();
  await connect(typed);
});
on(window, "hashchange", begin);

const remembered = sessionStorage.getItem(TOKEN_KEY);
Promise.resolve(begin() ?? (remembered === null ? askForToken() : connect(remembered))).catch(showError);
