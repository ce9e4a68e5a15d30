// Callbacks, faults, clock, and the rest of the console's API.
import { randomBytes, randomUUID } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { ACCOUNT, RENEW, good, open, opens, same, seal, sleepless } from './client.mjs'

const FAULTS =
  'delay 401 429 500 503 html cut-body wrong-key clear-200 huge-body drop-before drop-after after-401 after-429 after-503'.split(
    ' ',
  )

export async function console(c) {
  const acc = { 'X-ACCOUNT-NUMBER': String(ACCOUNT) }
  let s = await c.getToken(),
    st,
    h,
    a,
    t,
    x
  // callbacks
  let got = {}
  const sid = (await c.api('GET', 'sessions')).sessions[0].id
  const srv = http.createServer((q, r) => {
    const p = []
    q.on('data', (d) => p.push(d))
    q.on('end', async () => {
      const key = q.url === '/static' ? c.static : s.k
      got = { body: await open(Buffer.concat(p).toString(), key), h: q.headers }
      r.writeHead(202, { 'Content-Type': 'text/plain' })
      r.end(q.url === '/plain' ? 'plain' : await seal({ seen: true }, key))
    })
  })
  await new Promise((r) => srv.listen(0, '127.0.0.1', r))
  const url = `http://127.0.0.1:${srv.address().port}`
  for (const [p, key] of [
    ['/static', 'static'],
    ['/session', `session ${sid}`],
  ]) {
    a = await c.api('POST', 'callbacks', {
      url: url + p,
      key,
      body: { event: 'paid' },
      headers: { 'X-Event': 'paid' },
    })
    const op = typeof a.opened === 'string' ? JSON.parse(a.opened) : a.opened
    c.ok(
      `callback ${key.split(' ')[0]}`,
      a.status === 202 &&
        op.seen === true &&
        got.body.event === 'paid' &&
        got.h['x-event'] === 'paid' &&
        got.h['content-type'] === 'text/plain',
      a,
    )
  }
  c.ok(
    'callback answered in clear: opened is null',
    (await c.api('POST', 'callbacks', { url: url + '/plain', key: `session ${sid}`, body: 1 })).opened ===
      null,
  )
  srv.closeAllConnections()
  srv.close()
  await c.api('POST', 'callbacks', { url: url + '/static', key: 'static', body: 1 }, 502)
  c.ok('callback to nobody: 502', true)
  await c.api('POST', 'callbacks', { url: 'http://example.com/', key: 'static', body: 1 }, 403)
  c.ok('callback to a foreign host: 403', true)
  // faults
  s = await c.getToken()
  for (const name of FAULTS) {
    const body = {
      fault: name,
      call: 'echo',
      ...(/429|503/.test(name) ? { retryAfter: 7 } : {}),
      ...(name === 'delay' ? { delayMs: 150 } : {}),
      ...(name === 'huge-body' ? { bytes: 100000 } : {}),
    }
    await c.api('POST', 'faults', body, 201)
    const t0 = sleepless()
    let err
    ;[st, h, t] = [null, {}, '']
    try {
      ;[st, h, t] = await c.http('POST', '/sandbox/echo', await seal({ a: 1 }, s.k), c.headers(s.token))
    } catch (e) {
      err = e
    }
    const dt = sleepless() - t0,
      op = t ? await opens(t, s.o) : undefined
    const want = {
      delay: st === 200 && op?.a === 1 && dt >= 149,
      401: st === 401,
      429: st === 429 && h['retry-after'] === '7',
      500: st === 500 && t.includes('<'),
      503: st === 503 && h['retry-after'] === '7',
      html: st === 200 && /<html/i.test(t),
      'cut-body': !!err,
      'wrong-key': st === 200 && t.startsWith('ey') && !op,
      'clear-200': st === 200 && t.includes('"a":1'),
      'huge-body': st === 200 && t.length === 100000,
      'drop-before': !!err,
      'drop-after': !!err,
      'after-401': st === 401,
      'after-429': st === 429 && h['retry-after'] === '7',
      'after-503': st === 503 && h['retry-after'] === '7',
    }[name]
    c.ok(`fault ${name}`, want && (await c.last()).fault === name && (await c.echo(s)), [
      st,
      h,
      t.slice(0, 200),
      String(err),
    ])
  }
  let old = await c.getToken()
  await c.api('POST', 'faults', { fault: 'after-503', call: 'renew' })
  ;[st] = await c.call(old, RENEW[0], { token: old.token }, acc)
  c.ok(
    'fault after-503 on renew: executed, old token is gone',
    st === 503 && (await c.call(old, '/sandbox/echo', {}))[0] === 401,
  )
  old = await c.getToken()
  await c.api('POST', 'faults', { fault: '503', path: RENEW[0] })
  ;[st] = await c.call(old, RENEW[0], { token: old.token }, acc)
  c.ok(
    'fault 503 on renew: not executed, old token works',
    st === 503 && (await c.echo(old)) && (await c.echo(await c.renew(old, RENEW[0]))),
  )
  ;[st] = await c.call(s, '/sandbox/echo', {}, { 'X-Sandbox-Fault': '503' })
  c.ok('fault by header', st === 503 && (await c.echo(s)))
  let t0 = sleepless()
  c.ok(
    'fault by header with amount',
    (await c.echo(s, { 'X-Sandbox-Fault': 'delay=120' })) && sleepless() - t0 >= 119,
  )
  const J = { 'Content-Type': 'application/json' },
    e3 = async () => (await c.call(s, '/sandbox/echo', {}))[0]
  await c.http('POST', '/sandbox/faults', '{"fault":"500","times":2,"path":"/sandbox/echo"}', J)
  c.ok('fault by /sandbox/faults, twice', same([await e3(), await e3(), await e3()], [500, 500, 200]))
  await c.http('POST', '/sandbox/faults', '{"fault":"500","times":9}', J)
  await c.http('POST', '/sandbox/faults', '{"fault":"none"}', J)
  c.ok('fault none clears', await c.echo(s))
  const { id } = await c.api('POST', 'faults', { fault: '500', count: null })
  const two = [await e3(), await e3()]
  await c.api('DELETE', `faults/${id}`)
  c.ok('fault with count null until deleted', same(two, [500, 500]) && (await c.echo(s)))
  await c.api('POST', 'faults', { fault: '500', probability: 0.5, count: null })
  let n = 0
  for (let i = 0; i < 40; i++) n += (await e3()) === 500
  await c.api('DELETE', 'faults')
  c.ok('fault with probability', n > 5 && n < 35 && (await c.echo(s)), n)
  let e = (await c.api('POST', 'faults', { fault: '503x' }, 400)).error
  c.ok('fault misspelt: known names', e.code === 'unknown-fault' && same(e.known, FAULTS), e)
  // clock
  s = await c.getToken()
  const n0 = await c.api('GET', 'clock')
  a = await c.api('POST', 'clock/advance', { seconds: 3600 })
  ;[st, , t] = await c.call(s, '/sandbox/echo', {})
  c.ok(
    'clock advanced: token expired',
    st === 401 && t.includes('expired') && a.aheadMs - n0.aheadMs === 3600000,
    [st, t],
  )
  ;[st] = await c.call(s, RENEW[0], { token: s.token }, acc)
  c.ok('clock advanced: expired token is not renewed', st === 401)
  await c.api('PUT', 'clock', { now: '2031-01-01T00:00:00Z' })
  s = await c.getToken()
  c.ok('clock set', (await c.api('GET', 'clock')).now.startsWith('2031-01-01T00:00') && (await c.echo(s)))
  // tokens, sessions
  let tok = (await c.api('GET', 'tokens?limit=1')).tokens[0]
  await c.api('POST', `tokens/${tok.id}/expire`, {})
  c.ok('token expired by console', (await c.call(s, '/sandbox/echo', {}))[2].includes('expired'))
  s = await c.getToken()
  tok = (await c.api('GET', 'tokens?limit=1')).tokens[0]
  await c.api('POST', `tokens/${tok.id}/invalidate`, {})
  c.ok(
    'token invalidated by console',
    (await c.call(s, '/sandbox/echo', {}))[2].includes('invalidated') && tok.referenceId === s.ref,
  )
  s = await c.getToken()
  await c.api('POST', `sessions/${(await c.api('GET', 'sessions')).sessions[0].id}/expire`, {})
  c.ok('session expired by console', (await c.call(s, '/sandbox/echo', {}))[2].includes('expired'))
  await c.api('POST', 'reset', {})
  // replay
  const pair = await c.ec(),
    body = await seal(
      {
        referenceId: randomUUID(),
        sdkPublicKey: pair.pub,
        sdkApiKey: c.b.sdkApiKey,
        accountNumber: ACCOUNT,
      },
      c.static,
    ),
    G = '/token-service/client/server/new/token'
  const a1 = await open((await c.http('POST', G, body, c.headers()))[2], c.static),
    a2 = await open((await c.http('POST', G, body, c.headers()))[2], c.static)
  x = await c.last()
  c.ok(
    'replay of get-token',
    good(a1) && (c.strict ? !good(a2) && x.problem.rule === 'reference-used' : good(a2) && x.notes.length > 0),
    a2,
  )
  s = await c.session(pair, a1)
  const rb = await seal({ token: s.token }, s.k),
    rh = c.headers(s.token, acc)
  c.ok(
    'replay of renew refused',
    same(
      [(await c.http('POST', RENEW[1], rb, rh))[0], (await c.http('POST', RENEW[1], rb, rh))[0]],
      [200, 401],
    ),
  )
  s = await c.getToken()
  ;[st] = await c.call(s, '/sandbox/echo', {}, { 'Content-Type': 'application/json' })
  c.ok('application/json', st === (c.strict ? 415 : 200), st)
  ;[st] = await c.http(
    'POST',
    '/sandbox/echo',
    await seal({}, s.k),
    c.headers(s.token.startsWith('Bearer ') ? s.token.slice(7) : 'Bearer ' + s.token),
  )
  c.ok('token in another form', st === (c.strict ? 401 : 200), st)
  // log
  x = await c.api('GET', 'exchanges?since=0&limit=2')
  c.ok(
    'exchanges',
    x.exchanges.length === 2 && x.more && ['next', 'missed', 'oldest', 'newest', 'run'].every((k) => k in x),
  )
  x = await c.last()
  c.ok(
    'exchange with bodies',
    [
      'number',
      'time',
      'peer',
      'method',
      'path',
      'call',
      'status',
      'durationMs',
      'fault',
      'failed',
      'problem',
      'notes',
      'token',
      'request',
      'response',
    ].every((k) => k in x),
  )
  const tls = c.u.protocol === 'https:'
  x = await new Promise((ok, no) => {
    const r = (tls ? https : http).get(
      {
        host: c.u.hostname,
        port: c.u.port,
        path: '/_sandbox/exchanges/stream?since=0',
        headers: c.auth,
        agent: false,
        ...(tls
          ? {
              ca: c.ready.ca_pem,
              cert: c.ready.client_cert_pem ?? undefined,
              key: c.ready.client_key_pem ?? undefined,
            }
          : {}),
      },
      (res) => {
        let b = ''
        res.on('data', (d) => {
          b += d
          if (/event: exchange/.test(b) && /data: ?\{/.test(b)) {
            ok(b)
            r.destroy()
          }
        })
      },
    )
    r.on('error', no)
  })
  c.ok('stream', !!x)
  // seal, open, inspect, diagnose, credentials
  s = await c.getToken()
  const sid2 = (await c.api('GET', 'sessions')).sessions[0].id
  let sealed
  for (const [key, k] of [
    ['static', c.static],
    [`session ${sid2}`, s.k],
  ]) {
    sealed = (await c.api('POST', 'seal', { key, body: { amount: 5 } })).sealed
    const op = (await c.api('POST', 'open', { sealed: await seal({ b: 6 }, k) })).opened
    c.ok(
      `seal and open, ${key.split(' ')[0]}`,
      (await open(sealed, k)).amount === 5 && (typeof op === 'string' ? JSON.parse(op) : op).b === 6,
      op,
    )
  }
  c.ok('inspect', await c.api('POST', 'inspect', { text: sealed }))
  c.ok(
    'diagnose',
    (await c.api('POST', 'diagnose', { text: await seal({}, c.static), secret: c.b.payloadSecret })).report,
  )
  c.ok('credentials', (await c.api('GET', 'credentials')).bankezy.payloadSecret === c.b.payloadSecret)
  // refusals
  c.ok('console without token: 401', (await c.http('GET', '/_sandbox/exchanges', null, {}, true))[0] === 401)
  c.ok(
    'wrong key: 400',
    (
      await c.http(
        'POST',
        '/sandbox/echo',
        await seal({}, new Uint8Array(randomBytes(32))),
        c.headers(s.token),
      )
    )[0] === 400 && (await c.last()).failed,
  )
  c.ok(
    'no X-API-KEY: 401',
    (
      await c.http('POST', '/sandbox/echo', await seal({}, s.k), {
        'X-API-TOKEN': s.token,
        'Content-Type': 'text/plain',
      })
    )[0] === 401,
  )
  c.ok('wrong path: 404', (await c.http('POST', '/nope', '', c.headers()))[0] === 404)
  await c.api('DELETE', 'exchanges')
  c.ok('log emptied', (await c.api('GET', 'exchanges?since=0')).exchanges.length === 0)
  await c.api('POST', 'reset', {})
  ;[st] = await c.call(s, '/sandbox/echo', {})
  c.ok('reset forgets tokens', st === 401 && (await c.echo(await c.getToken())))
}
