"""Seals and opens with joserfc on Python, and measures it: see python_peer.py."""

import sys

import python_peer

NOT_INSTALLED = 3

try:
    from joserfc import jwe, jwk
except ImportError:
    sys.exit(NOT_INSTALLED)


def peer(task):
    # Keys and registries are made once.
    keys = {
        "dir": jwk.OctKey.import_key({"kty": "oct", "k": task["secret"]}),
        "RSA-OAEP-256": jwk.RSAKey.import_key(task["rsa"]),
        "ECDH-ES": jwk.ECKey.import_key(task["p256"]),
    }
    registries = {alg: jwe.JWERegistry(algorithms=[alg, "A256GCM"]) for alg in keys}
    # By default it takes messages up to 64 KiB of ciphertext.
    for registry in registries.values():
        registry.max_ciphertext_length = 1 << 24

    def seal(alg, plaintext):
        return jwe.encrypt_compact({"enc": "A256GCM", "alg": alg}, plaintext, keys[alg], registry=registries[alg])

    def open_sealed(alg, sealed):
        return jwe.decrypt_compact(sealed, keys[alg], registry=registries[alg]).plaintext

    return seal, open_sealed


python_peer.run("joserfc", peer)
