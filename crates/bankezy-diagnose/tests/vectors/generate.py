"""Makes python.json: messages under every construction that `bankezy diagnose` names.

    pip install cryptography jwcrypto && python3 generate.py > python.json

It writes at least 400: one or more of every construction, and a sample of their combinations. With `--all`
it writes all combinations, about 2800, which take minutes to check.

Keys are random, so each run gives other messages. Nothing here is taken from the Rust code: hashes are
those of hashlib, KDFs and curves those of `cryptography`, and messages those of `jwcrypto`.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import struct
import sys
import textwrap
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from jwcrypto import jwe, jwk



def b64(octets):
    return base64.b64encode(octets).decode()


def b64u_padded(octets):
    return base64.urlsafe_b64encode(octets).decode()


def b64u(octets):
    return b64u_padded(octets).rstrip("=")


def sha256(octets):
    return hashlib.sha256(octets).digest()


FUNCTIONS = [
    ("SHA-256 of ", sha256),
    ("SHA-512 of ", lambda o: hashlib.sha512(o).digest()),
    ("SHA-384 of ", lambda o: hashlib.sha384(o).digest()),
    ("lower-case hex text of MD5 of ", lambda o: hashlib.md5(o).hexdigest().encode()),
    ("upper-case hex text of MD5 of ", lambda o: hashlib.md5(o).hexdigest().upper().encode()),
    ("lower-case hex text of SHA-256 of ", lambda o: sha256(o).hex().encode()),
    ("upper-case hex text of SHA-256 of ", lambda o: sha256(o).hex().upper().encode()),
    ("lower-case hex text of SHA-512 of ", lambda o: hashlib.sha512(o).hexdigest().encode()),
    ("upper-case hex text of SHA-512 of ", lambda o: hashlib.sha512(o).hexdigest().upper().encode()),
    ("lower-case hex text of SHA-1 of ", lambda o: hashlib.sha1(o).hexdigest().encode()),
    ("upper-case hex text of SHA-1 of ", lambda o: hashlib.sha1(o).hexdigest().upper().encode()),
    ("base64 text of SHA-256 of ", lambda o: b64(sha256(o)).encode()),
    ("SHA-256 of SHA-256 of ", lambda o: sha256(sha256(o))),
    ("SHA3-256 of ", lambda o: hashlib.sha3_256(o).digest()),
]


def taken(name, octets):
    """The keys in some octets, with their names."""
    if len(octets) == 32:
        return [(name, octets)]
    if len(octets) > 32:
        return [("first 32 bytes of " + name, octets[:32]), ("last 32 bytes of " + name, octets[-32:])]
    return []


def sealed(key, header=None):
    """A compact JWE: by jwcrypto, or by hand where the header has members that it does not take."""
    if header is None:
        message = jwe.JWE(b"{}", json.dumps({"alg": "dir", "enc": "A256GCM"}))
        message.add_recipient(jwk.JWK(kty="oct", k=b64u(key)))
        return message.serialize(compact=True)
    protected = b64u(json.dumps(header).encode())
    iv = os.urandom(12)
    text = AESGCM(key).encrypt(iv, b"{}", protected.encode())
    return ".".join([protected, "", b64u(iv), b64u(text[:-16]), b64u(text[-16:])])


# Secrets


def until(make, good):
    while True:
        made = make()
        if good(made):
            return made


def base64_secret(octets=32):
    return until(lambda: os.urandom(octets), lambda o: set("+/") & set(b64(o)))


def hex_secret(octets=32):
    return until(lambda: os.urandom(octets), lambda o: not o.hex().isdigit())


def text_secret(length):
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!$%*?"
    return until(
        lambda: "".join(secrets.choice(alphabet) for _ in range(length)),
        lambda t: set("!$%*?") & set(t[1:-1]),
    )


def all_escaped(octets):
    return repr(octets).count("\\x") == len(octets)


def secret_vectors():
    out = []

    def add(written, key, name):
        if isinstance(written, str):
            written = written.encode()
        assert len(key) == 32, name
        out.append({"secret": b64(written), "name": name, "jwe": sealed(key)})

    def usual(name):
        if name == "base64url":
            octets = base64_secret()
            return b64u(octets), octets
        if name == "base64":
            octets = base64_secret()
            return b64(octets), octets
        if name == "hex":
            octets = hex_secret()
            return octets.hex(), octets
        text = text_secret(32)
        return text, text.encode()

    usuals = ["base64url", "base64", "hex", "utf8"]
    for name in usuals:
        for end in ("", "\n", "\r\n"):
            written, key = usual(name)
            add(written + end, key, name)
    for _ in range(2):
        octets = until(lambda: os.urandom(32), lambda o: b"\xff" in o and o[-1] not in b"\r\n")
        add(octets, octets, "the 32 raw bytes (PayloadSecret::from_bytes)")

    quotes = "removing the quotation marks"
    brackets = "removing the brackets around it"
    in_front = "removing the name in front of it"
    for name in usuals:
        for wrap, words in [
            (lambda s: f'"{s}"', [quotes]),
            (lambda s: f"'{s}'\n", [quotes]),
            (lambda s: f"PAYLOAD_SECRET={s}\n", [in_front]),
            (lambda s: f'export SECRET="{s}"\n', [in_front, quotes]),
            (lambda s: f"payloadSecret: {s}\n", [in_front]),
            (lambda s: json.dumps({"payloadSecret": s}), ["taking it out of the JSON", quotes]),
            (lambda s: json.dumps({"id": "1", "secret": s}), ["taking it out of the JSON", quotes]),
            (lambda s: b"\xef\xbb\xbf" + s.encode(), ["removing the byte order mark"]),
            (lambda s: s.encode("utf-16"), ["converting it from UTF-16"]),
            (lambda s: s.encode("utf-16-be"), ["converting it from UTF-16"]),
            (lambda s: f"  {s} \n", ["removing white space around it"]),
        ]:
            written, key = usual(name)
            add(wrap(written), key, f"{name} after {', '.join(words)}")
    for _ in range(2):
        octets = base64_secret()
        members = {"kty": "oct", "kid": "1", "k": b64u(octets)}
        add(json.dumps(members), octets, f"base64url after taking `k` out of the JWK, {quotes}")
        members = {"keys": [members]}
        words = "taking it out of the JSON, taking it out of the JSON, taking `k` out of the JWK"
        add(json.dumps(members), octets, f"base64url after {words}, {quotes}")
        octets = hex_secret()
        add("0x" + octets.hex(), octets, "hex after removing `0x`")
        add(octets.hex(":"), octets, "hex after removing colons, dashes and spaces")
        add(octets.hex(" ").upper(), octets, "hex after removing colons, dashes and spaces")
        octets = base64_secret()
        add(b64(octets)[:20] + "\n" + b64(octets)[20:], octets, "base64 after removing white space within it")

        octets = base64_secret()
        add(b64(b64(octets).encode()), octets, "the twice decoded base64")
        add(b64(octets.hex().encode()), octets, "the decoded base64 of hex")
        add(b64(octets).encode().hex(), octets, "the decoded hex of base64")

        folded = "\n".join(textwrap.wrap(octets.hex(), 60)) + "\n"
        add(b64(folded.encode()), octets, "the decoded base64 of hex")
        add(b64(b64u(octets).encode()), octets, "the decoded base64 of base64url")
        add(b64u(octets).encode().hex(), octets, "the decoded hex of base64url")

        # What is around values in JSON, settings files, shells and programs.
        json_words = f"taking it out of the JSON, {quotes}"
        punctuation, comment = "removing the comma or semicolon after it", "removing the comment after it"
        escapes = "undoing the backslash escapes"
        octets = until(base64_secret, lambda o: "/" in b64(o))
        text = b64(octets)
        as_php_writes = text.replace("/", "\\/")
        for written, words in [
            (f'{{"payloadSecret":"{as_php_writes}"}}', f"{json_words}, {escapes}"),
            (f'"{as_php_writes}"', f"{quotes}, {escapes}"),
            (f'"{text}",', f"{punctuation}, {quotes}"),
            (f"{text};\n", punctuation),
            (f'SECRET="{text}" # the secret\n', f"{in_front}, {comment}, {quotes}"),
            (f"SECRET={text} # the secret\n", f"{in_front}, {comment}"),
            (f"export SECRET={text}\n", in_front),
            (f'$env:SECRET = "{text}"\n', f"{in_front}, {quotes}"),
            (f"const secret = '{text}'; // the secret", f"{in_front}, {comment}, {quotes}"),
            (json.dumps({"id": 1, "name": "a", "PayloadSecret": text}), json_words),
            (json.dumps({"id": 1, "data": {"n": 2, "payload_secret": text}}), f"taking it out of the JSON, {json_words}"),
        ]:
            add(written, octets, f"base64 after {words}")
        members = {"keys": [{"kty": "EC", "x": "AAAA"}, {"kty": "oct", "k": b64u(octets)}]}
        words = "taking it out of the JSON, taking it out of the JSON, taking `k` out of the JWK"
        add(json.dumps(members), octets, f"base64url after {words}, {quotes}")
        octets = hex_secret()
        each = ", ".join(f"0x{octet:02x}" for octet in octets)
        add(str(list(octets)), octets, f"the octets in decimal after {brackets}")
        signed = [octet - 256 if octet > 127 else octet for octet in octets]
        in_json = f"taking it out of the JSON, {brackets}"
        add(json.dumps({"type": "Buffer", "data": signed}), octets, f"the octets in decimal after {in_json}")
        add(f"byteArrayOf({', '.join(map(str, signed))})", octets, f"the octets in decimal after {brackets}")
        add(f"Uint8Array(32) {list(octets)}", octets, f"the octets in decimal after {brackets}")
        add(f"new byte[] {{{each}}};", octets, f"hex after {brackets}, removing `0x`, removing colons, dashes and spaces")
        add(each, octets, "hex after removing `0x`, removing colons, dashes and spaces")
        add(f"{{{each}}}", octets, f"hex after {brackets}, removing `0x`, removing colons, dashes and spaces")

    line = "taking one of its lines"
    for _ in range(2):
        octets = base64_secret()
        text = b64(octets)
        for written, words in [
            (f"payloadSecret\t{text}\n", "taking one of the columns"),
            (f"1,payloadSecret,{text}\n", "taking one of the columns"),
            (f"| payloadSecret | {text} |\n", "taking one of the columns"),
            (f"payload secret -> {text}\n", in_front),
            (f"payload secret \u2192 {text}\n", in_front),
            (f"curl https://a.example -H 'X-Secret: {text}'\n", f"taking it out of the command, {in_front}"),
            (f"Bearer {text}\n", "removing `Bearer`"),
            (urllib.parse.quote(text, safe="") + "\n", "undoing the percent-encoding"),
            (f"API_URL=https://a.example\nPAYLOAD_SECRET={text}\nX=1\n", f"{line}, {in_front}"),
            (f"bank:\n  payload-secret: '{text}'\n  n: 1\n", f"{line}, {in_front}, {quotes}"),
            (f"# the payload secret\n{text}\n", line),
        ]:
            add(written, octets, f"base64 after {words}")
        octets = until(base64_secret, lambda o: b"\\x" in repr(o).encode() and not all_escaped(o))
        words = "the 32 raw bytes (PayloadSecret::from_bytes) after undoing the escapes of a byte string"
        add(repr(octets), octets, words)
        octets = hex_secret()
        add(octets.hex().encode().hex(), octets, "the twice decoded hex")
        add(base64.b32encode(octets), octets, "the decoded base32")
        add(base64.b32encode(octets).rstrip(b"=").lower(), octets, "the decoded base32")
        octets = base64_secret()
        spellings = [
            (b64(octets), "padded base64"),
            (b64(octets).rstrip("="), "unpadded base64"),
            (b64u(octets), "unpadded base64url"),
            (b64u_padded(octets), "padded base64url"),
        ]
        for written, _ in spellings:
            for text, name in spellings:
                if text != written:
                    add(written, sha256(text.encode()), f"SHA-256 of the text as {name}")

        octets = base64_secret()
        words = "writing Python's quotation marks as those of JSON, taking `k` out of the JWK"
        add(repr({"kty": "oct", "k": b64u(octets), "kid": None}), octets, f"base64url after {words}, {quotes}")
        octets = until(base64_secret, lambda o: "+" in b64(o)[1:])
        blanks = "writing `+` for the blanks in it"
        add(urllib.parse.unquote_plus(b64(octets)), octets, f"base64 after {blanks}")
        octets = until(base64_secret, lambda o: b64(o).startswith("+"))
        text = urllib.parse.unquote_plus(b64(octets))
        add(f"secret={text}\n", octets, f"base64 after {in_front}, {blanks}")
        add(f"id=1&secret={text}\n", octets, f"base64 after taking it out of the form, {blanks}")
        octets = until(base64_secret, lambda o: b64(o).startswith("//"))
        add(f"secret: {b64(octets)}\n", octets, f"base64 after {in_front}")
        add(f"secret -> {b64(octets)}\n", octets, f"base64 after {in_front}")

    for length in (33, 48, 64):
        octets = base64_secret(length)
        for name, key in taken("the decoded base64", octets):
            add(b64(octets), key, name)
        octets = hex_secret(length)
        for name, key in taken("the decoded hex", octets):
            add(octets.hex(), key, name)
        text = text_secret(length)
        for name, key in taken("the text", text.encode()):
            add(text, key, name)
    octets = hex_secret()
    for name, key in taken("the text", octets.hex().encode()):
        add(octets.hex(), key, name)
    for name, key in taken("the text in upper case", octets.hex().upper().encode()):
        add(octets.hex(), key, name)
    for name, key in taken("the text in lower case", octets.hex().encode()):
        add(octets.hex().upper(), key, name)

    for function, apply in FUNCTIONS:
        for length, source in [(24, "text"), (16, "hex"), (32, "hex"), (32, "base64"), (20, "base64")]:
            if source == "text":
                text = text_secret(length)
                written, octets, words = text, text.encode(), "the text"
            elif source == "hex":
                octets = hex_secret(length)
                written, words = octets.hex(), "the decoded hex"
            else:
                octets = base64_secret(length)
                written, words = b64(octets), "the decoded base64"
            for name, key in taken(function + words, apply(octets)):
                add(written, key, name)
        text = text_secret(20)
        for name, key in taken(function + "the text", apply(text.encode())):
            add(f'SECRET="{text}"', key, f"{name} after {in_front}, {quotes}")
        octets = base64_secret()
        for name, key in taken(function + "the text", apply(b64(octets).encode())):
            add(b64(octets), key, name)

    separators = "removing colons, dashes and spaces"
    for _ in range(2):
        one = until(uuid.uuid4, lambda u: not u.hex.isdigit() and u.hex != u.hex.upper())
        add(str(one), one.hex.encode(), f"utf8 after {separators}")
        add(str(one), str(one).encode()[:32], "first 32 bytes of the text")
        add(one.hex, one.hex.encode(), "utf8")
        add(one.hex, str(one).encode()[:32], "first 32 bytes of the UUID with dashes as text")
        add(one.hex, one.hex.upper().encode(), "the text in upper case")
        add(one.hex.upper(), one.hex.encode(), "the text in lower case")
        add(str(one), one.hex.upper().encode(), f"the text in upper case after {separators}")
        add(str(one), sha256(one.bytes), f"SHA-256 of the decoded hex after {separators}")
        add(str(one), sha256(one.hex.encode()), f"SHA-256 of the text after {separators}")
        add(str(one), sha256(str(one).encode()), "SHA-256 of the text")
        add(one.hex, sha256(str(one).encode()), "SHA-256 of the UUID with dashes as text")
        text = text_secret(16)
        add(text, text.encode("utf-16-le"), "the text in UTF-16 (little-endian)")
        add(text, text.encode("utf-16-be"), "the text in UTF-16 (big-endian)")
        add(text, sha256(text.encode("utf-16-le")), "SHA-256 of the text in UTF-16 (little-endian)")
        octets = until(lambda: base64_secret(16), lambda o: o.hex() != o.hex().upper() and not o.hex().isdigit())
        add(b64(octets), octets.hex().encode(), "the decoded base64 as lower-case hex text")
        add(b64(octets), octets.hex().upper().encode(), "the decoded base64 as upper-case hex text")
        add(b64u(octets), octets.hex().encode(), "the decoded base64url as lower-case hex text")
        add(b64u(octets), octets.hex().upper().encode(), "the decoded base64url as upper-case hex text")
        text = text_secret(15)
        marked = "with byte order mark"
        add(text, text.encode("utf-16"), f"the text in UTF-16 (little-endian) {marked}")
        add(text, b"\xfe\xff" + text.encode("utf-16-be"), f"the text in UTF-16 (big-endian) {marked}")
        upper = str(one).upper().encode()
        add(one.hex, upper[:32], "first 32 bytes of the UUID with dashes as upper-case text")
        add(one.hex, sha256(upper), "SHA-256 of the UUID with dashes as upper-case text")
        octets = base64_secret(24)
        add(octets.hex(), b64(octets).encode(), "the decoded hex as base64 text")
        add(octets.hex(), b64u(octets).encode(), "the decoded hex as base64url text")

        octets = base64_secret()
        thrice = b64(b64(b64(octets).encode()).encode())
        add(thrice, octets, "the three times decoded base64")
        add(thrice, sha256(octets), "SHA-256 of the three times decoded base64")
        add(b64(octets) + "=", octets, "base64 after removing the `=` after it")
        add(b64u(octets) + "==", octets, "base64url after removing the `=` after it")
        add(b64(octets), octets[::-1], "reversed the decoded base64")
        octets = hex_secret()
        add(octets.hex() + "h", octets, "hex after removing the `h` after it")
        add(octets.hex().upper() + "H\n", octets, "hex after removing the `h` after it")
        add(octets.hex(), octets[::-1], "reversed the decoded hex")
        add(octets.hex(), sha256(octets)[::-1], "reversed SHA-256 of the decoded hex")
        text = text_secret(16)
        add(text, 2 * text.encode(), "twice the text")
        octets = hex_secret(16)
        add(octets.hex(), 2 * octets, "twice the decoded hex")
        text = text_secret(20)
        add(text, hashlib.sha3_256(text.encode()).digest(), "SHA3-256 of the text")
    return out


# Shared secrets


class Session:
    def __init__(self, good):
        while True:
            self.ours = ec.generate_private_key(ec.SECP256R1())
            self.theirs = ec.generate_private_key(ec.SECP256R1())
            self.x = self.ours.exchange(ec.ECDH(), self.theirs.public_key())
            if good(self.x):
                break
        # y from the numbers of both keys: the product of the scalars times the generator.
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        product = (
            self.ours.private_numbers().private_value * self.theirs.private_numbers().private_value
        ) % order
        point = ec.derive_private_key(product, ec.SECP256R1()).public_key().public_numbers()
        assert point.x == int.from_bytes(self.x, "big")
        self.y = point.y.to_bytes(32, "big")

    def described(self):
        d = self.ours.private_numbers().private_value.to_bytes(32, "big")
        ours = json.loads(jwk_text(self.ours))
        return {"ours": json.dumps({**ours, "d": b64u(d)}), "theirs": jwk_text(self.theirs)}

    def forms(self):
        number = int.from_bytes(self.x, "big")
        java = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
        yield "x", self.x
        yield "x as BigInteger.toByteArray", java
        yield "x without leading zeros", self.x.lstrip(b"\0")
        yield "x and y", self.x + self.y
        yield "04, x and y", b"\x04" + self.x + self.y
        yield "the compressed point", bytes([2 + self.y[-1] % 2]) + self.x
        yield "x reversed", self.x[::-1]
        yield "y", self.y

    def texts(self):
        for name, octets in self.forms():
            yield "the lower-case hex text of " + name, octets.hex().encode()
            yield "the upper-case hex text of " + name, octets.hex().upper().encode()
            yield "the base64 text of " + name, b64(octets).encode()
            yield "the unpadded base64 text of " + name, b64(octets).rstrip("=").encode()
            yield "the base64url text of " + name, b64u(octets).encode()
            yield "the padded base64url text of " + name, b64u_padded(octets).encode()
        number = int.from_bytes(self.x, "big")
        yield "the hex text without leading zeros of x", b"%x" % number
        yield "the upper-case hex text without leading zeros of x", b"%X" % number
        yield "the decimal text of x", str(number).encode()


def jwk_text(private):
    numbers = private.public_key().public_numbers()
    x, y = (b64u(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    return json.dumps({"kty": "EC", "crv": "P-256", "x": x, "y": y}, separators=(",", ":"))


def key_infos(whose, private):
    public = private.public_key()
    form = lambda encoding, form: public.public_bytes(encoding, form)
    point = form(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    compressed = form(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    spki = form(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = jwk_text(private).encode()
    return [
        (whose + " key in wire form", base64.b64encode(text)),
        (whose + " key's JWK", text),
        (whose + " point", point),
        (whose + " x coordinate", point[1:33]),
        (whose + " compressed point", compressed),
        (whose + " SubjectPublicKeyInfo", spki),
        (whose + " point in base64", base64.b64encode(point)),
        (whose + " point in hex", point.hex().encode()),
        (whose + " SubjectPublicKeyInfo in base64", base64.b64encode(spki)),
        (whose + " x and y coordinates", point[1:]),
        (whose + " SubjectPublicKeyInfo in hex", spki.hex().encode()),
        (whose + " compressed point in base64", base64.b64encode(compressed)),
        (whose + " compressed point in hex", compressed.hex().encode()),
        (whose + " x coordinate in base64", base64.b64encode(point[1:33])),
        (whose + " x coordinate in hex", point[1:33].hex().encode()),
        (
            whose + " SubjectPublicKeyInfo in PEM",
            form(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        ),
    ]


HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
JOINED = [
    "Wibmo BankEzy",
    "wibmo-bankezy",
    "BANKEZY_WIBMO",
    "BankEzySDK",
    "bankezy-sdk",
    "sdkPublicKey",
    "SDK_PUBLIC_KEY",
    "serverPubKey",
    "payload-secret",
    "payload secret",
    "aes-256-gcm",
    "AES256GCM",
]
KNOWN = ["Alice", "Bob", "client", "server", "bankezy", "BankEzy", "BANKEZY", "Bankezy", "payloadSecret"]


def concat(z, algorithm, apu, apv, bits):
    prefixed = lambda o: struct.pack(">I", len(o)) + o
    other = prefixed(algorithm) + prefixed(apu) + prefixed(apv) + struct.pack(">I", bits)
    return ConcatKDFHash(hashes.SHA256(), 32, other).derive(z)


def concat_by_hand(z, algorithm, apu, apv, length, digest="sha256", counter=1, order=">I"):
    """What ConcatKDFHash cannot do: another counter, order of octets or length."""
    prefixed = lambda o: struct.pack(order, len(o)) + o
    other = prefixed(algorithm) + prefixed(apu) + prefixed(apv) + length
    return hashlib.new(digest, struct.pack(order, counter) + z + other).digest()[:32]


def expand(z, info):
    return HKDFExpand(hashes.SHA256(), 32, info).derive(z)


def hkdf(name, z, salt, info):
    return HKDF(HASHES[name](), 32, salt or None, info).derive(z)


def x963(name, z, info):
    return X963KDF(HASHES[name](), 32, info or None).derive(z)


def one_step(name, z, info):
    return ConcatKDFHash(HASHES[name](), HASHES[name].digest_size, info or None).derive(z)


def digest_mac(name, key, message):
    return hmac.new(key, message, name).digest()


def derivation_vectors(session, place):
    out, seen = [], set()

    def add(name, key, header=None, fixed=False):
        assert len(key) == 32, name
        if key not in seen:
            seen.add(key)
            vector = {"session": place, "name": name, "jwe": sealed(key, header)}
            out.append((fixed, vector))

    def quoted(text):
        return f'"{text}"', text.encode()

    empty = ("empty", b"")
    ours, theirs = key_infos("our", session.ours), key_infos("their", session.theirs)
    known = [quoted(text) for text in KNOWN]
    pick = lambda infos: secrets.choice(infos)
    # These are tried with x alone, and not beside another kind of input.
    is_rare = lambda info: any(word in info[0] for word in ("Info in hex", "compressed point in", "coordinate in"))
    common = lambda infos: [info for info in infos if not is_rare(info)]

    add("raw", session.x)
    add("sha256", sha256(session.x))
    for name, key, header in fixed_vectors(session, place, ours, theirs):
        add(name, key, header, fixed=True)
    pairs = [(empty, empty), (empty, pick(ours)), (pick(theirs), empty), (empty, pick(known))]
    pairs += list(zip(ours, theirs))[:: 1 + place % 3] + list(zip(theirs, ours))[1 :: 1 + place % 3]
    pairs += [(quoted("Alice"), quoted("Bob")), (quoted("server"), quoted("client"))]
    rare = [(pick(common(ours)), pick(known)), (pick(known), pick(common(theirs)))]
    for (first, u), (second, v) in pairs + rare:
        key = concat(session.x, b"A256GCM", u, v, 256)
        add(f"concat-kdf with apu {first}, apv {second}", key)
        for name in ("sha256", "sha512"):
            add(f"hkdf-{name} with salt {first}, info {second}", hkdf(name, session.x, u, v))
    for algorithm in ("A256GCM", "dir", "ECDH-ES", "A256KW", ""):
        for bits in (256, 32, 128, 512):
            (first, u), (second, v) = secrets.choice(pairs)
            name = f'concat-kdf (AlgorithmID "{algorithm}", keydatalen {bits})'
            if (algorithm, bits) == ("A256GCM", 256):
                name = "concat-kdf"
            key = concat(session.x, algorithm.encode(), u, v, bits)
            add(f"{name} with apu {first}, apv {second}", key)
    for name, info in [empty, pick(ours), pick(theirs), pick(known)]:
        for kind in ("sha256", "sha384", "sha512"):
            for take, key in taken_kdf(x963(kind, session.x, info)):
                prefix = "" if kind == "sha256" else "first 32 bytes of "
                add(f"{prefix}x963-{kind} with info {name}", key)
        for kind in ("sha256", "sha512"):
            for take, key in taken("", one_step(kind, session.x, info)):
                add(f"{take}one-step-kdf-{kind} with info {name}", key)
            for take, key in taken("", digest_mac(kind, session.x, info)):
                add(f"{take}hmac-{kind} under x with message {name}", key)
            for take, key in taken("", digest_mac(kind, info, session.x)):
                add(f"{take}hmac-{kind} of x with key {name}", key)
            if info:
                for take, key in taken("", hashlib.new(kind, session.x + info).digest()):
                    add(f"{take}{kind} with the text after x with text {name}", key)
                for take, key in taken("", hashlib.new(kind, info + session.x).digest()):
                    add(f"{take}{kind} with the text before x with text {name}", key)

    octets = set()
    for name, form in list(session.forms()) + list(session.texts()):
        if form in octets:
            continue
        octets.add(form)
        for take, key in taken(name, form):
            add(take, key)
        if len(form) == 31:
            add("zeros after " + name, form + b"\0")
        for function, apply in FUNCTIONS:
            if "text" in name and function not in ("SHA-256 of ", "SHA-512 of ") and place:
                continue
            for take, key in taken(function + name, apply(form)):
                add(take, key)
        digits = "the lower-case hex text of "
        is_number = name in (digits + "x as BigInteger.toByteArray", digits + "x without leading zeros")
        if name != "x" and ("text" not in name or name.endswith(" x") or is_number):
            (first, u), (second, v) = secrets.choice([pair for pair in pairs if pair == tuple(common(pair))])
            key = concat(form, b"A256GCM", u, v, 256)
            add(f"concat-kdf of {name} with apu {first}, apv {second}", key)
            key = hkdf("sha256", form, u, v)
            add(f"hkdf-sha256 of {name} with salt {first}, info {second}", key)
            add(f"x963-sha256 of {name} with info {first}", x963("sha256", form, u))

    return out


def fixed_vectors(session, place, ours, theirs):
    """What is in the file whatever the sample is: constructions that are easily left out."""
    out = []

    def add(name, key, header=None):
        out.append((name, key, header))

    x, xy = session.x, session.x + session.y
    forms = dict(session.forms())
    if place == 0:
        apu, apv = os.urandom(16), os.urandom(16)
        header = {"alg": "dir", "enc": "A256GCM", "apu": b64u(apu), "apv": b64u(apv)}
        texts = [header[member].encode() for member in ("apu", "apv")]
        for suffix, (u, v) in [(", decoded", (apu, apv)), (" as text", texts)]:
            first, second = ("the header's apu" + suffix, "the header's apv" + suffix)
            name = f"concat-kdf with apu {first}, apv {second}"
            add(name, concat(x, b"A256GCM", u, v, 256), header)
            add(f"concat-kdf with apu {first}, apv empty", concat(x, b"A256GCM", u, b"", 256), header)
            name = f'concat-kdf (AlgorithmID "dir", keydatalen 256) with apu {first}, apv {second}'
            add(name, concat(x, b"dir", u, v, 256), header)
        add("first 32 bytes of the base64 text of x", b64(x).encode()[:32])
        add("SHA-256 of x and y", sha256(xy))
        add("SHA-256 of 04, x and y", sha256(b"\x04" + xy))
        add("first 32 bytes of 04, x and y", (b"\x04" + xy)[:32])
        add("SHA-256 of x reversed", sha256(x[::-1]))
        add("SHA3-256 of x", hashlib.sha3_256(x).digest())
        some = [(("empty", b""), ("empty", b"")), (ours[2], theirs[2]), (('"Alice"', b"Alice"), ('"Bob"', b"Bob"))]
        for (first, u), (second, v) in some:
            for kind in ("sha384", "sha1"):
                add(f"hkdf-{kind} with salt {first}, info {second}", hkdf(kind, x, u, v))
            name = f"of SHA-256 of x with salt {first}, info {second}"
            add(f"hkdf-sha256 {name}", hkdf("sha256", sha256(x), u, v))
            add(f"hkdf-expand-sha256 with info {second}", expand(x, v))
            with_inputs = f"with apu {first}, apv {second}"
            for algorithm in ("A256GCM", ""):
                a, big, little = algorithm.encode(), struct.pack(">I", 256), struct.pack("<I", 256)
                for suffix, key in [
                    ("256, SHA-512", concat_by_hand(x, a, u, v, big, digest="sha512")),
                    ("256 little-endian", concat_by_hand(x, a, u, v, little)),
                    ("256, numbers little-endian", concat_by_hand(x, a, u, v, little, order="<I")),
                    ("256 left out", concat_by_hand(x, a, u, v, b"")),
                    ("256, counter 0", concat_by_hand(x, a, u, v, big, counter=0)),
                ]:
                    take = "first 32 bytes of " if "SHA-512" in suffix else ""
                    add(f'{take}concat-kdf (AlgorithmID "{algorithm}", keydatalen {suffix}) {with_inputs}', key)
            for algorithm in ("dir", "ECDH-ES", "A256KW", "ECDH-ES+A256KW"):
                kdf = f'concat-kdf (AlgorithmID "{algorithm}", keydatalen 256 left out)'
                add(f"{kdf} {with_inputs}", concat_by_hand(x, algorithm.encode(), u, v, b""))
            for algorithm in ("A128GCM", "A256GCMKW"):
                kdf = f'concat-kdf (AlgorithmID "{algorithm}", keydatalen 256)'
                add(f"{kdf} {with_inputs}", concat(x, algorithm.encode(), u, v, 256))
        name = "x963-sha256 of SHA-256 of x with info empty"
        add(name, x963("sha256", sha256(x), b""))
        add("first 32 bytes of SHA-512 of x", hashlib.sha512(x).digest()[:32])
        add("last 32 bytes of SHA-512 of x", hashlib.sha512(x).digest()[32:])
        for text in JOINED:
            info = text.encode()
            add(f'hkdf-sha256 with salt empty, info "{text}"', hkdf("sha256", x, b"", info))
            add(f'x963-sha256 with info "{text}"', x963("sha256", x, info))
        decimal = str(int.from_bytes(x, "big")).encode()
        add("SHA-256 of the decimal text of x", sha256(decimal))
        name = "concat-kdf of the decimal text of x with apu empty, apv empty"
        add(name, concat(decimal, b"A256GCM", b"", b"", 256))
        for name, info in ours + theirs:
            add(f"hkdf-sha256 with salt empty, info {name}", hkdf("sha256", x, b"", info))
            add(f"hkdf-sha256 with salt {name}, info empty", hkdf("sha256", x, info, b""))
            add(f"x963-sha256 with info {name}", x963("sha256", x, info))
            add(f"one-step-kdf-sha256 with info {name}", one_step("sha256", x, info))
    # BigInteger.toString(16), which has several names by what is stripped.
    digits = b"%x" % int.from_bytes(x, "big")
    texts = [(name, text) for name, text in session.texts() if text == digits]
    if texts and digits != x.hex().encode():
        name = texts[0][0]
        add(f"hkdf-sha256 of {name} with salt empty, info empty", hkdf("sha256", digits, b"", b""))
        add(f"x963-sha256 of {name} with info empty", x963("sha256", digits, b""))
    upper = digits.upper()
    texts = [(name, text) for name, text in session.texts() if text == upper]
    if texts and upper != x.hex().upper().encode():
        name = texts[0][0]
        add(f"SHA-256 of {name}", sha256(upper))
        add(f"first 32 bytes of {name}", upper[:32])
    for name in ("x as BigInteger.toByteArray", "x without leading zeros"):
        form = forms[name]
        if form == x or name != "x as BigInteger.toByteArray" and form == forms["x as BigInteger.toByteArray"]:
            continue
        if len(form) == 33:
            add("first 32 bytes of " + name, form[:32])
        if len(form) == 31:
            add("zeros after " + name, form + b"\0")
        add("SHA-256 of " + name, sha256(form))
        for (algorithm, bits), (u, v) in [
            (("A256GCM", 256), (b"", b"")),
            (("A256GCM", 256), (b"Alice", b"Bob")),
            (("dir", 256), (b"", b"")),
            (("dir", 32), (b"", b"Bob")),
            (("A256GCM", 32), (b"Alice", b"")),
            (("A256GCM", 256), (b"BankEzy", b"BankEzy")),
            (("dir", 256), (b"BankEzy", b"BankEzy")),
        ]:
            kdf = f'concat-kdf (AlgorithmID "{algorithm}", keydatalen {bits})'
            if (algorithm, bits) == ("A256GCM", 256):
                kdf = "concat-kdf"
            first, second = (f'"{text.decode()}"' if text else "empty" for text in (u, v))
            key = concat(form, algorithm.encode(), u, v, bits)
            add(f"{kdf} of {name} with apu {first}, apv {second}", key)
    return out


def taken_kdf(key):
    return [("", key)]


def chosen(made, place):
    """What takes seconds to check instead of minutes: `--all` writes the rest too."""
    some = lambda vectors, count: secrets.SystemRandom().sample(vectors, min(len(vectors), count))
    fixed = [vector for is_fixed, vector in made if is_fixed]
    made = [vector for is_fixed, vector in made if not is_fixed]
    integers = [v for v in made if "BigInteger" in v["name"] or "leading" in v["name"]]
    kdfs = [v for v in made if " with " in v["name"] and v not in integers]
    others = [v for v in made if v not in integers and v not in kdfs]
    if place == 0:
        # One of each function of what it has for inputs.
        shapes = {v["name"].rsplit(" with ", 1)[0]: v for v in kdfs}
        return fixed + others[:2] + list(shapes.values()) + some(others[2:], 20)
    return fixed + some(integers, 7) + some(kdfs, 2) + some(others, 2)


def main():
    sessions = [
        Session(good)
        for good in (
            lambda x: 0x10 <= x[0] < 0x80,
            lambda x: x[0] >= 0x80,
            lambda x: x[0] == 0 and 0 < x[1] < 0x80,
            lambda x: x[0] == 0 and x[1] >= 0x80,
            lambda x: 0 < x[0] < 0x10,
        )
    ]
    derivations = []
    for place, session in enumerate(sessions):
        made = derivation_vectors(session, place)
        if "--all" in sys.argv:
            derivations += [vector for _, vector in made]
        else:
            derivations += chosen(made, place)
    vectors = {
        "sessions": [session.described() for session in sessions],
        "secrets": secret_vectors(),
        "derivations": derivations,
    }
    json.dump(vectors, sys.stdout, indent=0, separators=(",", ":"))
    print()
    counts = [len(vectors[kind]) for kind in ("secrets", "derivations")]
    print(f"{counts[0]} secrets, {counts[1]} derivations", file=sys.stderr)


main()
