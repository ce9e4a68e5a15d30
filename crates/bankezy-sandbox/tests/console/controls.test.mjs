// What the page changes: faults, clock, tokens, and the boxes that seal, open and inspect.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";

import { openPart, start, until } from "./emulator.mjs";

let emulator;
before(async () => { emulator = await start(); });
afterEach(() => emulator.clean());
after(() => emulator.stop());

const settled = (locator, pattern) =>
  until(async () => pattern.test(await locator.textContent()) && locator.textContent(), String(pattern));

test("a fault that is switched on makes the next call fail, until it is switched off", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  await openPart(page, "Faults");
  await page.locator("#fault-call").selectOption("echo");
  const box = page.getByRole("switch", { name: "503", exact: true });
  await box.check();
  await page.locator("#faults-set li").filter({ hasText: "call echo, until switched off" }).waitFor();
  assert.equal((await emulator.client.echo({ n: 1 })).status, 503);
  assert.equal((await emulator.client.getToken()).status, 200, "another call");
  await page.locator("#fault-call").selectOption("");
  assert.equal(await box.isChecked(), false, "it is on for echo alone");
  await page.locator("#fault-call").selectOption("echo");
  await box.uncheck();
  await until(async () => (await page.locator("#faults-set li").count()) === 0, "cleared");
  assert.equal((await emulator.client.echo({ n: 1 })).status, 200);
  assert.deepEqual(page.complaints, []);
});

test("count, probability, delay and amount of a fault are sent", async () => {
  const page = await emulator.livePage();
  await openPart(page, "Faults");
  await page.getByLabel("Calls", { exact: true }).fill("3");
  await page.getByLabel("Probability").fill("0.5");
  const row = page.locator("#fault-switches li").filter({ has: page.locator("#switch-429") });
  await row.locator("input[type=number]").fill("7");
  await row.getByRole("switch").check();
  await page.locator("#faults-set li").filter({ hasText: "429" }).waitFor();
  const [set] = (await emulator.api("GET", "/faults")).set;
  assert.deepEqual(
    { fault: set.fault, count: set.count, probability: set.probability },
    { fault: "429", count: 3, probability: 0.5 },
  );
  assert.ok(Object.values(set).includes(7), JSON.stringify(set));
  await page.getByRole("button", { name: "Clear 429, every call" }).click();
  await until(async () => (await emulator.api("GET", "/faults")).set.length === 0, "cleared");
});

test("what the API refuses is shown with what is known", async () => {
  const page = await emulator.livePage();
  await openPart(page, "Faults");
  await page.getByLabel("or path").fill("no-such-path");
  await page.getByRole("switch", { name: "500", exact: true }).click();
  await settled(page.locator("#message"), /path/);
  assert.equal(await page.getByRole("switch", { name: "500", exact: true }).isChecked(), false);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#message").isVisible(), false);
});

test("the clock is advanced and set", async () => {
  const page = await emulator.livePage();
  await openPart(page, "Clock");
  await page.getByRole("button", { name: "+ 1 hour" }).click();
  await settled(page.locator("#clock-ahead"), /^3[56]\d\d(\.\d+)? s$/);
  await page.getByLabel("Set to").fill("2031-02-03T04:05:06Z");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await settled(page.locator("#clock-now"), /^2031-02-03T04:05:0/);
});

test("a token is expired and then refused", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken("reference-of-this-test");
  await openPart(page, "Tokens");
  const row = page.locator("#tokens li").filter({ hasText: "reference-of-this-test" });
  await row.getByRole("button", { name: /^Expire token/ }).click();
  await row.filter({ hasText: "expired" }).waitFor();
  const { tokens } = await emulator.api("GET", "/tokens");
  assert.equal(tokens[0].state, "expired");
});

test("text is sealed and opened", async () => {
  const page = await emulator.livePage();
  await openPart(page, "Seal and open");
  await page.getByLabel("Text", { exact: true }).fill('{"n":12345678901234567890}');
  await page.getByRole("button", { name: "Seal", exact: true }).click();
  const sealed = await settled(page.locator("#seal-result"), /^eyJ/);
  await page.locator("#open-text").fill(sealed);
  await page.getByRole("button", { name: "Open", exact: true }).click();
  assert.match(await settled(page.locator("#open-result"), /n/), /12345678901234567890/);
  await page.locator("#open-text").fill("eyJ.nothing");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.locator("#message").waitFor();
});

test("inspect names header and lengths, and warns", async () => {
  const page = await emulator.livePage();
  await openPart(page, "Inspect");
  assert.match(await page.locator("#inspect-part .warning").textContent(), /Never paste production secrets/);
  await page.locator("#inspect-text").fill(await emulator.client.seal({ hello: "world" }));
  await page.getByRole("button", { name: "Inspect", exact: true }).last().click();
  const report = await settled(page.locator("#inspect-result"), /12 bytes/);
  assert.match(report, /"enc":"A256GCM","alg":"dir"/);
  assert.match(report, /16 bytes/);
  await page.locator("#inspect-secret").fill(emulator.ready.bankezy.payloadSecret);
  await page.getByRole("button", { name: "Diagnose" }).click();
  const diagnosis = await settled(page.locator("#inspect-result"), /./);
  assert.ok(!diagnosis.includes(emulator.ready.bankezy.payloadSecret));
});

test("a sealed callback is sent, and its answer is opened", async () => {
  const received = [];
  const partner = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    received.push({ header: request.headers["x-name"], opened: await emulator.client.open(text) });
    response.end(await emulator.client.seal({ taken: true }));
  }).listen(0, "127.0.0.1");
  try {
    const page = await emulator.livePage();
    await openPart(page, "Callback");
    await page.getByLabel("URL").fill(`http://127.0.0.1:${partner.address().port}/hook`);
    await page.getByLabel("Headers").fill("X-Name: value");
    await page.getByLabel("Body").fill('{"paid":true}');
    await page.getByRole("button", { name: "Send" }).click();
    assert.match(await settled(page.locator("#callback-result"), /Status 200/), /"taken": true/);
    assert.deepEqual(received, [{ header: "value", opened: { paid: true } }]);
    await page.getByLabel("URL").fill("http://bank.example/hook");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator("#message").waitFor();
  } finally {
    partner.close();
  }
});

test("credentials are shown on request; reset asks first", async () => {
  const page = await emulator.livePage();
  await emulator.client.getToken();
  await page.locator("#list li").first().waitFor();
  await openPart(page, "Credentials and reset");
  const shown = page.locator("#credentials");
  assert.equal(await shown.textContent(), "");
  await page.getByText("Show the credentials").click();
  assert.match(await settled(shown, /payloadSecret/), new RegExp(emulator.ready.bankezy.payloadSecret));

  page.once("dialog", (dialog) => dialog.dismiss());
  await page.getByRole("button", { name: "Reset the emulator" }).click();
  assert.equal((await emulator.api("GET", "/tokens")).tokens.length, 1);
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Reset the emulator" }).click();
  await until(async () => (await emulator.api("GET", "/tokens")).tokens.length === 0, "reset");
  await openPart(page, "Exchanges");
  await until(async () => (await page.locator("#list li").count()) === 0, "an empty list");
});
