"""Get Token and Get App Token with a foreign JOSE library, from the emulator's ready file alone.

    pip install jwcrypto
    bankezy sandbox --listen 127.0.0.1:8080 --ready-file ready.json
    python3 crates/bankezy-sandbox/examples/foreign_client.py ready.json
"""

import base64
import hashlib
import json
import ssl
import sys
import urllib.request
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwcrypto import jwe, jwk

with open(sys.argv[1], encoding="utf-8") as file:
    ready = json.load(file)
bank = ready["bankezy"]
tls = ssl.create_default_context(cadata=ready["ca_pem"]) if ready["ca_pem"] else None


def post(path, body, content_type, headers=()):
    request = urllib.request.Request(
        ready["url"] + path,
        body.encode(),
        {"X-API-KEY": bank["apiKey"], "Content-Type": content_type, **dict(headers)},
    )
    with urllib.request.urlopen(request, context=tls, timeout=10) as response:
        return response.read().decode()


def seal(key, value):
    header = json.dumps({"enc": "A256GCM", "alg": "dir"}, separators=(",", ":"))
    token = jwe.JWE(json.dumps(value).encode(), header)
    token.add_recipient(key)
    return token.serialize(compact=True)


def unseal(key, text):
    token = jwe.JWE()
    token.deserialize(text, key)
    return json.loads(token.payload)


def secret(raw):
    return jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(raw).decode().rstrip("="))


def wire(key):
    public = json.loads(key.export_public())
    members = {name: public[name] for name in ("kty", "crv", "x", "y")}
    return base64.b64encode(json.dumps(members, separators=(",", ":")).encode()).decode()


def agree(key, server_wire):
    server = jwk.JWK.from_json(base64.b64decode(server_wire).decode())
    private, public = (
        serialization.load_pem_private_key(key.export_to_pem(True, None), None),
        serialization.load_pem_public_key(server.export_to_pem()),
    )
    shared = private.exchange(ec.ECDH(), public)
    if bank["derivation"] == "raw":
        return secret(shared)
    if bank["derivation"] == "sha256":
        return secret(hashlib.sha256(shared).digest())
    number = lambda n: n.to_bytes(4, "big")
    info = number(7) + b"A256GCM" + number(0) + number(0) + number(256)
    return secret(hashlib.sha256(number(1) + shared + info).digest())


def echo(token, key):
    sent = {"hello": "world"}
    answer = post(bank["echoPath"], seal(key, sent), "text/plain", {"X-API-TOKEN": token})
    assert unseal(key, answer) == sent


key_pair = jwk.JWK.generate(kty="EC", crv="P-256")

# Get Token, under the static payload secret.
static = jwk.JWK(kty="oct", k=bank["payloadSecret"])
request = {
    "referenceId": str(uuid.uuid4()),
    "sdkPublicKey": wire(key_pair),
    "sdkApiKey": bank["sdkApiKey"],
    "accountNumber": 1234567890123456789,
}
path = "/token-service/client/server/new/token"
answer = unseal(static, post(path, seal(static, request), "text/plain"))
echo(answer["token"], static)
echo(answer["token"], agree(key_pair, answer["serverPubKey"]))
print("Get Token:", answer["resCode"])

# Get App Token, in clear both ways, then sealed under the agreed key.
request = {"apiKey": bank["appApiKey"], "secret": bank["appSecret"], "publicKey": wire(key_pair)}
answer = json.loads(post("/token-service/new/token", json.dumps(request), "application/json"))
echo(answer["token"], agree(key_pair, answer["serverPublicKey"]))
print("Get App Token:", answer["resCode"])
