"""Sessions that are open at brokers, sealed in Valkey for an hour.

A session lets its bearer in like what opened it. So it is sealed, and bound to the credentials that
opened it: once others are entered, it cannot be read any more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import redis
from cryptography.exceptions import InvalidTag
from django.conf import settings

from accounts.sealed_answers import seal, unseal
from integrations.models import Credential
from market.live import live_quotes


@dataclass(frozen=True, slots=True)
class KeptSession:
    """Fulfils ``integrations.brokers.kept_sessions.SessionPlace``.

    Where Valkey is away nothing is kept, and the adapter signs in again: that is never wrong.
    """

    credential: Credential = field(repr=False)

    def read(self) -> str:
        try:
            sealed = live_quotes.valkey().get(self._place())
        except redis.RedisError:
            return ""
        if not isinstance(sealed, bytes):
            return ""
        try:
            return unseal(sealed, bound_to=self._bound_to()).decode()
        except InvalidTag:
            return ""

    def keep(self, session: str) -> None:
        sealed = seal(session.encode(), bound_to=self._bound_to())
        seconds = settings.LIMITS.broker_session_seconds
        try:
            live_quotes.valkey().set(self._place(), sealed, ex=seconds)
        except redis.RedisError:
            return

    def forget(self) -> None:
        try:
            live_quotes.valkey().delete(self._place())
        except redis.RedisError:
            return

    def _place(self) -> str:
        return live_quotes.prefixed(f"vault:session:{self.credential.id.hex}")

    def _bound_to(self) -> bytes:
        return b"session" + hashlib.sha256(bytes(self.credential.ciphertext)).digest()
