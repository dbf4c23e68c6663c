"""What administrators do with users, and what is refused them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import users
from accounts.access_tokens import authenticate_access_token
from accounts.api_keys import authenticate_key, issue_key
from accounts.errors import NotFound
from accounts.identifiers import new_id
from accounts.models import AuditEvent, User
from accounts.refresh_tokens import start_family
from accounts.tiers import Tier
from tests.factories import make_user
from tests.portfolio.factories import race

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PASSWORD = "a-rather-long-pass-phrase"


def make_admin(email: str = "carol@example.com") -> User:
    return User.objects.create_user(
        email, "a-long-password", tier=Tier.ADMIN, is_staff=True, joined_at=NOON
    )


@pytest.fixture
def carol(db: None) -> User:
    return make_admin()


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def create(by: User | None, **facts: Any) -> User:
    given = {"email": "dora@example.com", "password": PASSWORD, "by": by, "created_at": NOON}
    return users.create_user(**given | facts)


def change(user: User, by: User | None, **changes: Any) -> User:
    return users.change_user(user_id=user.id, changes=changes, by=by, changed_at=NOON)


def codes(error: pytest.ExceptionInfo[users.UserRefused]) -> set[str]:
    return {problem.code for problem in error.value.problems}


def test_an_admin_makes_somebody_who_signs_in(carol: User) -> None:
    dora = create(carol, email=" Dora@Example.com ", tier=Tier.PREMIUM, display_name=" Dora ")
    assert (dora.email, dora.display_name, dora.is_staff) == ("dora@example.com", "Dora", False)
    assert dora.check_password(PASSWORD)
    event = AuditEvent.objects.get(action="user.created")
    assert (event.owner, event.after) == (
        dora,
        {
            "email": "dora@example.com",
            "display_name": "Dora",
            "tier": "premium",
            "is_active": True,
            "is_staff": False,
        },
    )


def test_a_new_admin_is_staff_and_nobody_needs_a_password(carol: User) -> None:
    dora = create(carol, tier=Tier.ADMIN, password=None)
    assert dora.is_staff
    assert not dora.has_usable_password()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"email": "not an address"}, {"email_invalid"}),
        ({"email": "a@b.de" + "x" * 254}, {"email_invalid", "too_long"}),
        ({"tier": "gold"}, {"unknown_tier"}),
        ({"display_name": "x" * 81}, {"invalid_name"}),
        ({"display_name": "a\0b"}, {"invalid_name"}),
        ({"password": "short"}, {"weak_password"}),
        ({"email": "CAROL@example.com"}, {"email_taken"}),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    carol: User, facts: dict[str, Any], expected: set[str]
) -> None:
    with pytest.raises(users.UserRefused) as error:
        create(carol, **facts)
    assert codes(error) == expected
    assert User.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_only_admins_make_and_change_users(alice: User, carol: User) -> None:
    staff = make_user("sam@example.com")
    staff.is_staff = True
    staff.save()
    for nobody in (alice, staff):
        with pytest.raises(users.AdminNeeded):
            create(nobody)
        with pytest.raises(users.AdminNeeded):
            change(carol, nobody, tier="standard")
        with pytest.raises(users.AdminNeeded):
            users.sign_out_everywhere(user_id=alice.id, by=nobody, at=NOON)


def test_a_change_keeps_what_it_does_not_name_and_is_recorded(alice: User, carol: User) -> None:
    assert change(alice, carol, tier="standard").tier == "standard"
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == (
        "user.changed",
        {"tier": "premium"},
        {"tier": "standard"},
    )
    change(alice, carol, tier="standard")
    assert AuditEvent.objects.count() == 1  # the same again changes nothing


def test_the_staff_right_follows_the_admin_tier_unless_it_is_named(
    alice: User, carol: User
) -> None:
    assert change(alice, carol, tier="admin").is_staff
    assert not change(alice, carol, tier="premium").is_staff
    assert change(alice, carol, tier="standard", is_staff=True).is_staff
    assert change(alice, carol, tier="premium").is_staff


def test_a_change_that_cannot_be_is_refused(alice: User, carol: User) -> None:
    for changes, code in (
        ({"tier": "gold"}, "unknown_tier"),
        ({"email": "x@example.com"}, "unchangeable"),
        ({"is_superuser": True}, "unchangeable"),
    ):
        with pytest.raises(users.UserRefused) as error:
            change(alice, carol, **changes)
        assert codes(error) == {code}
    with pytest.raises(NotFound):
        users.change_user(user_id=new_id(), changes={}, by=carol, changed_at=NOON)


@pytest.mark.parametrize(
    "changes", [{"tier": "premium"}, {"is_active": False}, {"is_staff": False}]
)
def test_nobody_takes_away_his_own_right(carol: User, changes: dict[str, Any]) -> None:
    make_admin("dan@example.com")
    with pytest.raises(users.OwnRightKept):
        change(carol, carol, **changes)
    carol.refresh_from_db()
    assert carol.is_admin
    assert change(carol, carol, display_name="Carol").display_name == "Carol"


def test_the_last_admin_stays(carol: User) -> None:
    for changes in ({"tier": "premium"}, {"is_active": False}):
        with pytest.raises(users.LastAdminKept):
            change(carol, None, **changes)
    dan = make_admin("dan@example.com")
    change(carol, dan, is_active=False)
    with pytest.raises(users.LastAdminKept):
        change(dan, None, tier="standard")


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_demote_each_other_one_remains() -> None:
    for attempt in range(5):
        carol, dan = make_admin(f"carol{attempt}@example.com"), make_admin(f"dan{attempt}@x.de")
        User.objects.filter(tier=Tier.ADMIN).exclude(id__in=[carol.id, dan.id]).update(
            tier=Tier.STANDARD
        )
        demotions = [partial(change, dan, carol), partial(change, carol, dan)]
        outcomes = race([partial(one, tier="standard") for one in demotions], threads=2)
        lost = [one for one in outcomes if isinstance(one, Exception)]
        assert [type(one) for one in lost] == [users.AdminNeeded]
        assert User.objects.filter(tier=Tier.ADMIN, is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_those_who_make_the_same_user_one_does() -> None:
    carol = make_admin()
    outcomes = race([lambda: create(carol) for _ in range(6)], threads=6)
    lost = [one for one in outcomes if isinstance(one, Exception)]
    assert [type(one) for one in lost] == [users.EmailTaken] * 5
    assert AuditEvent.objects.filter(action="user.created").count() == 1


@pytest.mark.parametrize("way", ["switched off", "signed out"])
def test_sessions_tokens_and_keys_end_at_once(alice: User, carol: User, way: str) -> None:
    now = timezone.now()
    client = Client()
    client.force_login(alice)
    key, key_text = issue_key(owner=alice, name="k", scopes=["read"], created_at=now)
    pair = start_family(owner=alice, started_at=now)
    assert client.get("/settings").status_code == 200
    if way == "switched off":
        change(alice, carol, is_active=False)
    else:
        users.sign_out_everywhere(user_id=alice.id, by=carol, at=now)
    assert client.get("/settings").status_code == 302
    assert authenticate_key(key_text, at=now) is None
    assert authenticate_access_token(pair.access_token, at=now) is None
    event = AuditEvent.objects.get(action="user.signed_out")
    assert event.after == {"keys_revoked": 1, "sign_ins_ended": 1}
    # Switched on again, he signs in anew: what has ended stays so.
    change(alice, carol, is_active=True)
    assert client.get("/settings").status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    alice.refresh_from_db()
    client.force_login(alice)
    assert client.get("/settings").status_code == 200


def test_signing_out_leaves_others_alone(alice: User, carol: User) -> None:
    client = Client()
    client.force_login(carol)
    users.sign_out_everywhere(user_id=alice.id, by=carol, at=NOON)
    assert client.get("/operations/users").status_code == 200
