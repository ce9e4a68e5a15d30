"""A client of the emulator, written from docs/sandbox.md alone, with jwcrypto."""

import base64
import hashlib
import http.client
import json
import ssl
import struct
import tempfile
import urllib.parse
import uuid

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from jwcrypto import jwe, jwk
from jwcrypto.common import base64url_decode, base64url_encode

GOOD = (0, 100, 200, "200", "TOK200", "ONB200")
PK = ("serverPubKey", "serverPublicKey", "ServerPublicKey")
RENEW = [
    "/token-service/client/server/renewtoken",
    "/token-service/client/app/renew/token",
    "/token-service/client/app/renew/v2/token",
]
INVALIDATE = [
    "/token-service/client/server/invalidate/token",
    "/token-service/client/server/invalidate/v2/token",
]
ACCOUNT = 9876543210123456789


def octkey(raw):
    return jwk.JWK(kty="oct", k=base64url_encode(raw))


def seal(obj, key, alg="dir"):
    t = jwe.JWE(json.dumps(obj), json.dumps({"alg": alg, "enc": "A256GCM"}))
    t.add_recipient(key)
    return t.serialize(compact=True)


def unseal(text, key):
    t = jwe.JWE()
    t.deserialize(text, key)
    return json.loads(t.payload)


def find(o, *names):
    for d in (o, o.get("data")):
        if isinstance(d, dict):
            for n in names:
                if n in d:
                    return d[n]
    return None


def codes(o):
    return [d["resCode"] for d in (o, o.get("data")) if isinstance(d, dict) and "resCode" in d]


def good(o):
    return bool(codes(o)) and all(c in GOOD for c in codes(o))


class Session:
    def __init__(s, token, seal_key, open_key, alg, ref=None):
        s.token, s.k, s.o, s.alg, s.ref = token, seal_key, open_key, alg, ref


class Client:
    def __init__(c, label, path):
        c.label, c.ready, c.lines = label, json.load(open(path)), 0
        u = urllib.parse.urlsplit(c.ready["url"])
        c.u, c.prefix = u, u.path
        c.b, c.static = c.ready["bankezy"], octkey(base64url_decode(c.ready["bankezy"]["payloadSecret"]))
        c.strict = "strict" in label
        c.ssl = None
        if u.scheme == "https":
            c.ssl = ssl.create_default_context(cadata=c.ready["ca_pem"])
            if c.ready["client_cert_pem"]:
                with tempfile.NamedTemporaryFile("w", suffix=".pem") as f:
                    f.write(c.ready["client_cert_pem"] + "\n" + c.ready["client_key_pem"])
                    f.flush()
                    c.ssl.load_cert_chain(f.name)

    def ok(c, name, cond, detail=""):
        assert cond, f"{c.label}: {name}: {detail}"
        c.lines += 1
        print(f"{c.label:22} ok {name}")

    def http(c, method, path, body=None, headers=None, root=False):
        con = (
            http.client.HTTPSConnection(c.u.hostname, c.u.port, timeout=15, context=c.ssl)
            if c.ssl
            else http.client.HTTPConnection(c.u.hostname, c.u.port, timeout=15)
        )
        try:
            con.request(
                method,
                ("" if root else c.prefix) + path,
                body.encode() if isinstance(body, str) else body,
                headers or {},
            )
            r = con.getresponse()
            data = r.read()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, data.decode()
        finally:
            con.close()

    def api(c, method, path, body=None, expect=None):
        s, h, t = c.http(
            method,
            "/_sandbox/" + path,
            None if body is None else json.dumps(body),
            {"Authorization": "Bearer " + c.ready["console"]["token"], "Content-Type": "application/json"},
            True,
        )
        if expect is None:
            assert s < 300, (method, path, s, t)
        else:
            assert s == expect, (method, path, s, t)
        return json.loads(t) if t else None

    # ---- BankEzy calls
    def headers(c, token=None, **more):
        h = {"X-API-KEY": c.b["apiKey"], "Content-Type": "text/plain"}
        if token:
            h["X-API-TOKEN"] = token
        h.update({k.replace("_", "-"): v for k, v in more.items()})
        return h

    def ec(c):
        k = jwk.JWK.generate(kty="EC", crv="P-256")
        return k, (
            base64.b64encode(k.export_public().encode()).decode()
            if set(json.loads(k.export_public())) == {"kty", "crv", "x", "y"}
            else base64.b64encode(
                json.dumps({n: json.loads(k.export_public())[n] for n in ("kty", "crv", "x", "y")}).encode()
            ).decode()
        )

    def rsa(c):
        k = jwk.JWK.generate(kty="RSA", size=2048)
        return (
            k,
            base64.b64encode(
                load_pem_public_key(k.export_to_pem()).public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                )
            ).decode(),
        )

    def session(c, priv, answer, ref=None):
        token, server = find(answer, "token"), find(answer, *PK)
        assert token and server, answer
        ref = find(answer, "referenceId") or ref
        if priv is None:
            return Session(token, c.static, c.static, "dir", ref)
        if priv["kty"] == "RSA":
            pub = load_der_public_key(base64.b64decode(server))
            return Session(
                token,
                jwk.JWK.from_pem(pub.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
                priv,
                "RSA-OAEP-256",
                ref,
            )
        peer = load_pem_public_key(jwk.JWK.from_json(base64.b64decode(server).decode()).export_to_pem())
        z = load_pem_private_key(priv.export_to_pem(private_key=True, password=None), None).exchange(
            ec.ECDH(), peer
        )
        n = lambda i: struct.pack(">I", i)
        raw = {
            "raw": z,
            "sha256": hashlib.sha256(z).digest(),
            "concat-kdf": hashlib.sha256(n(1) + z + n(7) + b"A256GCM" + n(0) + n(0) + n(256)).digest(),
        }[c.b["derivation"]]
        k = octkey(raw)
        return Session(token, k, k, "dir", ref)

    def get_token(c, v2=False, pair=None, ref=None):
        priv, pub = pair or c.ec()
        ref = ref or str(uuid.uuid4())
        body = {
            "referenceId": ref,
            "sdkPublicKey": pub,
            "sdkApiKey": c.b["sdkApiKey"],
            "accountNumber": ACCOUNT,
        }
        s, h, t = c.http(
            "POST",
            f"/token-service/client/server/new/{'v2/' if v2 else ''}token",
            seal(body, c.static),
            c.headers(),
        )
        assert s == 200, (s, t)
        a = unseal(t, c.static)
        assert good(a), a
        return c.session(priv, a, ref)

    def onboarding(c, v2=False, pair=None, ref=None):
        body = {"sdkApiKey": c.b["sdkApiKey"], "accountNumber": ACCOUNT}
        if pair:
            body["sdkPublicKey"] = pair[1]
        if ref:
            body["referenceId"] = ref
        s, h, t = c.http(
            "POST", f"/onboarding/user/{'v2/' if v2 else ''}token", seal(body, c.static), c.headers()
        )
        assert s == 200, (s, t)
        a = unseal(t, c.static)
        assert good(a), a
        return c.session(pair and pair[0], a, ref)

    def app_token(c, v2=False, pair=None):
        priv, pub = pair or c.ec()
        s, h, t = c.http(
            "POST",
            f"/token-service/new/{'v2/' if v2 else ''}token",
            json.dumps({"apiKey": c.b["appApiKey"], "publicKey": pub, "secret": c.b["appSecret"]}),
            {"X-API-KEY": c.b["appApiKey"], "Content-Type": "application/json"},
        )
        assert s == 200, (s, t)
        a = json.loads(t)
        assert good(a), a
        return c.session(priv, a)

    def call(c, sess, path, obj, method="POST", **more):
        s, h, t = c.http(
            method, path, None if obj is None else seal(obj, sess.k, sess.alg), c.headers(sess.token, **more)
        )
        return s, h, (unseal(t, sess.o) if t.startswith("ey") and s < 400 else t)

    def echo(c, sess, **more):
        body = {"n": 1.5, "u": "üñ", "id": str(uuid.uuid4())}
        s, h, a = c.call(sess, "/sandbox/echo", body, **more)
        return s == 200 and a == body

    def renew(c, sess, path, account=True):
        more = {"X_ACCOUNT_NUMBER": str(ACCOUNT)} if account else {}
        s, h, a = c.call(sess, path, {"token": sess.token}, **more)
        assert s == 200 and good(a), (s, a)
        return Session(find(a, "token"), sess.k, sess.o, sess.alg, find(a, "referenceId") or sess.ref)

    def last(c):
        return c.api("GET", "exchanges?before=1000000000&limit=1")["exchanges"][0]
