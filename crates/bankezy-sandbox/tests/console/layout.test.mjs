// Keyboard, narrow windows, colours, and a picture.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { PARTS, openPart, start, until } from "./emulator.mjs";

let emulator;
before(async () => { emulator = await start(); });
afterEach(() => emulator.clean());
after(() => emulator.stop());

const active = (page) => page.evaluate(() => document.activeElement?.id ?? "");

/** Calls of several kinds: two that succeed, one that fails, one under a fault. */
async function traffic(wrongPath = `/no/such/path/${"long".repeat(100)}`) {
  const { client } = emulator;
  await client.getToken();
  await client.echo({ amount: 1250, currency: "USD", note: "it's sealed both ways" }, "\n");
  await client.post(wrongPath, "unbroken".repeat(200));
  await emulator.api("POST", "/faults", { fault: "503", call: "echo", count: 1 });
  await client.echo({ amount: 1 });
  await emulator.api("POST", "/faults", { fault: "delay", call: "renew", count: null, delayMs: 1500 });
}

async function tabTo(page, wanted) {
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press("Tab");
    if (await wanted()) return;
  }
  throw new Error("Tab does not reach it");
}

test("the list and its details work with the keyboard alone", async () => {
  const page = await emulator.livePage();
  await traffic();
  const rows = page.locator("#list li:not(.gap)");
  await until(async () => (await rows.count()) === 4, "four rows");
  const selected = () => page.locator('#list [aria-selected="true"]').getAttribute("id");

  await page.keyboard.press("/");
  assert.equal(await active(page), "filter-path");
  await page.keyboard.type("a/b");
  assert.equal(await page.locator("#filter-path").inputValue(), "a/b");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("sandbox/echo");
  await until(async () => (await rows.count()) === 2, "two rows");
  await page.keyboard.press("Enter");
  assert.equal(await active(page), "list");

  await page.keyboard.press("ArrowDown");
  const first = await selected();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await selected(), first);
  await page.keyboard.press("ArrowUp");
  assert.equal(await selected(), first);
  assert.equal(await page.locator("#list").getAttribute("aria-activedescendant"), first);
  await page.locator("#detail").waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await active(page), "detail");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#detail").isVisible(), false);
  assert.equal(await active(page), "list");
});

test("a fault is switched with the keyboard alone", async () => {
  const page = await emulator.livePage();
  await tabTo(page, () => page.evaluate(() => document.activeElement.textContent === "Faults"));
  await page.keyboard.press("Enter");
  await page.locator("#switch-503").waitFor();
  await tabTo(page, async () => (await active(page)) === "switch-503");
  await page.keyboard.press("Space");
  await until(async () => (await emulator.api("GET", "/faults")).set.length === 1, "set");
});

test("Tab reaches all that can be used", async () => {
  const page = await emulator.livePage();
  await traffic();
  await until(async () => (await page.locator("#list li:not(.gap)").count()) === 4, "four rows");
  for (const part of PARTS) {
    await openPart(page, part);
    if (part === "Exchanges") {
      await page.locator("#list li:not(.gap)").last().click();
      await page.locator("#detail").waitFor();
    }
    const lacking = await page.evaluate(() => {
      const usable = "button, input, select, textarea, summary, [role=listbox], pre";
      window.wanted = new Set(Array.from(document.querySelectorAll(usable))
        .filter((one) => one.checkVisibility() && !one.disabled));
      return window.wanted.size;
    });
    // Twice around, since Tab starts where the last click was.
    for (let presses = 0; presses < 2 * lacking + 10; presses += 1) {
      await page.keyboard.press("Tab");
      const left = await page.evaluate(() => {
        window.wanted.delete(document.activeElement);
        return window.wanted.size;
      });
      if (left === 0) break;
    }
    const left = await page.evaluate(() => Array.from(window.wanted, (one) => one.outerHTML.slice(0, 80)));
    assert.deepEqual(left, [], part);
  }
});

test("every field and every button has a name", async () => {
  const page = await emulator.livePage();
  for (const part of PARTS) {
    await openPart(page, part);
    const unnamed = await page.locator("main").evaluate((main) =>
      Array.from(main.querySelectorAll("input, select, textarea, button"))
        .filter((one) => one.checkVisibility())
        .filter((one) => !one.labels?.length && !one.getAttribute("aria-label") && !one.textContent.trim())
        .map((one) => one.outerHTML));
    assert.deepEqual(unnamed, [], part);
  }
});

test("a window of 360 pixels needs no scrolling sideways", async () => {
  const page = await emulator.livePage({ viewport: { width: 360, height: 740 } });
  await traffic();
  await until(async () => (await page.locator("#list li:not(.gap)").count()) === 4, "four rows");
  for (const part of PARTS) {
    await openPart(page, part);
    const rows = part === "Exchanges" ? await page.locator("#list li:not(.gap)").all() : [null];
    for (const row of rows) {
      await row?.click();
      if (row) {
        await page.locator("#detail").waitFor();
        await until(() => page.locator("#detail-title").evaluate((title) =>
          title.getBoundingClientRect().bottom < innerHeight), "scrolled to the details");
      }
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `${part}: ${width}`);
    }
  }
});

/** Text whose contrast with what is behind it is below 4.5 (WCAG 2.2, AA). */
function lowContrast() {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return Array.from(document.querySelectorAll("body *"))
    .filter((one) => one.checkVisibility() && !one.disabled)
    .filter((one) => Array.from(one.childNodes).some((child) => child.nodeType === 3 && child.data.trim()))
    .map((one) => {
      const pair = [parse(getComputedStyle(one).color), behind(one)].map(luminance).sort((a, b) => b - a);
      return [(pair[0] + 0.05) / (pair[1] + 0.05), one.outerHTML.slice(0, 60)];
    })
    .filter(([ratio]) => ratio < 4.5);
}

for (const colorScheme of ["light", "dark"]) {
  test(`colours have enough contrast: ${colorScheme}`, async () => {
    const page = await emulator.livePage({ colorScheme });
    await traffic();
    await until(async () => (await page.locator("#list li:not(.gap)").count()) === 4, "four rows");
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back === "rgb(255, 255, 255)", colorScheme === "light");
    for (const part of PARTS) {
      await openPart(page, part);
      if (part === "Exchanges") await page.locator("#list li.failed").first().click();
      assert.deepEqual(await page.evaluate(lowContrast), [], part);
    }
    assert.deepEqual(await page.evaluate(() => document.getAnimations().length), 0, "nothing moves");
  });
}

/** How many different colours a picture has, and how much its brightness varies. */
async function variety(page, png) {
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const colours = new Set();
    let [sum, squares] = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
      colours.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      sum += data[i + 1];
      squares += data[i + 1] ** 2;
    }
    const count = data.length / 4;
    return { colours: colours.size, variance: squares / count - (sum / count) ** 2 };
  }, png.toString("base64"));
}

test("a picture of the page is not empty", async () => {
  const page = await emulator.livePage({ viewport: { width: 1400, height: 900 } });
  await traffic("/token-service/new/tokens");
  const rows = page.locator("#list li:not(.gap)");
  await until(async () => (await rows.count()) === 4, "four rows");
  await rows.filter({ hasText: "1 note" }).click();
  await page.locator("#detail").waitFor();
  const png = await page.screenshot({ path: process.env.BANKEZY_SCREENSHOT });
  const found = await variety(await emulator.page({ url: "about:blank" }), png);
  assert.ok(found.colours > 20 && found.variance > 100, JSON.stringify(found));
  assert.ok(png.length < 200_000, `${png.length} bytes`);
});
