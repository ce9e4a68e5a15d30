// Makes node.json: messages of the library jose, under keys of Node's crypto.
//
//     npm install jose && node generate.mjs > node.json
//
// Keys are random, so each run gives other messages. Nothing here is taken from the Rust code.

import { createECDH, createHash, createHmac, hkdfSync, randomBytes, randomUUID } from "node:crypto";
import { CompactEncrypt } from "jose";

const sealed = (key) =>
  new CompactEncrypt(new TextEncoder().encode("{}"))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(key);
const hash = (name, ...parts) => {
  const hash = createHash(name);
  parts.forEach((part) => hash.update(part));
  return hash.digest();
};
const until = (make, good) => {
  for (;;) {
    const made = make();
    if (good(made)) return made;
  }
};
const first = (octets) => octets.subarray(0, 32);
const secret = () =>
  until(() => randomBytes(32), (o) => /[+/]/.test(o.toString("base64")) && /[a-f]/.test(o.toString("hex")));

const secrets = [];
const addSecret = async (written, key, name) =>
  secrets.push({ secret: Buffer.from(written).toString("base64"), name, jwe: await sealed(key) });
for (let round = 0; round < 4; round++) {
  const key = secret();
  const [base64, base64url, hex] = ["base64", "base64url", "hex"].map((form) => key.toString(form));
  await addSecret(base64, key, "base64");
  await addSecret(base64url, key, "base64url");
  await addSecret(hex, key, "hex");
  await addSecret(JSON.stringify(base64), key, "base64 after removing the quotation marks");
  await addSecret(`SECRET=${hex}`, key, "hex after removing the name in front of it");
  await addSecret(Buffer.from(hex).toString("base64"), key, "the decoded base64 of hex");
  await addSecret(Buffer.from(base64).toString("base64"), key, "the twice decoded base64");
  // What people do: Buffer.from(secret) without an encoding, cut to the length that AES wants.
  await addSecret(hex, first(Buffer.from(hex)), "first 32 bytes of the text");
  await addSecret(base64, first(Buffer.from(base64)), "first 32 bytes of the text");
  await addSecret(base64, hash("sha256", base64), "SHA-256 of the text");
  await addSecret(base64, hash("sha256", key), "SHA-256 of the decoded base64");
  await addSecret(hex, hash("sha256", hex), "SHA-256 of the text");
  await addSecret(hex, first(hash("sha512", hex)), "first 32 bytes of SHA-512 of the text");
  const md5 = hash("md5", hex).toString("hex");
  await addSecret(hex, Buffer.from(md5), "lower-case hex text of MD5 of the text");
  await addSecret(
    hex,
    Buffer.from(hash("sha256", hex).toString("hex").slice(0, 32)),
    "first 32 bytes of lower-case hex text of SHA-256 of the text",
  );
  const uuid = randomUUID();
  await addSecret(uuid, hash("sha256", uuid), "SHA-256 of the text");
  await addSecret(
    uuid,
    Buffer.from(uuid.replaceAll("-", "")),
    "utf8 after removing colons, dashes and spaces",
  );
}

const jwk = (ecdh) => {
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((o) => o.toString("base64url"));
  return { kty: "EC", crv: "P-256", x, y };
};
const sessions = [];
const derivations = [];
for (let session = 0; session < 3; session++) {
  const [ours, theirs] = [0, 0].map(() => {
    const ecdh = createECDH("prime256v1");
    ecdh.generateKeys();
    return ecdh;
  });
  const d = ours.getPrivateKey().toString("hex").padStart(64, "0");
  const z = ours.computeSecret(theirs.getPublicKey());
  sessions.push({
    ours: JSON.stringify({ ...jwk(ours), d: Buffer.from(d, "hex").toString("base64url") }),
    theirs: JSON.stringify(jwk(theirs)),
  });
  const add = async (name, key) => derivations.push({ session, name, jwe: await sealed(new Uint8Array(key)) });
  const hkdf = (name, salt, info) => hkdfSync(name, z, salt, info, 32);
  await add("raw", z);
  await add("sha256", hash("sha256", z));
  await add("hkdf-sha256 with salt empty, info empty", hkdf("sha256", "", ""));
  await add('hkdf-sha256 with salt empty, info "BankEzy"', hkdf("sha256", "", "BankEzy"));
  await add("hkdf-sha512 with salt empty, info our point", hkdf("sha512", "", ours.getPublicKey()));
  await add("x963-sha256 with info their point", hash("sha256", z, Buffer.from([0, 0, 0, 1]), theirs.getPublicKey()));
  await add("first 32 bytes of the lower-case hex text of x", first(Buffer.from(z.toString("hex"))));
  await add("SHA-256 of the lower-case hex text of x", hash("sha256", z.toString("hex")));
  await add("SHA-256 of the base64 text of x", hash("sha256", z.toString("base64")));
  await add("first 32 bytes of SHA-512 of x", first(hash("sha512", z)));
  await add("first 32 bytes of SHA-384 of x", first(hash("sha384", z)));
  await add("x reversed", Buffer.from(z).reverse());
  await add('hmac-sha256 under x with message "payload"', createHmac("sha256", z).update("payload").digest());
}
console.log(JSON.stringify({ sessions, secrets, derivations }, null, 0).replaceAll("},{", "},\n{"));
