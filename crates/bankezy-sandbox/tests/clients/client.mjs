// A client of the emulator, written from docs/sandbox.md alone, with jose and WebCrypto.
import * as jose from 'jose'
import { createHash, randomUUID, randomBytes, webcrypto } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { readFileSync } from 'node:fs'
const { subtle } = webcrypto
export const GOOD = [0, 100, 200, '200', 'TOK200', 'ONB200']
export const PK = ['serverPubKey', 'serverPublicKey', 'ServerPublicKey']
export const RENEW = [
  '/token-service/client/server/renewtoken',
  '/token-service/client/app/renew/token',
  '/token-service/client/app/renew/v2/token',
]
export const INVALIDATE = [
  '/token-service/client/server/invalidate/token',
  '/token-service/client/server/invalidate/v2/token',
]
export const ACCOUNT = 123456789012345 // JSON number: above 2**53 JavaScript would need its own JSON writer
const utf8 = new TextEncoder(),
  text = new TextDecoder()
export const b64 = (x) => Buffer.from(x).toString('base64')
export const seal = (obj, key, alg = 'dir') =>
  new jose.CompactEncrypt(utf8.encode(JSON.stringify(obj)))
    .setProtectedHeader({ alg, enc: 'A256GCM' })
    .encrypt(key)
export const open = async (t, key) => JSON.parse(text.decode((await jose.compactDecrypt(t, key)).plaintext))
export const opens = async (t, key) => {
  try {
    return await open(t, key)
  } catch {
    return undefined
  }
}
const isObj = (x) => x && typeof x === 'object'
export const find = (o, ...names) => {
  for (const d of [o, o.data]) if (isObj(d)) for (const n of names) if (n in d) return d[n]
}
const codes = (o) => [o, o.data].filter((d) => isObj(d) && 'resCode' in d).map((d) => d.resCode)
export const good = (o) => codes(o).length > 0 && codes(o).every((c) => GOOD.includes(c))
export const sleepless = () => performance.now()
const be = (n) => {
  const b = Buffer.alloc(4)
  b.writeUInt32BE(n)
  return b
}
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

export class Client {
  constructor(label, path) {
    this.label = label
    this.lines = 0
    this.strict = label.includes('strict')
    this.ready = JSON.parse(readFileSync(path))
    this.b = this.ready.bankezy
    this.u = new URL(this.ready.url)
    this.prefix = this.u.pathname === '/' ? '' : this.u.pathname
    this.static = jose.base64url.decode(this.b.payloadSecret)
  }
  ok(name, cond, detail) {
    if (!cond) throw new Error(`${this.label}: ${name}: ${JSON.stringify(detail)}`)
    this.lines++
    console.log(`${this.label.padEnd(22)} ok ${name}`)
  }
  http(method, path, body, headers = {}, root = false) {
    const tls = this.u.protocol === 'https:'
    return new Promise((resolve, reject) => {
      const r = (tls ? https : http).request(
        {
          host: this.u.hostname,
          port: this.u.port,
          method,
          path: (root ? '' : this.prefix) + path,
          headers: { ...headers, ...(body == null ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
          agent: false,
          timeout: 15000,
          ...(tls
            ? {
                ca: this.ready.ca_pem,
                cert: this.ready.client_cert_pem ?? undefined,
                key: this.ready.client_key_pem ?? undefined,
              }
            : {}),
        },
        (res) => {
          const parts = []
          res.on('data', (d) => parts.push(d))
          res.on('error', reject)
          res.on('aborted', () => reject(new Error('aborted')))
          res.on('end', () =>
            res.complete
              ? resolve([res.statusCode, res.headers, Buffer.concat(parts).toString()])
              : reject(new Error('cut')),
          )
        },
      )
      r.on('error', reject)
      r.end(body ?? undefined)
    })
  }
  get auth() {
    return { Authorization: 'Bearer ' + this.ready.console.token }
  }
  async api(method, path, body, expect) {
    const [s, , t] = await this.http(
      method,
      '/_sandbox/' + path,
      body === undefined ? null : JSON.stringify(body),
      { ...this.auth, 'Content-Type': 'application/json' },
      true,
    )
    if (expect ? s !== expect : s >= 300) throw new Error(`${method} ${path}: ${s} ${t}`)
    return t ? JSON.parse(t) : null
  }
  headers(token, more = {}) {
    return {
      'X-API-KEY': this.b.apiKey,
      'Content-Type': 'text/plain',
      ...(token ? { 'X-API-TOKEN': token } : {}),
      ...more,
    }
  }
  async ec() {
    const p = await jose.generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
    const { kty, crv, x, y } = await jose.exportJWK(p.publicKey)
    return { kind: 'EC', priv: p.privateKey, pub: b64(JSON.stringify({ kty, crv, x, y })) }
  }
  async rsa() {
    const p = await jose.generateKeyPair('RSA-OAEP-256', { extractable: true })
    return {
      kind: 'RSA',
      priv: p.privateKey,
      pub: (await jose.exportSPKI(p.publicKey)).replace(/-----.*-----|\s/g, ''),
    }
  }
  async session(pair, a, ref) {
    const token = find(a, 'token'),
      server = find(a, ...PK)
    if (!token || !server) throw new Error(JSON.stringify(a))
    ref = find(a, 'referenceId') ?? ref
    if (!pair) return { token, k: this.static, o: this.static, alg: 'dir', ref }
    if (pair.kind === 'RSA')
      return {
        token,
        k: await jose.importSPKI(
          `-----BEGIN PUBLIC KEY-----\n${server}\n-----END PUBLIC KEY-----`,
          'RSA-OAEP-256',
        ),
        o: pair.priv,
        alg: 'RSA-OAEP-256',
        ref,
      }
    const peer = await subtle.importKey(
      'jwk',
      JSON.parse(Buffer.from(server, 'base64')),
      { name: 'ECDH', namedCurve: 'P-256' },
      false,
      [],
    )
    const z = Buffer.from(await subtle.deriveBits({ name: 'ECDH', public: peer }, pair.priv, 256))
    const sha = (...x) => createHash('sha256').update(Buffer.concat(x)).digest()
    const k = new Uint8Array(
      {
        raw: z,
        sha256: sha(z),
        'concat-kdf': sha(be(1), z, be(7), Buffer.from('A256GCM'), be(0), be(0), be(256)),
      }[this.b.derivation],
    )
    return { token, k, o: k, alg: 'dir', ref }
  }
  async getToken(v2, pair, ref = randomUUID()) {
    pair ??= await this.ec()
    const [s, , t] = await this.http(
      'POST',
      `/token-service/client/server/new/${v2 ? 'v2/' : ''}token`,
      await seal(
        { referenceId: ref, sdkPublicKey: pair.pub, sdkApiKey: this.b.sdkApiKey, accountNumber: ACCOUNT },
        this.static,
      ),
      this.headers(),
    )
    if (s !== 200) throw new Error(s + t)
    const a = await open(t, this.static)
    if (!good(a)) throw new Error(JSON.stringify(a))
    return this.session(pair, a, ref)
  }
  async onboarding(v2, pair) {
    const [s, , t] = await this.http(
      'POST',
      `/onboarding/user/${v2 ? 'v2/' : ''}token`,
      await seal(
        { sdkApiKey: this.b.sdkApiKey, accountNumber: ACCOUNT, ...(pair ? { sdkPublicKey: pair.pub } : {}) },
        this.static,
      ),
      this.headers(),
    )
    if (s !== 200) throw new Error(s + t)
    const a = await open(t, this.static)
    if (!good(a)) throw new Error(JSON.stringify(a))
    return this.session(pair, a)
  }
  async appToken(v2, pair) {
    pair ??= await this.ec()
    const [s, , t] = await this.http(
      'POST',
      `/token-service/new/${v2 ? 'v2/' : ''}token`,
      JSON.stringify({ apiKey: this.b.appApiKey, publicKey: pair.pub, secret: this.b.appSecret }),
      { 'X-API-KEY': this.b.appApiKey, 'Content-Type': 'application/json' },
    )
    if (s !== 200) throw new Error(s + t)
    const a = JSON.parse(t)
    if (!good(a)) throw new Error(t)
    return this.session(pair, a)
  }
  async call(sess, path, obj, more = {}, method = 'POST') {
    const [s, h, t] = await this.http(
      method,
      path,
      obj === undefined ? null : await seal(obj, sess.k, sess.alg),
      this.headers(sess.token, more),
    )
    return [s, h, t.startsWith('ey') && s < 400 ? ((await opens(t, sess.o)) ?? t) : t]
  }
  async echo(sess, more) {
    const body = { n: 1.5, u: 'üñ', id: randomUUID() }
    const [s, , a] = await this.call(sess, '/sandbox/echo', body, more)
    return s === 200 && a.id === body.id && a.n === 1.5 && a.u === 'üñ'
  }
  async renew(sess, path, account = true) {
    const [s, , a] = await this.call(
      sess,
      path,
      { token: sess.token },
      account ? { 'X-ACCOUNT-NUMBER': String(ACCOUNT) } : {},
    )
    if (s !== 200 || !good(a)) throw new Error(s + JSON.stringify(a))
    return { ...sess, token: find(a, 'token'), ref: find(a, 'referenceId') ?? sess.ref }
  }
  async last() {
    return this.api(
      'GET',
      `exchanges/${(await this.api('GET', 'exchanges?before=1000000000&limit=1')).exchanges[0].number}`,
    )
  }
}
