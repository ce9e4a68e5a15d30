// What hostile clients and hostile sites try.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, afterEach, before, test } from "node:test";

import { PARTS, openPart, start, until } from "./emulator.mjs";

let emulator;
before(async () => { emulator = await start(); });
afterEach(() => emulator.clean());
after(() => emulator.stop());

const SCRIPT = '</pre></textarea><img src="x" onerror="window.hacked=1"><script>window.hacked=1</script>'
  + '<a href="javascript:window.hacked=1">x</a>';

test("a body with script in it is text", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken(SCRIPT.slice(0, 60));
  await emulator.client.echo({ body: SCRIPT });
  await emulator.client.post(emulator.client.bank.echoPath, SCRIPT, { "Content-Type": "text/<script>" });
  await emulator.client.post(`/nothing/${encodeURIComponent(SCRIPT)}`, SCRIPT);
  const rows = page.locator("#list li:not(.gap)");
  await until(async () => (await rows.count()) === 4, "four rows");
  for (const row of await rows.all()) {
    await row.click();
    const number = await row.locator(".number").textContent();
    await page.locator("#detail-title", { hasText: `Exchange ${number}:` }).waitFor();
    for (const name of ["Copy as curl", "Copy as bankezy open (request)"]) {
      const copy = page.getByRole("button", { name });
      if (await copy.isEnabled()) await copy.click();
    }
  }
  await rows.nth(1).click();
  await page.locator('pre[aria-label="Request, as sent"]', { hasText: "<img" }).waitFor();
  for (const part of PARTS) await openPart(page, part);
  await openPart(page, "Seal and open");
  await page.locator("#open-text").fill(await emulator.client.seal(SCRIPT));
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.locator("#open-result", { hasText: "<img" }).waitFor();

  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("img, iframe, a, body script").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("the policy forbids script and style that do not come with the page", async () => {
  const page = await emulator.livePage();
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hacked = 1";
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.body.append(script, style);
  });
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator("body").isVisible(), true);
  assert.ok(page.complaints.length >= 2, "the browser says so");
});

test("the token leaves the address, survives a reload, and is asked for without one", async () => {
  const page = await emulator.livePage();
  const { token, url } = emulator.ready.console;
  assert.ok(!page.url().includes(token) && !page.url().includes("#"));
  await page.reload();
  await page.locator("#connection", { hasText: "live" }).waitFor();

  const other = await emulator.page({ url: url.split("#")[0] });
  await other.getByLabel("Token", { exact: true }).fill("not the token");
  await other.getByRole("button", { name: "Connect" }).click();
  await other.locator("#message", { hasText: "not accepted" }).waitFor();
  assert.equal(await other.locator("#exchanges-part").isVisible(), false);
  await other.getByLabel("Token", { exact: true }).fill(token);
  await other.keyboard.press("Enter");
  await other.locator("#connection", { hasText: "live" }).waitFor();
  assert.equal(await other.locator("#token-form").isVisible(), false);
});

/** A request with exactly these headers, which `fetch` does not allow. */
function raw(path, headers, method = "GET") {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(emulator.ready.url);
    const sent = request({ hostname, port, path, method, headers, setHost: false }, (response) => {
      let text = "";
      response.on("data", (part) => { text += part; });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("a foreign Host or Origin gets 403, and no answer has CORS headers", async () => {
  const { port } = new URL(emulator.ready.url);
  const Authorization = `Bearer ${emulator.ready.console.token}`;
  for (const path of ["/_sandbox/", "/_sandbox/console.js", "/_sandbox/faults"]) {
    const other = Number(port) + 1;
    const foreign = [`evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `127.0.0.1:${other}`];
    for (const Host of [...foreign, "evil.example", "127.0.0.1"]) {
      const answer = await raw(path, { Host, Authorization });
      assert.equal(answer.status, 403, `${path} of ${Host}`);
    }
    for (const Origin of ["http://evil.example", `https://127.0.0.1:${port}`, "null"]) {
      const answer = await raw(path, { Host: `127.0.0.1:${port}`, Authorization, Origin });
      assert.equal(answer.status, 403, `${path} from ${Origin}`);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
    const good = await raw(path, { Host: `127.0.0.1:${port}`, Authorization });
    assert.equal(good.status, 200);
    assert.match(good.headers["content-security-policy"], /default-src 'none'/);
    assert.ok(!/unsafe/.test(good.headers["content-security-policy"]));
  }
  assert.equal((await raw("/_sandbox/faults", { Host: `127.0.0.1:${port}` })).status, 401);
});

test("a page of another site reads nothing, even with the token", async () => {
  const page = await emulator.page({ url: "about:blank" });
  const read = await page.evaluate(async ({ url, token }) => {
    const headers = { Authorization: `Bearer ${token}` };
    return fetch(`${url}/_sandbox/faults`, { headers }).then(({ status }) => status, () => "refused");
  }, { url: emulator.ready.url, token: emulator.ready.console.token });
  assert.equal(read, "refused");
});
