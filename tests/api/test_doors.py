"""A cookie alone never opens the API, and a key never opens the admin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from tests.api.clients import key_for
from tests.api.operations import Operation, all_operations

GUARDED = [operation for operation in all_operations() if operation.is_guarded]
ADMIN = "/admin/"


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_a_cookie_alone_opens_no_operation(admin: User, operation: Operation) -> None:
    client = Client()
    client.force_login(admin)
    answer = client.generic(operation.method, f"/api/v1{operation.path}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


def admin_addresses() -> Iterator[str]:
    """Every address of the admin, with a number where it takes one."""
    (resolver,) = (
        found
        for found in get_resolver().url_patterns
        if isinstance(found, URLResolver) and found.app_name == "admin"
    )
    yield from walk(resolver.url_patterns, ADMIN)


def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        elif "(?P" not in route:
            yield route.replace("<path:object_id>", "1").replace("<id>", "1")


def test_a_key_opens_no_address_of_the_admin(admin: User) -> None:
    text = key_for(admin, scopes=("read", "trade", "admin"))
    opened = []
    addresses = list(admin_addresses())
    for address in addresses:
        for headers in ({"Authorization": f"Bearer {text}"}, {"X-API-Key": text}):
            answer = Client().get(address, headers=headers)
            leads_in = answer.status_code == 302 and not is_door(answer["Location"])
            if answer.status_code == 200 or leads_in:
                opened.append((address, answer.status_code))
    assert opened == []
    assert len(addresses) > 40


def is_door(address: str) -> bool:
    """Whether an address asks who it is; the admin's first page does, and is among the asked."""
    return address == ADMIN or address.startswith(("/admin/login/", "/accounts/login/"))
