"""Tokens, renewals, other providers, and routes of one's own."""

import base64
import json
import urllib.parse
import uuid

from client import INVALIDATE, RENEW, Session, good, unseal, seal


def calls(c):
    c.api("POST", "reset")
    rsa = c.rsa()
    # tokens, key exchange
    for v2 in (False, True):
        v = "v2" if v2 else "v1"
        for kind, pair in (("P-256", c.ec()), ("RSA", rsa)):
            s = c.get_token(v2, pair)
            c.ok(f"get-token {v} {kind}, echo", c.echo(s))
            c.ok(
                f"get-token {v} {kind}: static secret taken too",
                c.echo(Session(s.token, c.static, c.static, "dir")),
            )
            s = c.onboarding(v2, pair)
            c.ok(f"onboarding {v} {kind}, echo", c.echo(s))
            s = c.app_token(v2, pair)
            c.ok(f"get-app-token {v} {kind}, echo", c.echo(s))
        s = c.onboarding(v2)
        c.ok(f"onboarding {v} without key, echo under static", c.echo(s))
    # renewals
    for path in RENEW:
        for name, make, account in (
            ("get-token", c.get_token, True),
            ("onboarding", lambda: c.onboarding(pair=c.ec()), True),
            ("app", c.app_token, False),
        ):
            old = make()
            new = c.renew(old, path, account)
            st, _, t = c.call(old, "/sandbox/echo", {})
            c.ok(
                f"renew {path} of {name}; old token refused, new one works",
                st == 401 and c.echo(new),
                (st, t),
            )
    r = c.renew(c.get_token(pair=rsa), RENEW[2])
    c.ok("renew of an RSA session", c.echo(r))
    s = c.get_token()
    st, _, a = c.call(s, RENEW[0], {"token": s.token})
    c.ok("renew without X-ACCOUNT-NUMBER fails", st == 200 and not good(a), a)
    st, _, a = c.call(s, RENEW[2], {"token": s.token})
    c.ok("renew v2 without X-ACCOUNT-NUMBER fails", st == 200 and not good(a), a)
    c.ok(
        "  and the log says why",
        c.api("GET", f"exchanges/{c.last()['number']}")["problem"]["rule"] == "account-number",
    )
    # invalidate
    for path in INVALIDATE:
        for withtoken in (False, True):
            s = c.get_token()
            x = s if withtoken else Session(None, c.static, c.static, "dir")
            st, _, a = c.call(x, path, {"tokenReferenceId": s.ref})
            assert st == 200 and good(a), (st, a)
            st, _, t = c.call(s, "/sandbox/echo", {})
            c.ok(f"invalidate {path} {'with' if withtoken else 'without'} X-API-TOKEN", st == 401, t)
    # other providers
    f = c.ready["faceki"]
    st, _, t = c.http(
        "GET",
        "/faceki/auth/api/access-token?"
        + urllib.parse.urlencode({"clientId": f["clientId"], "clientSecret": f["clientSecret"]}),
    )
    c.ok("faceki", st == 200 and json.loads(t)["data"]["access_token"], t)
    st, _, t = c.http("GET", "/faceki/auth/api/access-token?clientId=x&clientSecret=y")
    c.ok("faceki, wrong credentials", st != 200 or json.loads(t).get("responseCode") != 0, (st, t))
    h = {"Authorization": c.ready["complycube"]["apiKey"], "Content-Type": "application/json"}
    for extra in ({"referrer": "https://www.example.com/*"}, {"appId": "com.example.app"}):
        st, _, t = c.http(
            "POST",
            "/complycube/v1/tokens",
            json.dumps({"clientId": "5eb04fcd0f3e360008035eb1", **extra}),
            h,
        )
        c.ok(f"complycube {list(extra)[0]}", st == 200 and json.loads(t)["token"], (st, t))
    st, _, t = c.http("POST", "/complycube/v1/tokens", "{}", {**h, "Authorization": "no"})
    c.ok("complycube, wrong key", st == 401, (st, t))
    d = c.ready["sardine"]
    h = {
        "Authorization": "Basic "
        + base64.b64encode(f"{d['clientId']}:{d['clientSecret']}".encode()).decode(),
        "Content-Type": "application/json",
    }
    for extra in ({}, {"provider": "incode"}, {"provider": "au10tix"}):
        st, _, t = c.http(
            "POST", "/sardine/v1/identity-documents/tokens", json.dumps({"sessionKey": "s-1", **extra}), h
        )
        c.ok(f"sardine {extra.get('provider', '')}", st == 200 and json.loads(t)["access_token"], (st, t))
    st, _, t = c.http(
        "POST",
        "/sardine/v1/identity-documents/tokens",
        '{"sessionKey":"s"}',
        {**h, "Authorization": "Basic eDp5"},
    )
    c.ok("sardine, wrong credentials", st == 401, (st, t))
    # routes of our own
    s = c.get_token()
    st, _, a = c.call(
        s, "/wallet/balance", {"account": "A1", "amount": 5, "items": [{"id": 7}], "name": "Ann"}
    )
    c.ok(
        "route session",
        st == 200
        and a["account"] == "A1"
        and a["amount"] == 5
        and a["first"] == 7
        and a["note"] == "for Ann"
        and a["gone"] is None
        and a["goneIn"] == "ab"
        and a["all"]["name"] == "Ann"
        and uuid.UUID(a["id"])
        and a["at"],
        a,
    )
    c.ok(
        "  the log notes the missing member",
        any("nope" in n for n in c.api("GET", f"exchanges/{c.last()['number']}")["notes"]),
    )
    st, _, t = c.http("GET", "/status")
    c.ok("route clear", st == 200 and json.loads(t) == {"ok": True, "items": [1, 2]}, t)
    st, _, t = c.http("POST", "/card/static", seal({}, c.static), c.headers())
    c.ok("route static, status 201", st == 201 and unseal(t, c.static) == {"ok": True}, (st, t))
    st, _, a = c.call(s, "/wallet/item", None, "DELETE")
    c.ok("route DELETE without body", st == 200 and a == {"deleted": True}, (st, a))
