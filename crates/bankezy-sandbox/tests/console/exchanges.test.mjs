// The list of exchanges and their details.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import { start, until } from "./emulator.mjs";

let emulator;
before(async () => { emulator = await start(); });
afterEach(() => emulator.clean());
after(() => emulator.stop());

const rows = (page) => page.locator("#list li:not(.gap)");
const rowCount = (page, count) => until(async () => (await rows(page).count()) === count, `${count} rows`);

/** Waits for the row of the exchange that is the last of so many, and opens its details. */
async function openNewest(page, count) {
  await rowCount(page, count);
  const row = rows(page).first();
  await row.click();
  const number = await row.locator(".number").textContent();
  await page.locator("#detail-title", { hasText: `Exchange ${number}:` }).waitFor();
}

test("a call of a foreign client appears as a row within a second", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  // The wait of a user, not a measure of speed: Playwright asks again until then.
  await rows(page).filter({ hasText: "get-token" }).waitFor({ timeout: 1000 });
  assert.deepEqual(page.complaints, []);
});

test("sealed and opened text stand side by side", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  // More digits than a JavaScript number has.
  await emulator.client.echo('{"amount":12345678901234567890,"list":[],"text":"a:b,{}"}');
  await rows(page).filter({ hasText: "echo" }).click();
  const opened = page.locator('pre[aria-label="Request, opened"]');
  await opened.waitFor();
  assert.equal(
    await opened.textContent(),
    '{\n  "amount": 12345678901234567890,\n  "list": [],\n  "text": "a:b,{}"\n}',
  );
  assert.match(await page.locator('pre[aria-label="Request, sealed"]').textContent(), /^eyJ[\w-]+\.\./);
  // In the order in which the client wrote it.
  await page.getByRole("region", { name: "Request" }).getByText('{"enc":"A256GCM","alg":"dir"}').waitFor();
  const [sealed, clear] = await Promise.all(
    ["sealed", "opened"].map((name) => page.locator(`pre[aria-label="Answer, ${name}"]`).boundingBox()),
  );
  assert.equal(sealed.y, clear.y);
  assert.ok(sealed.x + sealed.width <= clear.x);
  assert.deepEqual(page.complaints, []);
});

test("the details say why a call failed", async () => {
  const page = await emulator.livePage();
  await emulator.client.post("/token-service/client/server/new/token", "not sealed");
  await rows(page).first().click();
  const facts = page.locator("#detail-facts");
  await facts.getByText("Expected").waitFor();
  const { exchanges } = await emulator.api("GET", "/exchanges");
  const { problem } = await emulator.api("GET", `/exchanges/${exchanges.at(-1).number}`);
  for (const text of [problem.rule, problem.expected, problem.found]) {
    assert.ok((await facts.textContent()).includes(text), text);
  }
});

test("filters choose by path, method, call, status and failure", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  await emulator.client.echo({ n: 1 });
  await emulator.client.post("/token-service/client/server/new/token", "not sealed");
  await rowCount(page, 3);
  const count = (expected) => rowCount(page, expected);
  const clear = () => page.getByRole("button", { name: "Clear filters" }).click().then(() => count(3));

  await page.getByLabel("Path contains").fill("ECHO");
  await count(1);
  await clear();
  await page.getByLabel("Call").first().selectOption("get-token");
  await count(2);
  await page.getByLabel("Failed only").check();
  await count(1);
  await clear();
  await page.getByLabel("Status").selectOption("2");
  await count(2);
  await page.getByLabel("Method").selectOption("POST");
  await count(2);
});

test("a pause keeps the rows, and the newest come back after it", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  await rows(page).first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await emulator.client.echo({ n: 1 });
  await page.locator("#range", { hasText: "paused, 1 newer" }).waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.getByRole("button", { name: "Pause" }).click();
  await rowCount(page, 2);
});

test("10,000 exchanges are paged", async () => {
  const page = await emulator.livePage();
  // The most elements that the list ever had.
  await page.evaluate(() => {
    const list = document.getElementById("list");
    window.mostRows = 0;
    new MutationObserver(() => { window.mostRows = Math.max(window.mostRows, list.children.length); })
      .observe(list, { childList: true });
  });
  await flood(10_000);
  const { newest } = await emulator.api("GET", "/exchanges?limit=1");
  await page.locator(`#exchange-${newest}`).waitFor();
  assert.match(await page.locator("#range").textContent(), /^Rows 1 to 100 of 1\d{4}/);
  assert.equal(await page.locator("#list li").count(), 100);
  await page.getByRole("button", { name: "Older" }).click();
  await page.locator("#range", { hasText: "Rows 101 to 200 of" }).waitFor();
  await page.locator(`#exchange-${newest - 100}`).waitFor();
  // Away from the newest page, rows stay where they are.
  await flood(1);
  await page.locator("#range", { hasText: "paused, 1 newer" }).waitFor();
  assert.equal(await page.locator("#list li").first().getAttribute("id"), `exchange-${newest - 100}`);
  assert.ok((await page.evaluate(() => window.mostRows)) <= 200, "rows of two pages at most");

  // A page that is opened now shows what the log still has.
  const later = await emulator.livePage();
  await later.locator(`#exchange-${newest + 1}`).waitFor();
  assert.equal(await later.locator("#list li").count(), 100);
  assert.deepEqual([...page.complaints, ...later.complaints], []);
});

/** So many calls, 16 at once, over connections that stay open. */
async function flood(calls) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const url = emulator.ready.url + emulator.client.bank.echoPath;
  const call = () => new Promise((resolve, reject) => {
    request(url, { method: "POST", agent }, (response) => response.resume().on("end", resolve))
      .on("error", reject)
      .end("x");
  });
  let left = calls;
  const worker = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  agent.destroy();
}

test("the page reconnects when the stream ends, and shows what was dropped meanwhile", async () => {
  const page = await emulator.page({ url: "about:blank" });
  let streams = 0;
  await page.route("**/exchanges/stream*", (route) => {
    streams += 1;
    if (streams > 1) return route.continue();
    const body = 'event: gap\r\ndata: {"from":1,"to":7}\r\n\r\n: comment\n\n';
    return route.fulfill({ status: 200, contentType: "text/event-stream", body });
  });
  await page.goto(emulator.ready.console.url);
  await page.locator("#list li.gap", { hasText: "1 to 7" }).waitFor();
  await until(() => streams > 1, "a second stream");
  await page.locator("#connection", { hasText: "live" }).waitFor();
});

test("commands to copy are exact, safe to paste, and have no secrets", async () => {
  const page = await emulator.livePage();
  const path = `${emulator.client.bank.echoPath}?a=[1-3]&b='$(id)'`;
  const hostile = [
    "@'; touch hacked; \"$(touch hacked)`touch hacked`!! \\' ${HOME}",
    // Keys of a terminal: the end of a bracketed paste, an interrupt, a new line, a letter that is not ASCII.
    "'; \u001b[201~\u0003\ntouch hacked\n\u00e9!!\\",
  ];
  for (const [i, text] of hostile.entries()) {
    await emulator.client.post(path, text, { "Content-Type": "text/plain; a='$(touch hacked)'" });
    await openNewest(page, i + 1);
    const command = await copied(page, "Copy as curl");
    assert.ok(!/[^\x20-\x7e\n]/.test(command), "nothing that a terminal acts on");
    assert.ok(!command.includes(emulator.client.bank.apiKey));
    const found = run(`curl() { printf '%s\\0' "$@"; }\n${command}`).split("\0");
    assert.equal(found[found.indexOf("--data-raw") + 1], text);
    assert.ok(found.at(-2).startsWith(emulator.ready.url + emulator.client.bank.echoPath), found.at(-2));
  }
});

test("a copied `bankezy open` opens the exchange's texts", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  await emulator.client.echo({ quoted: "it's" });
  await rows(page).filter({ hasText: "echo" }).click();
  await page.locator("#detail-title").waitFor();
  for (const which of ["request", "answer"]) {
    const command = await copied(page, `Copy as bankezy open (${which})`);
    assert.match(command, /bankezy open --secret-file FILE$/);
    const opened = run(
      'bankezy() { "$BANKEZY" "$@"; }\n'
      + command.replace("FILE", '"$SECRET_FILE"'),
      { SECRET_FILE: await emulator.file("secret", emulator.client.bank.payloadSecret) },
    );
    assert.deepEqual(JSON.parse(opened), { quoted: "it's" });
  }
});

test("a copied command has placeholders for secrets of an unsealed body", async () => {
  const page = await emulator.livePage();
  const { appApiKey, appSecret } = emulator.client.bank;
  const good = JSON.stringify({ apiKey: appApiKey, secret: appSecret, publicKey: "x", n: 1 });
  const bodies = [
    good,
    good.replace('"secret"', '"s\\u0065cret"'),
    `${good},`,
    `apiKey=${appApiKey}&secret=${appSecret}&n=1`,
  ];
  for (const [i, text] of bodies.entries()) {
    await emulator.client.post("/token-service/new/token", text, { "Content-Type": "application/json" });
    await openNewest(page, i + 1);
    const command = await copied(page, "Copy as curl");
    assert.ok(!command.includes(appSecret) && !command.includes(appApiKey), command);
    assert.match(command, /"?n"?[:=]1/);
  }
});

async function copied(page, name) {
  await page.getByRole("button", { name }).click();
  await page.locator("#copy-status", { hasText: "Copied" }).waitFor();
  const command = await page.locator("#copy-text").textContent();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), command);
  return command;
}

function run(script, variables = {}) {
  const done = spawnSync("bash", ["-c", script], {
    cwd: emulator.folder, encoding: "utf8", env: { ...process.env, ...variables },
  });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(existsSync(join(emulator.folder, "hacked")), false);
  return done.stdout;
}
