// An emulator and a browser for one file of tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

import { Client } from "./client.mjs";

/** Tries until `check` returns something true. */
export async function until(check, what, seconds = 20) {
  for (let tries = 0; tries < seconds * 20; tries += 1) {
    const found = await check();
    if (found) return found;
    await sleep(50);
  }
  throw new Error(`in ${seconds} s: not ${what}`);
}

/** Runs `bankezy sandbox` (BANKEZY) and Chromium (CHROMIUM). */
export async function start(...flags) {
  const folder = await mkdtemp(join(tmpdir(), "bankezy-console-"));
  const readyFile = join(folder, "ready.json");
  const emulator = spawn(
    process.env.BANKEZY,
    ["sandbox", "--listen", "127.0.0.1:0", "--ready-file", readyFile, ...flags],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const ready = JSON.parse(await until(() => readFile(readyFile, "utf8").catch(() => null), "ready"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // Chromium's sandbox needs rights that containers often do not give.
    args: ["--no-sandbox"],
  });
  return new Emulator(folder, emulator, ready, browser);
}

export class Emulator {
  constructor(folder, process, ready, browser) {
    Object.assign(this, { folder, process, ready, browser });
    this.client = new Client(ready);
    this.contexts = [];
  }

  /** Opens the page. Errors in the browser, such as violations of the policy, go to `complaints`. */
  async page(options = {}) {
    const { url = this.ready.console.url, ...context } = options;
    const made = await this.browser.newContext({
      permissions: ["clipboard-read", "clipboard-write"],
      viewport: { width: 1400, height: 900 },
      ...context,
    });
    this.contexts.push(made);
    const page = await made.newPage();
    page.complaints = [];
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    page.on("console", (message) => {
      // Answers with an error status are the emulator's; the page shows them itself.
      if (/^Failed to load resource: the server responded/.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** Opens the page and waits for its stream. */
  async livePage(options) {
    const page = await this.page(options);
    await page.locator("#connection", { hasText: "live" }).waitFor();
    return page;
  }

  async api(method, path, body) {
    const response = await fetch(`${this.ready.url}/_sandbox${path}`, {
      method,
      headers: { "Authorization": `Bearer ${this.ready.console.token}`, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  /** Writes a file that goes with the emulator. */
  async file(name, text) {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** After each test: closes its pages, and forgets its calls and faults. */
  async clean() {
    for (const context of this.contexts.splice(0)) await context.close();
    await this.api("POST", "/reset");
  }

  async stop() {
    await this.browser.close();
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await once(this.process, "exit");
    }
    await rm(this.folder, { recursive: true });
  }
}

/** Opens a part of the page by its name. */
export async function openPart(page, name) {
  await page.locator("#parts").getByRole("button", { name, exact: true }).click();
}

export const PARTS = [
  "Exchanges", "Faults", "Clock", "Tokens", "Seal and open", "Inspect", "Callback", "Credentials and reset",
];
