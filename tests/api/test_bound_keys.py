"""Keys that open the door from their own addresses only."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts import auth
from accounts.api_keys import issue_key
from accounts.auth import authenticate_socket
from accounts.models import ApiKey, User
from tests.api.clients import Answer, ApiClient, fields_in

HOME = "192.0.2.17"
AWAY = "198.51.100.4"


def bound_key(owner: User, *networks: str, scopes: tuple[str, ...] = ("read", "trade")) -> str:
    return issue_key(
        owner=owner, name="bound", scopes=scopes, networks=networks, created_at=timezone.now()
    )[1]


def me(key: str, address: str, **headers: str) -> Answer:
    return Client(raise_request_exception=False).get(
        "/api/v1/me", headers={"X-API-Key": key, **headers}, REMOTE_ADDR=address
    )


class At(ApiClient):
    """A program at one address."""

    def __init__(self, key: str, address: str) -> None:
        super().__init__(key)
        self.client = Client(raise_request_exception=False, REMOTE_ADDR=address)


def test_the_key_works_at_home_and_is_refused_elsewhere(alice: User) -> None:
    key = bound_key(alice, "192.0.2.0/24", "2001:db8::/32")
    for address in (HOME, "::ffff:192.0.2.17", "2001:db8::5"):
        assert me(key, address).status_code == 200
    refused = me(key, AWAY)
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "key_bound"
    for secret in (AWAY, "192.0.2", "2001:db8", alice.email, "bound key"):
        assert secret not in problem["detail"]
    assert me(key, HOME).json()["allowed_networks"] == ["192.0.2.0/24", "2001:db8::/32"]


@pytest.mark.parametrize("first", [HOME, AWAY])
def test_what_is_remembered_of_a_key_lets_no_address_slip(alice: User, first: str) -> None:
    key = bound_key(alice, HOME)
    me(key, first)  # now it stands in memory
    assert me(key, AWAY).status_code == 403
    assert me(key, HOME).status_code == 200
    assert me(key, AWAY).status_code == 403


def test_a_refused_use_is_no_use_and_costs_one_query(
    alice: User, django_assert_num_queries: Any
) -> None:
    key = bound_key(alice, HOME)
    with django_assert_num_queries(1):
        for _ in range(5):
            assert me(key, AWAY).status_code == 403
    assert ApiKey.objects.get().latest_use_at is None


def test_only_a_trusted_proxy_may_speak_of_home(alice: User, settings: LazySettings) -> None:
    key = bound_key(alice, HOME)
    forged = {"X-Forwarded-For": HOME}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert me(key, AWAY, **forged).status_code == 403
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert me(key, AWAY, **forged).status_code == 200
    assert me(key, AWAY, **{"X-Forwarded-For": f"{HOME}, {AWAY}"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_sockets_are_refused_elsewhere_too() -> None:
    alice = User.objects.create_user("alice@example.com")
    key = bound_key(alice, HOME)
    for address, is_open in ((HOME, True), (AWAY, False), (HOME, True)):
        scope = {"client": (address, 1), "headers": [(b"x-api-key", key.encode())]}
        caller = async_to_sync(authenticate_socket)(scope)
        assert (caller is not None) is is_open


def test_health_shows_a_bound_staff_key_nothing_elsewhere(admin: User) -> None:
    key = bound_key(admin, HOME)
    client = Client()
    headers = {"X-API-Key": key}
    assert "parts" in client.get("/api/v1/health/ready", headers=headers, REMOTE_ADDR=HOME).json()
    away = client.get("/api/v1/health/ready", headers=headers, REMOTE_ADDR=AWAY).json()
    assert "parts" not in away


def test_a_key_is_bound_through_the_api(api: ApiClient, settings: LazySettings) -> None:
    body = {
        "name": "r",
        "scopes": ["read"],
        "allowed_networks": ["192.0.2.17", "::ffff:192.0.2.17"],
    }
    made = api.post("/api-keys", body).json()
    assert made["allowed_networks"] == ["192.0.2.17/32"]
    assert me(made["key"], HOME).status_code == 200
    assert me(made["key"], AWAY).status_code == 403
    assert api.get("/api-keys").json()["items"][0]["allowed_networks"] == ["192.0.2.17/32"]


@pytest.mark.parametrize(
    ("networks", "code"),
    [
        (["home"], "not_a_network"),
        (["192.0.2.1/24"], "not_a_network"),
        ([""], "not_a_network"),
        ([f"10.0.0.{number}" for number in range(51)], "too_many"),
    ],
)
def test_networks_that_are_none_are_refused(api: ApiClient, networks: list[str], code: str) -> None:
    wish = {"name": "r", "scopes": ["read"], "allowed_networks": networks}
    answer = api.post("/api-keys", wish)
    assert answer.status_code == 422
    assert fields_in(answer) == {"allowed_networks": code}
    wish["allowed_networks"] = [f"10.0.0.{number}" for number in range(50)]
    assert api.post("/api-keys", wish).status_code == 201


def test_a_bound_key_makes_keys_that_reach_no_further(alice: User) -> None:
    program = At(bound_key(alice, "192.0.2.0/24"), HOME)
    wish = {"name": "child", "scopes": ["read"]}
    assert program.post("/api-keys", wish).json()["allowed_networks"] == ["192.0.2.0/24"]
    narrow = program.post("/api-keys", wish | {"allowed_networks": [HOME]})
    assert narrow.json()["allowed_networks"] == [f"{HOME}/32"]
    wide = program.post("/api-keys", wish | {"allowed_networks": ["0.0.0.0/0"]})
    assert fields_in(wide) == {"allowed_networks": "beyond_this_key"}


def test_a_bound_key_sees_and_ends_only_keys_within_its_networks(alice: User) -> None:
    free = bound_key(alice)
    bound_key(alice, AWAY)
    program = At(bound_key(alice, "192.0.2.0/24"), HOME)
    listed = program.get("/api-keys").json()["items"]
    assert [row["allowed_networks"] for row in listed] == [["192.0.2.0/24"]]
    for key in ApiKey.objects.exclude(networks=["192.0.2.0/24"]):
        assert program.delete(f"/api-keys/{key.id}").status_code == 404
        assert program.post(f"/api-keys/{key.id}/rotation", {}).status_code == 404
    auth.memory.forget()
    assert me(free, AWAY).status_code == 200


def test_rotation_keeps_the_binding(alice: User) -> None:
    program = At(bound_key(alice, HOME), HOME)
    key = ApiKey.objects.get()
    assert program.post(f"/api-keys/{key.id}/rotation", {}).json()["allowed_networks"] == [
        f"{HOME}/32"
    ]
