"""Webhooks on pages and for programs: owner, stranger, and what is wrong with an address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from accounts.api_keys import issue_key
from accounts.models import User
from integrations.models import Webhook, WebhookDelivery
from integrations.webhooks import own_webhooks
from integrations.webhooks.own_webhooks import WebhookTerms
from tests.accounts.signing_in import signed_in_client
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedded_desk")]

URL = "https://hooks.example/desk"


@pytest.fixture
def alice() -> User:
    return make_user()


@pytest.fixture
def page(alice: User) -> Client:
    """Of somebody who just said who he is."""
    return signed_in_client(alice)


@pytest.fixture
def webhook(alice: User) -> Webhook:
    made, _ = own_webhooks.add_webhook(
        owner=alice, terms=WebhookTerms(URL), added_at=timezone.now()
    )
    return made


def test_the_page_adds_one_and_shows_its_secret_once(page: Client) -> None:
    answer = page.post("/settings/webhooks", {"url": URL, "kinds": ["order.filled"]})
    assert answer.status_code == 201
    assert b"whsec_" in answer.content
    assert Webhook.objects.get().kinds == ["order.filled"]
    again = page.get("/settings/webhooks")
    assert b"whsec_" not in again.content
    assert URL.encode() in again.content


def test_the_page_says_what_is_wrong(page: Client) -> None:
    answer = page.post("/settings/webhooks", {"url": "https://10.0.0.1/"})
    assert answer.status_code == 422
    assert b"refused network (private)" in answer.content


def test_the_page_changes_tests_rotates_and_deletes(page: Client, webhook: Webhook) -> None:
    path = f"/settings/webhooks/{webhook.id}"
    assert page.post(f"{path}/test").status_code == 302
    assert b"webhook.test" in page.get(path).content
    assert b"whsec_" in page.post(f"{path}/secret").content
    delivery = WebhookDelivery.objects.get()
    assert page.post(f"/settings/webhooks/deliveries/{delivery.id}/replay").status_code == 302
    assert page.post(path, {"url": URL, "description": "mine"}).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.description) == (False, "mine")
    assert b"disabled" in page.post(f"{path}/test", follow=True).content
    page.post(f"{path}/deletion")
    assert not Webhook.objects.exists()


def test_whoever_comes_by_a_mere_session_is_asked_who_he_is(client: Client, alice: User) -> None:
    client.force_login(alice)
    answer = client.post("/settings/webhooks", {"url": URL})
    assert "reauthenticate" in answer["Location"]
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("what", ["", "/test", "/secret", "/deletion"])
def test_another_user_finds_none(webhook: Webhook, what: str) -> None:
    client = signed_in_client(make_user("charlie@example.com"))
    path = f"/settings/webhooks/{webhook.id}{what}"
    assert client.post(path, {"url": URL}).status_code == 404
    assert Webhook.objects.count() == 1


class Program:
    def __init__(self, client: Client, owner: User) -> None:
        _, self.key = issue_key(
            owner=owner, name="p", scopes=["read", "trade"], created_at=timezone.now()
        )
        self.client = client

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )


def test_programs_do_the_same(client: Client, alice: User) -> None:
    program = Program(client, alice)
    made = program.call("POST", "/webhooks", {"url": URL, "kinds": ["order.filled"]})
    assert made.status_code == 201
    Verifier(made.json()["secret"])
    path = f"/webhooks/{made.json()['id']}"
    assert "secret" not in program.call("GET", path).json()
    assert [it["url"] for it in program.call("GET", "/webhooks").json()["items"]] == [URL]
    changed = program.call("PATCH", path, {"description": "mine"}).json()
    assert (changed["description"], changed["kinds"]) == ("mine", ["order.filled"])
    rotated = program.call("POST", f"{path}/secret-rotation").json()
    assert rotated["secret"] != made.json()["secret"]
    sent = program.call("POST", f"{path}/test")
    assert (sent.status_code, sent.json()["state"]) == (202, "waiting")
    (listed,) = program.call("GET", f"{path}/deliveries").json()["items"]
    assert listed["id"] == sent.json()["id"]
    assert program.call("POST", f"/deliveries/{listed['id']}/replay").status_code == 202
    program.call("PATCH", path, {"is_enabled": False})
    assert program.call("POST", f"{path}/test").status_code == 409
    assert program.call("DELETE", path).status_code == 204
    assert program.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://localhost/"}, None),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": URL, "kinds": ["order.lost"]}, "kinds"),
        ({"url": URL, "description": "x" * 121}, "description"),
    ],
)
def test_programs_are_told_what_is_wrong(
    client: Client, alice: User, body: dict[str, Any], field: str | None
) -> None:
    answer = Program(client, alice).call("POST", "/webhooks", body)
    if field is None:  # where a name leads is checked at each use, not here
        assert answer.status_code == 201
        return
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


def test_programs_of_others_find_none(client: Client, webhook: Webhook) -> None:
    program = Program(client, make_user("charlie@example.com"))
    for method, what in (
        *(("GET", ""), ("DELETE", ""), ("POST", "/secret-rotation"), ("POST", "/test")),
        ("GET", "/deliveries"),
    ):
        assert program.call(method, f"/webhooks/{webhook.id}{what}").status_code == 404
