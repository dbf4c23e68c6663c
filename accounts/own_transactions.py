"""Endpoints that begin their transaction themselves, as they ask somebody else before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

OWN_TRANSACTION: Final = "has_own_transaction"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def own_transaction(endpoint: Endpoint) -> Endpoint:
    """Decorate a changing endpoint (PATCH, PUT, DELETE), which else is one transaction as a whole.

    What it answers is read inside its operation's transaction, or was in hand before.
    """
    setattr(endpoint, OWN_TRANSACTION, True)
    return endpoint
