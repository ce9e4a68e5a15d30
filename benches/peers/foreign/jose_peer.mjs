// Seals and opens with jose on Node.js, and measures it: see ../src/foreign.rs for what comes in on
// standard input and goes out on standard output.

import { readFileSync } from "node:fs";

const NOT_INSTALLED = 3;

let jose;
let version;
try {
  jose = await import("jose");
  const manifest = new URL("./node_modules/jose/package.json", import.meta.url);
  version = JSON.parse(readFileSync(manifest)).version;
} catch {
  process.exit(NOT_INSTALLED);
}

const task = JSON.parse(readFileSync(0));

// Keys are imported once.
const secret = await crypto.subtle.importKey(
  "raw", Buffer.from(task.secret, "base64url"), "AES-GCM", false, ["encrypt", "decrypt"]);
const half = ({ kty, crv, x, y, n, e }) => ({ kty, crv, x, y, n, e });
const pair = async (jwk, alg) => [await jose.importJWK(half(jwk), alg), await jose.importJWK(jwk, alg)];
const keys = {
  "dir": [secret, secret],
  "RSA-OAEP-256": await pair(task.rsa, "RSA-OAEP-256"),
  "ECDH-ES": await pair(task.p256, "ECDH-ES"),
};

const seal = (alg, plaintext) =>
  new jose.CompactEncrypt(plaintext).setProtectedHeader({ enc: "A256GCM", alg }).encrypt(keys[alg][0]);
const open = (alg, sealed) =>
  jose.compactDecrypt(sealed, keys[alg][1], {
    keyManagementAlgorithms: [alg],
    contentEncryptionAlgorithms: ["A256GCM"],
  });

const messages = [];
for (const { alg, sealed } of task.messages) {
  const { plaintext } = await open(alg, sealed);
  if (Buffer.from(plaintext).toString() !== task.plaintext) throw new Error(`${alg}: opened something else`);
  messages.push({ alg, sealed: await seal(alg, Buffer.from(task.plaintext)) });
}

const medians = [];
for (const { op, alg, bytes } of task.effort ? task.jobs : []) {
  const plaintext = new Uint8Array(bytes).fill(0x5a);
  const sealed = await seal(alg, plaintext);
  const work = op.startsWith("seal") ? () => seal(alg, plaintext) : () => open(alg, sealed);
  medians.push({ op, bytes, ns: await median(work, task.effort) });
}

console.log(JSON.stringify({ version: `${version} on Node.js ${process.versions.node}`, messages, medians }));

async function milliseconds(work, times) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

async function median(work, effort) {
  // Long enough for the compiler to have seen the loop before anything counts.
  const warm = performance.now() + effort.sample_ms * 200;
  while (performance.now() < warm) await work();
  let times = 1;
  let took = await milliseconds(work, times);
  while (took < effort.sample_ms / 4) {
    times *= 2;
    took = await milliseconds(work, times);
  }
  times = Math.max(1, Math.round((times * effort.sample_ms) / took));
  const samples = [];
  const start = performance.now();
  while (
    samples.length < effort.least_rounds ||
    (samples.length < effort.rounds && performance.now() - start < effort.at_most_ms)
  ) {
    samples.push(((await milliseconds(work, times)) * 1e6) / times);
  }
  return samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)];
}
