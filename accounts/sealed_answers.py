"""Encryption of stored answers that hold a secret, such as a new key.

A repeated request must get the secret again, byte for byte, while a copy of the database alone
must not give it away. So the row is sealed with a key derived from ``SECRET_KEY``.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

SALT: Final = "accounts.sealed_answers"
NONCE_BYTES: Final = 12


def seal(body: bytes, *, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher(settings.SECRET_KEY).encrypt(nonce, body, bound_to)


def unseal(sealed: bytes, *, bound_to: bytes) -> bytes:
    """Return what was sealed for the same request.

    Raises:
        InvalidTag: sealed under a secret this process does not know, or for another request.
    """
    nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return cipher(secret).decrypt(nonce, encrypted, bound_to)
        except InvalidTag:
            continue
    raise InvalidTag


def cipher(secret: str) -> AESGCM:
    return AESGCM(salted_hmac(SALT, "key", secret=secret, algorithm="sha256").digest())
