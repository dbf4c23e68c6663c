"""Who calls the API or opens a socket, and what he may.

A session cookie never counts for the API. An accepted key is remembered in this process for
less than a second, so a busy program costs one query now and then, and revoking it works within
a second everywhere.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from channels.db import database_sync_to_async
from django.http import HttpRequest
from django.utils import timezone
from ninja.security.base import AuthBase

from accounts import access_tokens, api_keys, networks
from accounts.api_keys import Scope
from accounts.errors import AccountsError
from accounts.http import ApiRequest, client_address
from accounts.models import ApiKey, User
from accounts.roles import Role
from accounts.tiers import Tier

__all__ = ["ApiRequest", "Caller", "KeyAuth", "authenticate_socket", "caller_of_key"]

MEMORY_SECONDS: Final = 0.8
MEMORY_KEYS: Final = 10_000
# Of a socket's scope: where whoever stands around it may leave a list for the callers found.
SEEN_CALLERS: Final = "seen_callers"
USE_NOTED_EVERY: Final = timedelta(minutes=1)


class Unauthenticated(AccountsError):
    """Nobody we know: no key, or one that does not open the door."""

    code = "unauthenticated"


class ScopeMissing(AccountsError):
    """The key is good, but not for this."""

    code = "scope_missing"

    def __init__(self, *, needed: str, found: frozenset[str]) -> None:
        carried = ", ".join(sorted(found)) or "none"
        super().__init__(f"This needs a key with the scope {needed}; yours carries {carried}.")
        self.needed = needed
        self.found = found


class KeyBound(AccountsError):
    """The key is bound to portfolios or networks, and this lies outside of them."""

    code = "key_bound"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, and how far the key that speaks for him reaches."""

    user: User
    scopes: frozenset[str]
    portfolio_ids: frozenset[UUID] = frozenset()  # empty means all of the user's
    networks: tuple[str, ...] = ()  # empty means from everywhere
    # Of the key, or of the sign-in that an access token came from; None for a browser's session.
    key_id: UUID | None = None
    session_key: str | None = None  # of a browser's session
    is_sign_in: bool = False  # by password or passkey, and so ended by a new password
    role: Role = Role.OWNER  # that the door he came through needs in what is shared with him

    def may_use(self, portfolio_id: UUID) -> bool:
        """Whether the key reaches that portfolio; whose it is must be asked separately."""
        return not self.portfolio_ids or portfolio_id in self.portfolio_ids

    def may(self, scope: str) -> bool:
        if scope == Scope.ADMIN and self.user.tier != Tier.ADMIN:
            return False
        return scope in self.scopes


class SeenCaller(NamedTuple):
    """Who opened a socket, in so few bytes that thousands can be kept."""

    user_id: UUID
    key_id: UUID | None


class KeyMemory:
    """Callers of keys accepted a moment ago, and when each key's use was last noted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callers: dict[bytes, tuple[float, Caller]] = {}
        self._noted: dict[UUID, datetime] = {}

    def find(self, digest: bytes) -> Caller | None:
        found = self._callers.get(digest)
        return found[1] if found and found[0] > time.monotonic() else None

    def keep(self, digest: bytes, caller: Caller) -> None:
        with self._lock:
            if len(self._callers) >= MEMORY_KEYS:
                self._callers.clear()
            self._callers[digest] = (time.monotonic() + MEMORY_SECONDS, caller)

    def forget(self) -> None:
        with self._lock:
            self._callers.clear()

    def is_use_due(self, key: ApiKey, *, at: datetime) -> bool:
        """Whether this call should write down the key's use; true for one of many callers."""
        with self._lock:
            latest = max(
                (moment for moment in (key.latest_use_at, self._noted.get(key.id)) if moment),
                default=None,
            )
            if latest is not None and at - latest < USE_NOTED_EVERY:
                return False
            if len(self._noted) >= MEMORY_KEYS:
                self._noted.clear()
            self._noted[key.id] = at
            return True


memory: Final = KeyMemory()


def caller_of_key(text: str, *, address: str, at: datetime) -> Caller | None:
    """Who speaks with that key or access token; ``None`` where it does not open the door.

    Args:
        address: where the caller is, as ``accounts.http.client_address`` tells.

    Raises:
        KeyBound: the key may not be used from that address.
    """
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    caller = memory.find(digest)
    if caller is None:
        is_token = access_tokens.is_access_token(text)
        caller = find_token_caller(text, at=at) if is_token else find_key_caller(text, address, at)
        if caller is None:
            return None
        memory.keep(digest, caller)
    # Asked each time: what is remembered of a key says nothing about where it comes from now.
    if not networks.contains(caller.networks, address):
        raise KeyBound("This key is bound, and may not be used from here.")
    return caller


def find_key_caller(text: str, address: str, at: datetime) -> Caller | None:
    key = api_keys.authenticate_key(text, at=at)
    if key is None:
        return None
    if networks.contains(key.networks, address) and memory.is_use_due(key, at=at):
        api_keys.note_use(key_id=key.id, at=at)
    return Caller(
        user=key.owner,
        scopes=frozenset(key.scopes),
        portfolio_ids=frozenset(key.portfolio_ids),
        networks=tuple(key.networks),
        key_id=key.id,
    )


def find_token_caller(text: str, *, at: datetime) -> Caller | None:
    """A token speaks for the whole user: every scope that his tier has, every portfolio."""
    family = access_tokens.authenticate_access_token(text, at=at)
    if family is None:
        return None
    user = family.owner
    scopes = {Scope.READ, Scope.TRADE} | ({Scope.ADMIN} if user.tier == Tier.ADMIN else set())
    return Caller(
        user=user,
        scopes=frozenset(scope.value for scope in scopes),
        key_id=family.id,
        is_sign_in=True,
    )


def key_text(headers: Mapping[str, str]) -> str | None:
    """The key that headers carry; names are looked up as ``Authorization`` and ``X-API-Key``."""
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return headers.get("X-API-Key", "").strip() or None


class KeyAuth(AuthBase):
    """Ninja's guard of an endpoint: a live key with the scope, in either header."""

    openapi_type: str = "http"
    openapi_scheme: str = "bearer"

    def __init__(self, scope: str, *, role: Role | None = None) -> None:
        """``role`` is the least one needed in what is shared; by default as the scope says."""
        super().__init__()
        self.scope = Scope(scope)
        self.role = role or (Role.VIEWER if self.scope is Scope.READ else Role.EDITOR)

    def __call__(self, request: HttpRequest) -> Caller:
        """Return the caller.

        Raises:
            Unauthenticated: there is no key, or it does not open the door.
            KeyBound: the key may not be used from the caller's address.
            ScopeMissing: the key does not carry the scope, or its owner's tier does not.
        """
        text = key_text(request.headers)
        if text is None:
            raise Unauthenticated("Send a key or token as Authorization: Bearer, or as X-API-Key.")
        caller = caller_of_key(text, address=client_address(request), at=timezone.now())
        if caller is None:
            raise Unauthenticated("The key or token is unknown, mistyped, expired or revoked.")
        if not caller.may(self.scope):
            raise ScopeMissing(needed=self.scope, found=caller.scopes)
        return replace(caller, role=self.role)


async def authenticate_socket(scope: MutableMapping[str, Any]) -> Caller | None:
    """Who opens a socket: by key where a header carries one, else by the browser's session.

    A key needs the scope ``read``. ``None`` refuses the handshake. ``scope["caller"]`` keeps the
    answer.
    """
    scope["caller"] = caller = await find_socket_caller(scope)
    if caller is not None:
        note_socket_caller(scope, caller)
    return caller


def note_socket_caller(scope: Mapping[str, Any], caller: Caller) -> None:
    """Tell those around the application who opened the socket; routers copy the scope."""
    scope.get(SEEN_CALLERS, []).append(SeenCaller(caller.user.id, caller.key_id))


async def find_socket_caller(scope: Mapping[str, Any]) -> Caller | None:
    """Who opens a socket: by a key that may read, or without a key by the browser's session."""
    headers = {
        name.decode("latin-1").title().replace("Api", "API"): value.decode("latin-1")
        for name, value in scope.get("headers", ())
    }
    text = key_text(headers)
    if text is not None:
        address = networks.socket_address(scope)
        try:
            caller = await database_sync_to_async(caller_of_key)(
                text, address=address, at=timezone.now()
            )
        except KeyBound:
            return None
        return caller if caller and caller.may(Scope.READ) else None
    user = scope.get("user")
    if isinstance(user, User) or (user is not None and user.is_authenticated):
        session = scope.get("session")
        return Caller(
            user=user,
            scopes=frozenset({Scope.READ, Scope.TRADE}),
            session_key=session.session_key if session is not None else None,
            is_sign_in=True,
        )
    return None
