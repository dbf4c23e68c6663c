"""Pages of staff: users, the audit trail, and who may see them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.page_lists import ROWS
from accounts.tiers import Tier
from tests.factories import make_instrument, make_user

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PAGES = (
    "/operations",
    "/operations/users",
    "/operations/users/new",
    "/operations/audit",
    "/operations/instruments",
    "/operations/instruments/new",
    "/operations/instruments/file",
)


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create_superuser("carol@example.com", "a-long-password")


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


@pytest.fixture
def sam(db: None) -> User:
    """Staff without the admin tier."""
    return User.objects.create_user("sam@example.com", is_staff=True)


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(carol: User) -> Client:
    return browser_of(carol)


def text_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_staff_alone_sees_them(path: str, carol: User, alice: User, sam: User) -> None:
    assert Client().get(path).status_code == 302
    assert browser_of(alice).get(path).status_code == 404
    assert browser_of(sam).get(path).status_code == 200
    assert browser_of(carol).get(path).status_code == 200


def test_the_way_there_is_shown_to_staff_alone(carol: User, alice: User) -> None:
    link = f'href="{reverse("operations")}"'
    assert link in text_of(browser_of(carol).get("/home"))
    assert link not in text_of(browser_of(alice).get("/home"))


def test_users_are_searched_and_paged(admin: Client, alice: User) -> None:
    for index in range(ROWS + 10):
        User.objects.create_user(f"user{index}@example.com")
    first = admin.get("/operations/users")
    assert len(first.context["found"]) == ROWS
    older = admin.get(first.context["older_href"])
    assert len(older.context["found"]) == 12
    found = admin.get("/operations/users", {"search": "alice", "tier": "premium", "active": "yes"})
    assert [one.email for one in found.context["found"]] == [alice.email]
    assert not admin.get("/operations/users", {"active": "no"}).context["found"]
    assert admin.get("/operations/users", {"cursor": "forged"}).status_code == 200
    fragment = admin.get("/operations/users", headers={"HX-Request": "true", "HX-Target": "users"})
    assert "<html" not in text_of(fragment)


def test_a_user_is_made_and_changed(admin: Client, carol: User) -> None:
    form = {"email": "dora@example.com", "password": "", "tier": "premium"}
    made = admin.post("/operations/users/new", form)
    dora = User.objects.get(email="dora@example.com")
    path = f"/operations/users/{dora.id}"
    assert made.headers["Location"] == path
    assert not dora.has_usable_password()
    changed = admin.post(path, {"tier": "standard", "is_active": "on", "is_staff": "on"})
    assert changed.status_code == 302
    dora.refresh_from_db()
    assert (dora.tier, dora.is_active, dora.is_staff) == ("standard", True, True)
    event = AuditEvent.objects.get(action="user.changed")
    assert (event.actor, event.via, event.owner) == (carol, "page", dora)
    assert "User changed" in text_of(admin.get(path))


def test_refusals_stand_at_their_field_or_above(admin: Client, carol: User, sam: User) -> None:
    form = {"email": "CAROL@example.com", "password": "", "tier": "premium"}
    taken = admin.post("/operations/users/new", form)
    assert (taken.status_code, list(taken.context["form"].errors)) == (422, ["email"])
    path = f"/operations/users/{carol.id}"
    own = admin.post(path, {"tier": "standard", "is_active": "on", "is_staff": "on"})
    assert own.status_code == 422
    assert "cannot take away your own right" in text_of(own)
    staff = browser_of(sam).post(path, {"tier": "standard", "is_active": "on"})
    assert staff.status_code == 422
    assert "Only an administrator" in text_of(staff)
    assert admin.get(f"/operations/users/{make_instrument().public_id}").status_code == 404


def test_signing_somebody_out(admin: Client, alice: User, sam: User) -> None:
    hers = browser_of(alice)
    path = f"/operations/users/{alice.id}/sign-out"
    assert admin.get(path).status_code == 405
    browser_of(sam).post(path)
    assert hers.get("/settings").status_code == 200
    admin.post(path)
    assert hers.get("/settings").status_code == 302


def record(owner: User, action: str = "thing.made", **facts: Any) -> None:
    given: dict[str, Any] = {"target": "thing", "target_id": "1", "occurred_at": NOON}
    audit.record(action=action, owner_id=owner.id, **given | facts)


def test_a_user_reads_his_own_events(alice: User, carol: User) -> None:
    record(alice, after={"name": "<b>Tech</b>", "limit": None})
    record(carol, "secret.matter")
    shown = text_of(browser_of(alice).get("/settings/audit"))
    assert "Thing made" in shown
    assert "&lt;b&gt;Tech&lt;/b&gt;" in shown
    assert "Secret matter" not in shown


def test_of_staff_a_user_reads_neither_name_nor_address(alice: User, admin: Client) -> None:
    admin.post(
        f"/operations/users/{alice.id}",
        {"tier": "standard", "is_active": "on"},
        REMOTE_ADDR="192.0.2.44",
    )
    shown = text_of(browser_of(alice).get("/settings/audit"))
    assert "staff" in shown
    assert "carol@example.com" not in shown
    assert "192.0.2.44" not in shown
    everything = text_of(admin.get("/operations/audit"))
    assert "192.0.2.44" in everything
    assert "carol@example.com" in everything


def test_events_are_filtered_and_paged(alice: User, carol: User, admin: Client) -> None:
    for _ in range(ROWS + 5):
        record(alice)
    record(alice, "other.matter")
    page = admin.get("/operations/audit", {"owner": "ALICE@example.com", "action": "thing"})
    assert len(page.context["events"]) == ROWS
    assert len(admin.get(page.context["older_href"]).context["events"]) == 5
    for query, count in (
        ({"action": "other.matter"}, 1),
        ({"first_day": "2026-01-06", "action": "thing"}, 0),
        ({"last_day": "2026-01-05", "action": "other"}, 1),
        ({"owner": "nobody@example.com"}, 0),
    ):
        found = admin.get("/operations/audit", query)
        assert len(found.context["events"]) == count, query
    wrong = admin.get("/operations/audit", {"action": "Drop table"})
    assert "An action reads like" in text_of(wrong)


def test_events_of_a_deleted_user_are_still_read(alice: User, admin: Client) -> None:
    record(alice, actor_id=alice.id)
    gone = str(alice.id)
    alice.delete()
    assert f"deleted user {gone}" in text_of(admin.get("/operations/audit"))


def test_a_page_of_events_costs_a_fixed_number_of_queries(
    alice: User, admin: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        record(alice, actor_id=alice.id)
    with django_assert_max_num_queries(6):
        admin.get("/operations/audit")


def test_djangos_admin_changes_users_by_the_operation(carol: User, alice: User) -> None:
    dan = User.objects.create_user("dan@example.com", tier=Tier.ADMIN, is_staff=True)
    client = browser_of(dan)
    path = f"/admin/accounts/user/{alice.id}/change/"
    assert client.get(path).status_code == 200
    form = {"display_name": "Alice", "tier": "standard", "is_active": "on"}
    assert client.post(path, form).status_code == 302
    event = AuditEvent.objects.get(action="user.changed", owner=alice)
    assert (event.via, event.actor) == ("admin", dan)
    own = client.post(f"/admin/accounts/user/{dan.id}/change/", form)
    assert "cannot take away your own right" in text_of(own)
    made = client.post("/admin/accounts/user/add/", {"email": "dora@x.de", "tier": "admin"})
    assert made.status_code == 302, text_of(made)
    assert User.objects.get(email="dora@x.de").is_staff
    assert AuditEvent.objects.filter(action="user.created").count() == 1


def test_djangos_admin_shows_events_and_changes_none(carol: User, alice: User) -> None:
    record(alice)
    client = browser_of(carol)
    assert "thing.made" in text_of(client.get("/admin/accounts/auditevent/"))
    event = AuditEvent.objects.get(action="thing.made")
    assert client.get(f"/admin/accounts/auditevent/{event.id}/change/").status_code == 200
    assert client.post(f"/admin/accounts/auditevent/{event.id}/change/", {}).status_code == 403
    assert client.post(f"/admin/accounts/auditevent/{event.id}/delete/").status_code == 403


def test_the_admin_tier_opens_our_part_of_djangos_admin(alice: User, sam: User) -> None:
    dan = User.objects.create_user("dan@example.com", tier=Tier.ADMIN, is_staff=True)
    assert dan.has_perm("market.change_instrument")
    assert not dan.has_perm("auth.change_group")
    for nobody in (alice, sam):
        assert not nobody.has_perm("market.change_instrument")
