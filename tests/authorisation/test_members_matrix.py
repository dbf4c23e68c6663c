"""Every endpoint and page of a shared portfolio × every role in it: none does more than its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.policies import role_of
from accounts.roles import Role
from accounts.slots import Reach
from config.access.operations import Operation, operations
from config.access.routes import Route, page_routes
from config.access.slots import SLOTS
from config.api import api
from portfolio.sharing.members import add_member
from tests.api.clients import key_for
from tests.authorisation.conftest import People
from tests.authorisation.fingerprints import Watch
from tests.authorisation.outcomes import code_of
from tests.authorisation.person import Person
from tests.authorisation.requests import FOR_DEEP, ask, idempotency_key
from tests.authorisation.things import refresh_quotes

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Guest:
    person: Person
    role: Role | None  # None for somebody with whom it is not shared any more


def share(people: People, role: Role | None) -> Guest:
    """The victim shares both of his portfolios with the premium user, who may leave the first."""
    if role is not None:
        for kind in ("tracked portfolio", "portfolio"):
            made = add_member(
                portfolio_id=UUID(people.victim.values[kind]),
                owner=people.victim.user,
                email=people.premium.user.email,
                role=role,
                added_at=timezone.now(),
            )
            people.victim.values["member"] = str(made.id)
    return Guest(people.premium, role)


def is_shared(names: tuple[str, ...]) -> bool:
    """Whether an address names something of a shared portfolio."""
    return any(SLOTS[name].reach is Reach.MEMBERS for name in names if name in SLOTS)


def shared_operations() -> Iterator[Operation]:
    return (one for one in operations(api) if is_shared(one.parameters))


def shared_routes() -> Iterator[Route]:
    return (one for one in page_routes() if one.is_ours and is_shared(one.parameters))


def may(guest: Guest, needed: Role | None) -> bool:
    return guest.role is not None and needed is not None and guest.role.includes(needed)


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR])
def test_no_member_calls_more_of_the_api_than_his_role_says(
    people: People, role: Role | None
) -> None:
    guest, victim = share(people, role), people.victim
    client, key = Client(raise_request_exception=False), key_for(guest.person.user)
    values = {name: victim.values[slot.kind] for name, slot in SLOTS.items()}
    values |= {kind: victim.values[kind] for kind in FOR_DEEP.values()}
    watch, wrong, tried = Watch(victim.user), [], 0
    for operation in shared_operations():
        refresh_quotes()
        request = ask(operation, values)
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key()}
        with transaction.atomic():
            answer = client.generic(
                operation.method,
                request.path,
                request.body,
                content_type=request.content_type,
                headers=headers,
            )
            is_unchanged = watch.is_unchanged()
            transaction.set_rollback(True)
        tried += 1
        if may(guest, operation.role):
            is_right = answer.status_code < 400 or answer.status_code == 409
        elif guest.role is None:
            is_right = answer.status_code == 404 and is_unchanged
        else:
            is_right = code_of(answer.content) == "role_missing" and is_unchanged
        if not is_right:
            wrong.append(f"{operation}: {answer.status_code} {answer.content[:200]!r}")
    assert tried > 30
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR])
def test_no_member_opens_more_pages_than_his_role_says(people: People, role: Role | None) -> None:
    guest, victim = share(people, role), people.victim
    client = Client(raise_request_exception=False)
    client.force_login(guest.person.user)
    watch, wrong, tried = Watch(victim.user), [], 0
    for route in shared_routes():
        values = {name: victim.values[SLOTS[name].kind] for name in route.parameters}
        path = reverse(route.name, kwargs=values)
        for method in ("GET", "POST"):
            refresh_quotes()
            with transaction.atomic():
                answer = client.generic(method, path)
                is_unchanged = watch.is_unchanged()
                transaction.set_rollback(True)
            tried += 1
            status = answer.status_code
            if status == 405:
                continue
            if may(guest, role_of(route.view, method)):
                # An empty form is refused as such; a page that needs a word finds nothing.
                is_right = status not in {403, 500}
            elif guest.role is None:
                is_right = status == 404 and is_unchanged
            else:
                is_right = status == 403 and is_unchanged
            if not is_right:
                wrong.append(f"{method} {route.route}: {status} for {role}")
    assert tried > 40
    assert not wrong, "\n".join(wrong)
