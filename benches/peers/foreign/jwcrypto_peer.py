"""Seals and opens with jwcrypto on Python, and measures it: see python_peer.py."""

import json
import sys

import python_peer

NOT_INSTALLED = 3

try:
    from jwcrypto import jwe, jwk
except ImportError:
    sys.exit(NOT_INSTALLED)


def peer(task):
    # Keys are imported once, and the JSON of the headers is written once.
    keys = {
        "dir": jwk.JWK(kty="oct", k=task["secret"]),
        "RSA-OAEP-256": jwk.JWK(**task["rsa"]),
        "ECDH-ES": jwk.JWK(**task["p256"]),
    }
    headers = {alg: json.dumps({"enc": "A256GCM", "alg": alg}, separators=(",", ":")) for alg in keys}

    def seal(alg, plaintext):
        token = jwe.JWE(plaintext, headers[alg])
        token.add_recipient(keys[alg])
        return token.serialize(compact=True)

    def open_sealed(alg, sealed):
        token = jwe.JWE(algs=[alg, "A256GCM"])
        token.deserialize(sealed, keys[alg])
        return token.payload

    return seal, open_sealed


python_peer.run("jwcrypto", peer)
