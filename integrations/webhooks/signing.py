"""Signatures by Standard Webhooks 1.0 (standardwebhooks.com), symmetric scheme ``v1``. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # the specification asks for 24 to 64


def secret_text(secret: bytes) -> str:
    """A secret as its owner gets it, and as libraries take it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers_of(
    *, message_id: str, sent_at: datetime, body: bytes, secrets: Sequence[bytes]
) -> dict[str, str]:
    """The headers of one attempt, with a signature by each secret.

    A receiver accepts what one of its secrets signed, so while a former secret still counts
    both sign and nothing is lost however late he changes over.
    """
    timestamp = str(int(sent_at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [
        base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
