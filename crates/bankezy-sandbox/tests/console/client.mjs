// A client of the emulator that shares no code with it: `fetch`, and jose for the envelope.
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair } from "jose";

export class Client {
  constructor(ready) {
    this.ready = ready;
    this.bank = ready.bankezy;
    this.secret = Buffer.from(this.bank.payloadSecret, "base64url");
  }

  async seal(value) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ enc: "A256GCM", alg: "dir" })
      .encrypt(this.secret);
  }

  async open(sealed) {
    const { plaintext } = await compactDecrypt(sealed, this.secret);
    return JSON.parse(new TextDecoder().decode(plaintext));
  }

  /** Sends text as it is. */
  post(path, text, headers = {}) {
    return fetch(this.ready.url + path, {
      method: "POST",
      headers: { "X-API-KEY": this.bank.apiKey, "Content-Type": "text/plain", ...headers },
      body: text,
    });
  }

  /** Get Token. Returns the response; its token is used for `echo`. */
  async getToken(referenceId = crypto.randomUUID()) {
    const { publicKey } = await generateKeyPair("ECDH-ES", { crv: "P-256", extractable: true });
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const response = await this.post("/token-service/client/server/new/token", await this.seal({
      referenceId,
      sdkPublicKey: Buffer.from(JSON.stringify({ kty, crv, x, y })).toString("base64"),
      sdkApiKey: this.bank.sdkApiKey,
      accountNumber: 123456789,
    }));
    if (response.ok) this.token = (await this.open(await response.text())).token;
    return response;
  }

  async echo(value, suffix = "") {
    const text = (await this.seal(value)) + suffix;
    return this.post(this.bank.echoPath, text, { "X-API-TOKEN": this.token ?? "" });
  }
}
