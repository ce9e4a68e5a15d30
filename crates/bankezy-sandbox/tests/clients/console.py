"""Callbacks, faults, clock, and the rest of the console's API."""

import http.client
import http.server
import json
import os
import ssl
import threading
import time
import uuid

from client import ACCOUNT, RENEW, good, octkey, seal, unseal

FAULTS = (
    "delay 401 429 500 503 html cut-body wrong-key clear-200 huge-body"
    " drop-before drop-after after-401 after-429 after-503"
).split()


def console(c):
    s = c.get_token()
    # callbacks
    got = {}
    me = c
    sid = c.api("GET", "sessions")["sessions"][0]["id"]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(h):
            key = c.static if h.path == "/static" else s.k
            got["body"] = unseal(h.rfile.read(int(h.headers["Content-Length"])).decode(), key)
            got["h"] = h.headers
            out = b"plain" if h.path == "/plain" else seal({"seen": True}, key).encode()
            h.send_response(202)
            h.send_header("Content-Type", "text/plain")
            h.send_header("Content-Length", str(len(out)))
            h.end_headers()
            h.wfile.write(out)

        def log_message(h, *a):
            pass

    srv = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=srv.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{srv.server_port}"
    for path, key in (("/static", "static"), ("/session", f"session {sid}")):
        a = c.api(
            "POST",
            "callbacks",
            {"url": url + path, "key": key, "body": {"event": "paid"}, "headers": {"X-Event": "paid"}},
        )
        op = a["opened"]
        op = json.loads(op) if isinstance(op, str) else op
        c.ok(
            f"callback {key.split()[0]}",
            a["status"] == 202
            and op == {"seen": True}
            and got["body"] == {"event": "paid"}
            and got["h"]["X-Event"] == "paid"
            and got["h"]["Content-Type"] == "text/plain",
            a,
        )
    a = c.api("POST", "callbacks", {"url": url + "/plain", "key": f"session {sid}", "body": 1})
    c.ok("callback answered in clear: opened is null", a["opened"] is None, a)
    srv.shutdown()
    srv.server_close()
    c.api("POST", "callbacks", {"url": url + "/static", "key": "static", "body": 1}, 502)
    c.ok("callback to nobody: 502", True)
    c.api("POST", "callbacks", {"url": "http://example.com/", "key": "static", "body": 1}, 403)
    c.ok("callback to a foreign host: 403", True)
    # faults
    s = c.get_token()
    for name in FAULTS:
        body = {"fault": name, "call": "echo"}
        if name in ("429", "503", "after-429", "after-503"):
            body["retryAfter"] = 7
        if name == "delay":
            body["delayMs"] = 150
        if name == "huge-body":
            body["bytes"] = 100000
        c.api("POST", "faults", body, 201)
        t0 = time.monotonic()
        try:
            st, h, t = c.http("POST", "/sandbox/echo", seal({"a": 1}, s.k), c.headers(s.token))
        except (http.client.HTTPException, ConnectionError, ssl.SSLError) as e:
            st, h, t = None, {}, repr(e)
        dt = time.monotonic() - t0

        def opens():
            try:
                return unseal(t, s.o) == {"a": 1}
            except Exception:
                return False

        want = {
            "delay": lambda: st == 200 and opens() and dt >= 0.15,
            "401": lambda: st == 401 and "html" not in t,
            "429": lambda: st == 429 and h["retry-after"] == "7",
            "500": lambda: st == 500 and "<" in t,
            "503": lambda: st == 503 and h["retry-after"] == "7",
            "html": lambda: st == 200 and "<html" in t.lower(),
            "cut-body": lambda: st is None and "IncompleteRead" in t,
            "wrong-key": lambda: st == 200 and t.startswith("ey") and not opens(),
            "clear-200": lambda: st == 200 and json.loads(t) == {"a": 1},
            "huge-body": lambda: st == 200 and len(t) == 100000,
            "drop-before": lambda: st is None,
            "drop-after": lambda: st is None,
            "after-401": lambda: st == 401,
            "after-429": lambda: st == 429 and h["retry-after"] == "7",
            "after-503": lambda: st == 503 and h["retry-after"] == "7",
        }[name]
        c.ok(
            f"fault {name}",
            want() and c.last()["fault"] == name and c.echo(s),
            (st, h, t[:200], c.last()),
        )
    old = c.get_token()
    c.api("POST", "faults", {"fault": "after-503", "call": "renew"})
    st, _, t = c.call(old, RENEW[0], {"token": old.token}, X_ACCOUNT_NUMBER=str(ACCOUNT))
    c.ok(
        "fault after-503 on renew: executed, old token is gone",
        st == 503 and c.call(old, "/sandbox/echo", {})[0] == 401,
    )
    old = c.get_token()
    c.api("POST", "faults", {"fault": "503", "path": RENEW[0]})
    st, _, t = c.call(old, RENEW[0], {"token": old.token}, X_ACCOUNT_NUMBER=str(ACCOUNT))
    c.ok(
        "fault 503 on renew: not executed, old token works",
        st == 503 and c.echo(old) and c.echo(c.renew(old, RENEW[0])),
    )
    st, _, t = c.call(s, "/sandbox/echo", {}, X_Sandbox_Fault="503")
    c.ok("fault by header", st == 503 and c.echo(s), st)
    t0 = time.monotonic()
    c.ok(
        "fault by header with amount",
        c.echo(s, X_Sandbox_Fault="delay=120") and time.monotonic() - t0 >= 0.12,
    )
    st, _, t = c.http(
        "POST",
        "/sandbox/faults",
        '{"fault":"500","times":2,"path":"/sandbox/echo"}',
        {"Content-Type": "application/json"},
    )
    assert st == 200, (st, t)
    c.ok(
        "fault by /sandbox/faults, twice",
        [c.call(s, "/sandbox/echo", {})[0] for _ in range(3)] == [500, 500, 200],
    )
    c.http("POST", "/sandbox/faults", '{"fault":"500","times":9}', {"Content-Type": "application/json"})
    c.http("POST", "/sandbox/faults", '{"fault":"none"}', {"Content-Type": "application/json"})
    c.ok("fault none clears", c.echo(s))
    i = c.api("POST", "faults", {"fault": "500", "count": None})["id"]
    a, b = c.call(s, "/sandbox/echo", {})[0], c.call(s, "/sandbox/echo", {})[0]
    c.api("DELETE", f"faults/{i}")
    c.ok("fault with count null until deleted", (a, b) == (500, 500) and c.echo(s))
    c.api("POST", "faults", {"fault": "500", "probability": 0.5, "count": None})
    n = sum(c.call(s, "/sandbox/echo", {})[0] == 500 for _ in range(40))
    c.api("DELETE", "faults")
    c.ok("fault with probability", 5 < n < 35 and c.echo(s), n)
    e = c.api("POST", "faults", {"fault": "503x"}, 400)["error"]
    c.ok("fault misspelt: known names", e["code"] == "unknown-fault" and e["known"] == FAULTS, e)
    # clock
    s = c.get_token()
    n0 = c.api("GET", "clock")
    a = c.api("POST", "clock/advance", {"seconds": 3600})
    st, _, t = c.call(s, "/sandbox/echo", {})
    c.ok(
        "clock advanced: token expired",
        st == 401 and "expired" in t and a["aheadMs"] - n0["aheadMs"] == 3600000,
        (st, t),
    )
    st, _, t = c.call(s, RENEW[0], {"token": s.token}, X_ACCOUNT_NUMBER=str(ACCOUNT))
    c.ok("clock advanced: expired token is not renewed", st == 401, t)
    c.api("PUT", "clock", {"now": "2031-01-01T00:00:00Z"})
    s = c.get_token()
    c.ok("clock set", c.api("GET", "clock")["now"].startswith("2031-01-01T00:00") and c.echo(s))
    # tokens and sessions
    tok = c.api("GET", "tokens?limit=1")["tokens"][0]
    c.api("POST", f"tokens/{tok['id']}/expire", {})
    c.ok("token expired by console", "expired" in c.call(s, "/sandbox/echo", {})[2])
    s = c.get_token()
    tok = c.api("GET", "tokens?limit=1")["tokens"][0]
    c.api("POST", f"tokens/{tok['id']}/invalidate", {})
    c.ok(
        "token invalidated by console",
        "invalidated" in c.call(s, "/sandbox/echo", {})[2] and tok["referenceId"] == s.ref,
    )
    s = c.get_token()
    ses = c.api("GET", "sessions")["sessions"][0]
    c.api("POST", f"sessions/{ses['id']}/expire", {})
    c.ok("session expired by console", "expired" in c.call(s, "/sandbox/echo", {})[2])
    c.api("POST", "reset", {})
    # replay
    priv, pub = c.ec()
    body = seal(
        {
            "referenceId": str(uuid.uuid4()),
            "sdkPublicKey": pub,
            "sdkApiKey": c.b["sdkApiKey"],
            "accountNumber": ACCOUNT,
        },
        c.static,
    )
    a1, a2 = [
        unseal(c.http("POST", "/token-service/client/server/new/token", body, c.headers())[2], c.static)
        for _ in range(2)
    ]
    x = c.api("GET", f"exchanges/{c.last()['number']}")
    c.ok(
        "replay of get-token",
        good(a1)
        and (good(a2), bool(x["notes"]), x["problem"] and x["problem"]["rule"])
        == ((False, False, "reference-used") if c.strict else (True, True, None)),
        (a2, x["notes"], x["problem"]),
    )
    s = c.session(priv, a1)
    body = seal({"token": s.token}, s.k)
    h = c.headers(s.token, X_ACCOUNT_NUMBER=str(ACCOUNT))
    r1, r2 = [c.http("POST", RENEW[1], body, h)[0] for _ in range(2)]
    c.ok("replay of renew refused", (r1, r2) == (200, 401))
    # application/json and Bearer, which strict refuses
    s = c.get_token()
    st = c.call(s, "/sandbox/echo", {}, Content_Type="application/json")[0]
    c.ok("application/json", st == (415 if c.strict else 200), st)
    other = s.token[7:] if s.token.startswith("Bearer ") else "Bearer " + s.token
    st = c.http("POST", "/sandbox/echo", seal({}, s.k), c.headers(other))[0]
    c.ok("token in another form", st == (401 if c.strict else 200), st)
    # log
    x = c.api("GET", "exchanges?since=0&limit=2")
    c.ok(
        "exchanges",
        len(x["exchanges"]) == 2
        and {"next", "missed", "more", "oldest", "newest", "run"} <= set(x)
        and x["more"],
    )
    one = c.api("GET", f"exchanges/{c.last()['number']}")
    c.ok(
        "exchange with bodies",
        {
            "number",
            "time",
            "peer",
            "method",
            "path",
            "call",
            "status",
            "durationMs",
            "fault",
            "failed",
            "problem",
            "notes",
            "token",
            "request",
            "response",
        }
        <= set(one),
    )
    con = (
        http.client.HTTPSConnection(c.u.hostname, c.u.port, timeout=5, context=c.ssl)
        if c.ssl
        else http.client.HTTPConnection(c.u.hostname, c.u.port, timeout=5)
    )
    con.request(
        "GET",
        "/_sandbox/exchanges/stream?since=0",
        headers={"Authorization": "Bearer " + c.ready["console"]["token"]},
    )
    r = con.getresponse()
    ls = []
    while not any(l.startswith("data:") for l in ls):
        ls.append(r.readline().decode().strip())
    con.close()
    r.close()
    c.ok("stream", r.status == 200 and "event: exchange" in ls, ls)
    # seal, open, inspect, diagnose, credentials
    s = c.get_token()
    sid = c.api("GET", "sessions")["sessions"][0]["id"]
    for key, k in (("static", c.static), (f"session {sid}", s.k)):
        sealed = c.api("POST", "seal", {"key": key, "body": {"amount": 5}})["sealed"]
        op = c.api("POST", "open", {"sealed": seal({"b": 6}, k)})["opened"]
        c.ok(
            f"seal and open, {key.split()[0]}",
            unseal(sealed, k) == {"amount": 5}
            and (json.loads(op) if isinstance(op, str) else op) == {"b": 6},
            op,
        )
    c.ok("inspect", c.api("POST", "inspect", {"text": sealed}))
    c.ok(
        "diagnose",
        c.api("POST", "diagnose", {"text": seal({}, c.static), "secret": c.b["payloadSecret"]})["report"],
    )
    c.ok("credentials", c.api("GET", "credentials")["bankezy"]["payloadSecret"] == c.b["payloadSecret"])
    # refusals
    c.ok("console without token: 401", c.http("GET", "/_sandbox/exchanges", root=True)[0] == 401)
    c.ok(
        "wrong key: 400",
        c.http("POST", "/sandbox/echo", seal({}, octkey(os.urandom(32))), c.headers(s.token))[0] == 400
        and c.last()["failed"],
    )
    c.ok(
        "no X-API-KEY: 401",
        c.http(
            "POST", "/sandbox/echo", seal({}, s.k), {"X-API-TOKEN": s.token, "Content-Type": "text/plain"}
        )[0]
        == 401,
    )
    c.ok("wrong path: 404", c.http("POST", "/nope", "", c.headers())[0] == 404)
    c.api("DELETE", "exchanges")
    c.ok("log emptied", c.api("GET", "exchanges?since=0")["exchanges"] == [])
    c.api("POST", "reset", {})
    st, _, t = c.call(s, "/sandbox/echo", {})
    c.ok("reset forgets tokens", st == 401 and c.echo(c.get_token()), t)
