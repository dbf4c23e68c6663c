"""What does not declare who may call it. Each finding is an error, and the start is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import chain
from typing import Any, Final

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from config.access.operations import operations
from config.access.routes import page_routes
from config.access.slots import SLOTS
from config.access.sockets import socket_routes
from config.access.tasks import worker_tasks

Check = Callable[..., list[CheckMessage]]


def find_undeclared_pages(**_: Any) -> list[CheckMessage]:
    """Check that every page declares who may call it, and what the ids in its address name."""
    found: list[CheckMessage] = []
    for route in page_routes():
        if route.policy is None and route.is_ours:
            message = f"The view {route.view_name} at {route.route!r} does not say who may call it."
            hint = "Decorate it with public, signed_in or staff_only of accounts.policies."
            found.append(Error(message, hint=hint, id="access.E001"))
        elif route.policy is None:
            message = f"Nobody looked at {route.view_name} at {route.route!r}, which is not ours."
            hint = "Read what it does and who may, then add it to config.access.third_parties."
            found.append(Error(message, hint=hint, id="access.E002"))
        if route.is_ours:
            slots = (*route.parameters, *route.ids.values())
            found += unknown_slots(f"The page {route.route!r}", slots)
    return found


def find_undeclared_operations(**_: Any) -> list[CheckMessage]:
    """Check that every operation of both APIs asks for a scope, or says why it is open."""
    found: list[CheckMessage] = []
    apis = [import_module(name).api for name in APIS]
    for operation in chain.from_iterable(map(operations, apis)):
        if not operation.is_declared:
            message = f"The endpoint {operation} does not say who may call it."
            hint = "Give it auth=KeyAuth(scope), or auth=None and anybody of accounts.policies."
            found.append(Error(message, hint=hint, id="access.E003"))
        slots = (*operation.parameters, *operation.fields)
        found += unknown_slots(f"The endpoint {operation}", slots)
    return found


def find_undeclared_sockets(**_: Any) -> list[CheckMessage]:
    """Check that every socket address declares who may open it."""
    found: list[CheckMessage] = []
    for socket in socket_routes(import_module("config.routing").websocket_application):
        if socket.policy is None:
            message = f"The socket at {socket.route!r} does not say who may open it."
            hint = "Wrap its application in socket_for of accounts.policies."
            found.append(Error(message, hint=hint, id="access.E004"))
        found += unknown_slots(f"The socket {socket.route!r}", socket.parameters)
    return found


def find_undeclared_tasks(**_: Any) -> list[CheckMessage]:
    """Check that every task declares for whom it works."""
    found: list[CheckMessage] = []
    for task in worker_tasks(import_module("config.celery").app):
        if task.policy is None:
            message = f"The task {task.name} does not say for whom it works."
            hint = "Decorate it with works_for_the_desk or works_for_owner_of."
            found.append(Error(message, hint=hint, id="access.E005"))
        elif (slot := task.policy.owner_of) is not None:
            found += unknown_slots(f"The task {task.name}", [slot])
            if slot not in task.arguments:
                message = f"The task {task.name} has no argument {slot!r}, whose owner it is for."
                found.append(Error(message, id="access.E006"))
    return found


def unknown_slots(where: str, names: Iterable[str]) -> Iterator[Error]:
    for name in names:
        if name not in SLOTS:
            message = f"{where} takes {name!r}, and nothing says what that names."
            hint = "Declare a Slot of that name in the slots module of its app."
            yield Error(message, hint=hint, id="access.E007")


APIS: Final = ("config.api", "config.alpaca")
OF_SERVERS: Final[tuple[Check, ...]] = (
    find_undeclared_pages,
    find_undeclared_operations,
    find_undeclared_sockets,
)
OF_WORKERS: Final[tuple[Check, ...]] = (find_undeclared_tasks,)


def refuse_undeclared(checks: Iterable[Check]) -> None:
    """Let no process serve what nobody declared.

    Raises:
        ImproperlyConfigured: naming everything that is not declared.
    """
    if found := [str(error) for check in checks for error in check()]:
        raise ImproperlyConfigured("\n".join(found))
