// Tokens, renewals, other providers, and routes of one's own.
import { INVALIDATE, RENEW, ACCOUNT, b64, good, open, same, seal } from './client.mjs'

export async function calls(c) {
  const acc = { 'X-ACCOUNT-NUMBER': String(ACCOUNT) }
  await c.api('POST', 'reset')
  const rsa = await c.rsa()
  let s, st, h, a, t, x
  for (const v2 of [false, true]) {
    const v = v2 ? 'v2' : 'v1'
    for (const [kind, pair] of [
      ['P-256', await c.ec()],
      ['RSA', rsa],
    ]) {
      s = await c.getToken(v2, pair)
      c.ok(`get-token ${v} ${kind}, echo`, await c.echo(s))
      c.ok(
        `get-token ${v} ${kind}: static secret taken too`,
        await c.echo({ ...s, k: c.static, o: c.static, alg: 'dir' }),
      )
      c.ok(`onboarding ${v} ${kind}, echo`, await c.echo(await c.onboarding(v2, pair)))
      c.ok(`get-app-token ${v} ${kind}, echo`, await c.echo(await c.appToken(v2, pair)))
    }
    c.ok(`onboarding ${v} without key, echo under static`, await c.echo(await c.onboarding(v2)))
  }
  for (const path of RENEW)
    for (const [name, make, account] of [
      ['get-token', () => c.getToken(), true],
      ['onboarding', async () => c.onboarding(false, await c.ec()), true],
      ['app', () => c.appToken(), false],
    ]) {
      const old = await make(),
        fresh = await c.renew(old, path, account)
      ;[st] = await c.call(old, '/sandbox/echo', {})
      c.ok(
        `renew ${path} of ${name}; old token refused, new one works`,
        st === 401 && (await c.echo(fresh)),
        st,
      )
    }
  c.ok('renew of an RSA session', await c.echo(await c.renew(await c.getToken(false, rsa), RENEW[2])))
  s = await c.getToken()
  for (const p of [RENEW[0], RENEW[2]]) {
    ;[st, , a] = await c.call(s, p, { token: s.token })
    c.ok(`renew ${p} without X-ACCOUNT-NUMBER fails`, st === 200 && !good(a), a)
  }
  c.ok('  and the log says why', (await c.last()).problem.rule === 'account-number')
  for (const path of INVALIDATE)
    for (const w of [false, true]) {
      s = await c.getToken()
      ;[st, , a] = await c.call(w ? s : { k: c.static, o: c.static, alg: 'dir' }, path, {
        tokenReferenceId: s.ref,
      })
      if (st !== 200 || !good(a)) throw new Error(st + JSON.stringify(a))
      c.ok(
        `invalidate ${path} ${w ? 'with' : 'without'} X-API-TOKEN`,
        (await c.call(s, '/sandbox/echo', {}))[0] === 401,
      )
    }
  // other providers
  const f = c.ready.faceki
  ;[st, , t] = await c.http(
    'GET',
    '/faceki/auth/api/access-token?' +
      new URLSearchParams({ clientId: f.clientId, clientSecret: f.clientSecret }),
  )
  c.ok('faceki', st === 200 && JSON.parse(t).data.access_token, t)
  ;[st, , t] = await c.http('GET', '/faceki/auth/api/access-token?clientId=x&clientSecret=y')
  c.ok('faceki, wrong credentials', st !== 200 || JSON.parse(t).responseCode !== 0, t)
  h = { Authorization: c.ready.complycube.apiKey, 'Content-Type': 'application/json' }
  for (const e of [{ referrer: 'https://www.example.com/*' }, { appId: 'com.example.app' }]) {
    ;[st, , t] = await c.http(
      'POST',
      '/complycube/v1/tokens',
      JSON.stringify({ clientId: '5eb04fcd0f3e360008035eb1', ...e }),
      h,
    )
    c.ok(`complycube ${Object.keys(e)}`, st === 200 && JSON.parse(t).token, t)
  }
  ;[st] = await c.http('POST', '/complycube/v1/tokens', '{}', { ...h, Authorization: 'no' })
  c.ok('complycube, wrong key', st === 401, st)
  h = {
    Authorization: 'Basic ' + b64(`${c.ready.sardine.clientId}:${c.ready.sardine.clientSecret}`),
    'Content-Type': 'application/json',
  }
  for (const e of [{}, { provider: 'incode' }, { provider: 'au10tix' }]) {
    ;[st, , t] = await c.http(
      'POST',
      '/sardine/v1/identity-documents/tokens',
      JSON.stringify({ sessionKey: 's-1', ...e }),
      h,
    )
    c.ok(`sardine ${e.provider ?? ''}`, st === 200 && JSON.parse(t).access_token, t)
  }
  ;[st] = await c.http('POST', '/sardine/v1/identity-documents/tokens', '{"sessionKey":"s"}', {
    ...h,
    Authorization: 'Basic eDp5',
  })
  c.ok('sardine, wrong credentials', st === 401, st)
  // routes of our own
  s = await c.getToken()
  ;[st, , a] = await c.call(s, '/wallet/balance', {
    account: 'A1',
    amount: 5,
    items: [{ id: 7 }],
    name: 'Ann',
  })
  c.ok(
    'route session',
    st === 200 &&
      a.account === 'A1' &&
      a.amount === 5 &&
      a.first === 7 &&
      a.note === 'for Ann' &&
      a.gone === null &&
      a.goneIn === 'ab' &&
      a.all.name === 'Ann' &&
      a.id.length === 36 &&
      a.at,
    a,
  )
  c.ok(
    '  the log notes the missing member',
    (await c.last()).notes.some((n) => n.includes('nope')),
  )
  ;[st, , t] = await c.http('GET', '/status')
  c.ok('route clear', st === 200 && JSON.parse(t).ok === true && same(JSON.parse(t).items, [1, 2]), t)
  ;[st, , t] = await c.http('POST', '/card/static', await seal({}, c.static), c.headers())
  c.ok('route static, status 201', st === 201 && (await open(t, c.static)).ok, t)
  ;[st, , a] = await c.call(s, '/wallet/item', undefined, {}, 'DELETE')
  c.ok('route DELETE without body', st === 200 && a.deleted === true, [st, a])
}
