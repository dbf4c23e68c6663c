"""Who has opened a socket, in Alpaca's way: he says it in his first message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.api_keys import Scope
from accounts.auth import Caller, KeyBound, caller_of_key
from accounts.socket_access import SocketHolder
from integrations.alpaca_api.credentials import ID_HEADER, SECRET_HEADER, is_id_of
from portfolio.models import Portfolio
from trading.live.open_sockets import Watch


@dataclass(frozen=True, slots=True)
class Credentials:
    """The id and the secret of a key, as given; not yet believed."""

    key_id: str
    secret: str


def credentials_of(message: Mapping[str, Any]) -> Credentials | None:
    """What a first message says: Alpaca's older form, under ``data``, or its newer one."""
    data = message.get("data")
    if message.get("action") == "authenticate" and isinstance(data, dict):
        return read_pair(data.get("key_id"), data.get("secret_key"))
    if message.get("action") == "auth":
        return read_pair(message.get("key"), message.get("secret"))
    return None


def credentials_in(headers: Mapping[str, str]) -> Credentials | None:
    """What the handshake says; names are those of headers, in lower case."""
    return read_pair(headers.get(ID_HEADER.lower()), headers.get(SECRET_HEADER.lower()))


def read_pair(key_id: object, secret: object) -> Credentials | None:
    if isinstance(key_id, str) and isinstance(secret, str) and secret.strip():
        return Credentials(key_id.strip(), secret.strip())
    return None


def find_caller(given: Credentials, *, address: str, at: datetime) -> Caller | None:
    """Whoever speaks with a key that may read and is bound to one open portfolio, else ``None``.

    Args:
        address: where the caller is, as ``accounts.networks.socket_address`` tells.
    """
    try:
        caller = caller_of_key(given.secret, address=address, at=at)
    except KeyBound:
        return None
    if caller is None or not caller.may(Scope.READ) or not is_id_of(given.key_id, given.secret):
        return None
    if len(caller.portfolio_ids) != 1 or not is_open(caller, account_id_of(caller)):
        return None
    return caller


def is_open(caller: Caller, portfolio_id: UUID) -> bool:
    return Portfolio.objects.for_user(caller.user).filter(id=portfolio_id).exists()


def account_id_of(caller: Caller) -> UUID:
    """The one portfolio that the key is bound to."""
    (portfolio_id,) = caller.portfolio_ids
    return portfolio_id


def watch_of(caller: Caller) -> Watch:
    """What the look at open sockets has to know, to close this one when access is withdrawn."""
    return Watch(SocketHolder.of_caller(caller), account_id_of(caller))
