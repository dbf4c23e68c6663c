"""One question to a server that keeps keys."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from integrations import http
from integrations.vault.errors import CredentialDamaged, VaultUnavailable

ANSWER_BYTES: Final = 64 * 1024
BAD_REQUEST: Final = 400
OK: Final = 200
# What KMS and Vault say of a text that none of their keys made, or for another binding. Any other
# 400 speaks of the key or of who asks.
DAMAGE: Final = (b"InvalidCiphertext", b"message authentication failed", b"invalid ciphertext")


def ask(
    who: str, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
) -> dict[str, Any]:
    """The object of a success.

    Raises:
        CredentialDamaged: the server does not take what it was asked to open or keep.
        VaultUnavailable: no answer in time, it is not well, or does not let us in.
    """
    try:
        answer = http.send(
            method,
            url,
            headers=headers,
            content=content,
            seconds=settings.LIMITS.vault_answer_seconds,
            size=ANSWER_BYTES,
            is_operators=True,
        )
    except http.RequestFailed as error:
        raise VaultUnavailable(f"{who}: {error}") from error
    if answer.status == BAD_REQUEST and any(word in answer.body for word in DAMAGE):
        raise CredentialDamaged
    if answer.status != OK:
        raise VaultUnavailable(f"{who} answered {answer.status}.")
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise VaultUnavailable(f"{who} answered what is no JSON.") from error
    if not isinstance(found, dict):
        raise VaultUnavailable(f"{who} answered no object.")
    return found


def read_bytes(who: str, found: Mapping[str, Any], name: str) -> bytes:
    """Raises:
    VaultUnavailable: there is no such field, or it is no base64.
    """
    try:
        return base64.b64decode(found[name], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise VaultUnavailable(f"{who} answered without {name}.") from error


def text_of(body: bytes) -> str:
    return base64.b64encode(body).decode()
