#!/usr/bin/env python3
"""Writes fuzz/seeds/ anew, from test-vectors/, tests/data/ and the answers that are documented.

What the first bytes of an input mean is said at the top of each target. Needs Python 3.11.
"""

import base64
import json
import math
import shutil
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
ROOT = FUZZ.parent
DATA = ROOT / "tests" / "data"
SEEDS = FUZZ / "seeds"
# Stands for what no error may show, and the secret of a vector; the same as in src/lib.rs.
CANARY = "Zq7VXw2mKp9r"
SECRET = "5fzbfmEsUA14MHH7ztyoHXDlhZkXRPvY7JqJwocak9s"
# Longer ones slow the fuzzer down and reach nothing more.
LONGEST = 2048
WRITTEN = set()


def main():
    shutil.rmtree(SEEDS, ignore_errors=True)
    vectors()
    keys()
    encrypted_keys()
    rsa_numbers()
    captures()
    secrets()
    patterns()
    payloads()
    answers()


def seed(target, name, *parts):
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    if len(content) <= LONGEST and (target, content) not in WRITTEN:
        WRITTEN.add((target, content))
        path = SEEDS / target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def vectors():
    for header in [{"alg": CANARY}, {"alg": "dir", "enc": CANARY}, {CANARY: CANARY},
                   {"alg": "ECDH-ES", "enc": "A256GCM", "epk": CANARY, "apu": CANARY}]:
        seed("header", f"canary-{len(header)}{header.get('alg', '')}", b"\2", json.dumps(header))
    for number, text in enumerate([CANARY, ".".join([CANARY] * 5)]):
        seed("open", f"canary-{number}", text)
    for source in ["nimbus", "jose", "rfc"]:
        cases = json.loads((ROOT / "test-vectors" / f"{source}.json").read_text())["cases"]
        for case in cases:
            name = f"{source}-{case['id']}"
            # Alike but for their keys.
            if source == "nimbus" and 29 < case["id"] < 45:
                continue
            seed("open", name, case["jwe"])
            header = unpadded(case["jwe"].split(".")[0])
            seed("header", name, bytes([0 if case["kind"].startswith("rsa") else 2]), header)
            if "server_pub_key" in case:
                seed("public_key", f"{name}-wire", b"\0", case["server_pub_key"])


def keys():
    for choice, target in enumerate(["public_key", "private_key"] * 2):
        seed(target, f"canary-{choice}", bytes([choice]), CANARY * 3)
    jwk = {name: CANARY for name in ["kty", "crv", "x", "y", "d", "use", "alg", "key_ops"]}
    for target in ["public_key", "private_key"]:
        for known in [{}, {"kty": "EC"}, {"kty": "EC", "crv": "P-256"}, {"kty": "RSA"}]:
            seed(target, f"canary-jwk-{len(known)}{known.get('kty', '')}", b"\1", json.dumps(jwk | known))
    for path in sorted(DATA.glob("*.pem")):
        pem = path.read_text()
        der = base64.b64decode("".join(
            line for line in pem.split("-----")[-3].splitlines() if ":" not in line))
        if ".pub." in path.name or "certificate" in path.name:
            seed("public_key", f"{path.stem}-pem", b"\2", pem)
            seed("public_key", f"{path.stem}-der", b"\3", der)
            seed("public_key", f"{path.stem}-wire", b"\0", base64.b64encode(der))
            if "certificate" in path.name:
                seed("public_key", f"{path.stem}-x509-der", b"\4", der)
                seed("public_key", f"{path.stem}-x509-pem", b"\6", pem)
        else:
            seed("private_key", f"{path.stem}-pem", b"\0", pem)
            seed("private_key", f"{path.stem}-der", b"\3" if "pkcs1" in path.name else b"\2", der)
    for path in sorted(DATA.glob("*.jwk.json")):
        jwk = json.loads(path.read_text())
        seed("private_key", path.stem, b"\1", json.dumps(jwk, separators=(",", ":")))
        public = {name: jwk[name] for name in jwk if name in ["kty", "crv", "x", "y", "n", "e"]}
        text = json.dumps(public, separators=(",", ":"))
        seed("public_key", path.stem, b"\1", text)
        seed("public_key", f"{path.stem}-wire", b"\0", base64.b64encode(text.encode()))
        with_use = public | {"use": "enc", "key_ops": [], "kid": "1"}
        seed("public_key", f"{path.stem}-use", b"\1", json.dumps(with_use))


def encrypted_keys():
    seed("encrypted_key", "canary", b"\0", f"-----BEGIN {CANARY}-----")
    for path in sorted((ROOT / "tests" / "api" / "encrypted_keys" / "files").iterdir()):
        # Takes as long as it may.
        if path.name == "ec.iterations.pem":
            continue
        seed("encrypted_key", path.name, b"\1" if path.suffix == ".der" else b"\0", path.read_bytes())
        if path.suffix == ".pem" and "ENCRYPTED" in path.read_text():
            seed("encrypted_key", f"{path.stem}-der", b"\1",
                 base64.b64decode("".join(
                     line for line in path.read_text().split("-----")[-3].splitlines()
                     if ":" not in line)))


def captures():
    case = json.loads((ROOT / "test-vectors" / "nimbus.json").read_text())["cases"][4]
    jwe = case["jwe"]
    header, key, nonce, ciphertext, tag = jwe.split(".")
    for name, capture in {
        "bare": jwe, "quoted": f'"{jwe}"', "json": json.dumps({"body": {"data": jwe}}), "two": f"{jwe} {jwe}A",
        "http": f"POST /{CANARY} HTTP/1.1\r\nAuthorization: Bearer {CANARY}\r\n\r\n{jwe}",
        "curl": f"curl -H 'token: {CANARY}' -d '{jwe}' https://{CANARY}.example.com/",
        "folded": f"{jwe[:40]}\r\n{jwe[40:]}", "mark": f"\ufeff{jwe}", "form": f"body={jwe}&a={CANARY}",
        "padded": ".".join(part + "=" * (-len(part) % 4) for part in jwe.split(".")),
        "object": json.dumps({"protected": header, "iv": nonce, "ciphertext": ciphertext, "tag": tag}),
        "general": json.dumps({"protected": header, "recipients": [{}], "iv": nonce,
                               "ciphertext": ciphertext, "tag": tag}),
        "chunked": f"28\r\n{jwe[:40]}\r\n{len(jwe) - 40:x}\r\n{jwe[40:]}\r\n0\r\n\r\n",
        "joined": f"resp.body=msg_{jwe}_{CANARY}", "canary": CANARY,
    }.items():
        seed("capture", f"message-{name}", b"\0", capture)
        seed("capture", f"message-{name}-utf16", b"\0", capture.encode("utf-16"))
        seed("capture", f"inspect-{name}", b"\2", capture)
    secret = unpadded(SECRET)
    for name, text in {
        "base64url": SECRET, "base64": base64.b64encode(secret).decode(),
        "hex": secret.hex(), "0x": f"0x{secret.hex().upper()}", "colons": secret.hex(":"),
        "name": f"BANKEZY_SECRET='{secret.hex()}'", "quoted": f'"{secret.hex()}"',
        "oct": json.dumps({"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode().rstrip("=")}),
        "twice": base64.b64encode(base64.b64encode(secret)).decode(), "raw": secret, "canary": CANARY * 3,
        "uuid": "123e4567-e89b-12d3-a456-426614174000",
    }.items():
        seed("capture", f"secret-{name}", b"\1", text)


def rsa_numbers():
    """Keys whose numbers go together in ways that no mutation finds."""
    jwk = json.loads((DATA / "rsa2048.jwk.json").read_text())
    n, e, d, p, q = (int.from_bytes(unpadded(jwk[name])) for name in ["n", "e", "d", "p", "q"])
    totient = math.lcm(p - 1, q - 1)
    above_n = d + ((n - d) // totient + 1) * totient
    long_e = next(e for e in range(2**33 - 1, 0, -2) if math.gcd(e, totient) == 1)
    for name, numbers in {
        "swapped": (n, e, d, q, p),
        "d-above-n": (n, e, above_n, p, q),
        "e-33-bits": (n, long_e, pow(long_e, -1, totient), p, q),
        "p-one": (n, e, d, 1, n),
        "p-square": (p * p, e, pow(e, -1, p - 1), p, p),
    }.items():
        n2, e2, d2, p2, q2 = numbers
        inverse = pow(q2, -1, p2) if math.gcd(p2, q2) == 1 else 1
        halves = [d2 % (prime - 1) if prime > 1 else 0 for prime in (p2, q2)]
        seed("private_key", f"rsa-{name}", b"\3", der([0, *numbers, *halves, inverse]))


def der(numbers):
    """An ASN.1 SEQUENCE of INTEGERs."""
    def element(tag, content):
        length = len(content)
        prefix = length.to_bytes((length.bit_length() + 7) // 8)
        return bytes([tag]) + (bytes([length]) if length < 128 else
                               bytes([0x80 | len(prefix)]) + prefix) + content
    integers = (element(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in numbers)
    return element(0x30, b"".join(integers))


def secrets():
    for choice in range(4):
        seed("secret", f"{choice}-canary", bytes([choice]), CANARY * 3)
    secret = bytes(range(224, 256))
    for choice, texts in enumerate([
        [base64.b64encode(secret)],
        [base64.urlsafe_b64encode(secret)],
        [secret.hex(), secret.hex().upper()],
        ["0123456789abcdef" * 2],
    ]):
        for number, text in enumerate(texts):
            seed("secret", f"{choice}-{number}", bytes([choice]), text)
            seed("secret", f"{choice}-{number}-cut", bytes([choice]), text[:-1])


def patterns():
    for number, pattern in enumerate([
        "https://www.example.com/*", "*://*.example.com/a*b/", "http://localhost:8080/",
        "*://*:*/*", "https://[2001:db8::1]:443/*", "https://xn--bcher-kva.example/*",
        "<all_urls>", "file:///*", "https://a.*.example/", "https://example.com", "https://example.com:0/",
        f"https://{CANARY}.{CANARY}", f"{CANARY}://{CANARY}/",
    ]):
        seed("match_pattern", str(number), pattern)


def payloads():
    # Where sealing changes its way: pieces of 768 bytes, groups of three.
    for length in [0, 1, 2, 3, 16, 767, 768, 769, 1539]:
        payload = b'{"a":"' + b"x" * length if length > 6 else b"{" * length
        for used, choice in [(0, 0), (255, 255), (9, 254)]:
            seed("round_trip", f"{length}-{used}-{choice}", bytes([used, choice]), payload[:length])
        # Half of it is a text to decode.
        text = b"eyJhIjoieHh4" * 256
        seed("base64url", f"{length}", bytes([128]), text[:length] + bytes(i * 89 % 256 for i in range(length)))
    for name, change in {
        "none": b"", "set": b"\1\0\x50A", "flip": b"\2\0\x50\x20", "insert": b"\3\0\x29.",
        "remove": b"\4\0\x28\0", "cut": b"\5\0\x60\0", "pad": b"\3\0\x55=",
        "there-and-back": b"\2\0\x50\x20\2\0\x50\x20",
    }.items():
        input = change + b'\0{"referenceId":"1"}'
        seed("mutated", name, input)
        keys = ["rsa-given", "rsa-own", "p256-given", "p256-own"]
        # RSA is slow: two of each.
        for choice, key in enumerate(keys):
            if choice < 2 and name not in ["none", "flip"]:
                continue
            seed("recipient", f"{key}-{name}", bytes([choice]), input)


def answers():
    server = json.loads((ROOT / "test-vectors" / "nimbus.json").read_text())["cases"][28]
    rsa = base64.b64encode(base64.b64decode("".join(
        (DATA / "rsa2048.pub.pem").read_text().splitlines()[1:-1]))).decode()
    token = {"token": CANARY, "expireAt": 1700000000000, "referenceId": CANARY,
             "tokenReferenceId": CANARY, "loginId": 7, "accountNumber": "1234567890123456789",
             "serverPubKey": server["server_pub_key"]}
    bankezy = {
        "flat": {"resCode": 200, "resDesc": CANARY} | token,
        "nested": {"resCode": "TOK200", "data": {"resCode": 100} | token},
        "onboarding": {"resCode": "ONB200", "data": {"resCode": 200} | token},
        "rsa": {"resCode": 200, "data": {"resCode": 0} | token | {"serverPubKey": rsa}},
        "failed": {"resCode": "TOK002", "resDesc": CANARY, "errorMessage": "null"},
        "inner-failed": {"resCode": 200, "data": {"resCode": 301, "errorMessage": CANARY}},
        "odd-code": {"resCode": CANARY, "data": None},
        "odd-types": {"resCode": {"a": CANARY}, "token": [CANARY], "expiry": CANARY},
        "no-token": {"resCode": 200, "data": {"token": None, "expiryAt": "1700000000000"}},
    }
    for name, body in bankezy.items():
        calls = range(7) if name == "nested" else [0, 6] if name == "rsa" else [0, 5]
        for call in calls:
            seed("bankezy_answer", f"{name}-{call}", bytes([call, 0]),
                 json.dumps(body, separators=(",", ":")))
    for status in [4, 5, 0x80, 0x85]:
        seed("bankezy_answer", f"status-{status:02x}", bytes([0, status]),
             json.dumps(bankezy["failed"]))
    seed("bankezy_answer", "text", b"\0\x85", f"<html>{CANARY * 4}</html>")
    access = {"access_token": CANARY, "expires_in": 3600, "token_type": CANARY}
    clear = {
        (0, "token"): {"responseCode": 0, "data": access},
        (0, "code"): {"responseCode": 8003, "data": {}, "message": CANARY},
        (0, "status"): {"status": False, "message": CANARY, "statusCode": 422, "data": {}},
        (0, "credential"): {"clientSecret": CANARY},
        (1, "token"): {"token": CANARY},
        (1, "refusal"): {"type": "invalid_request", "message": CANARY, "param": "clientId"},
        (1, "other"): {"type": CANARY, "message": CANARY, "param": CANARY},
        (2, "token"): access | {"scope": "mobilesdk", "verification_id": CANARY,
                                "incode_sdk_base_url": f"https://{CANARY}.example.com"},
        (2, "odd-types"): {"access_token": 1, "expires_in": CANARY},
        (2, "long"): access | {"expires_in": 2**64 - 1},
    }
    for (provider, name), body in clear.items():
        for status in [0, 4]:
            seed("plain_json_answer", f"{provider}-{name}-{status}", bytes([provider, status]),
                 json.dumps(body, separators=(",", ":")))
    seed("plain_json_answer", "text", b"\0\7", f"120 {CANARY * 4}")


main()
