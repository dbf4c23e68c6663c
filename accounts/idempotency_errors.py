"""Why a request with an Idempotency-Key, or without one, is refused."""

from __future__ import annotations

from accounts.errors import AccountsError


class KeyMissing(AccountsError):
    """This endpoint moves something, so it needs an Idempotency-Key."""

    code = "idempotency_key_missing"


class KeyMalformed(AccountsError):
    code = "idempotency_key_malformed"


class KeyReused(AccountsError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class StillRunning(AccountsError):
    """The first request with this key has not been answered yet."""

    code = "still_running"
    retry_after_seconds = 1
