"""Every socket address, with the parameters in it and who may open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.policies import SocketPolicy, socket_policy_of
from config.access.routes import parameters_of


@dataclass(frozen=True, slots=True)
class SocketRoute:
    route: str
    policy: SocketPolicy | None
    parameters: tuple[str, ...]


def socket_routes(router: Any) -> Iterator[SocketRoute]:
    """The routes of a Channels ``URLRouter``, in its order."""
    for pattern in router.routes:
        yield SocketRoute(
            str(pattern.pattern), socket_policy_of(pattern.callback), parameters_of(pattern)
        )
