"""What a user has set, in an export of everything, and back."""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from integrations.models.notifications import NotificationChoice, QuietHours
from portfolio.holdings.thresholds import change_thresholds
from portfolio.models import Portfolio, RiskThreshold, SavedMapping
from portfolio.sharing.members import add_member
from portfolio.sharing.share_links import create_share_link
from portfolio.takeout.own_things import Brought
from tests.factories import make_user
from tests.portfolio.takeout.desk import back, files_of, open_tracked

pytestmark = pytest.mark.django_db

DIGEST = bytes(range(32))


def rows_of(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(files[f"{name}.json"])
    return rows


def limit(owner: User, rule: str, maximum: str, portfolio: Portfolio | None = None) -> None:
    limits: dict[str, Decimal | None] = {rule: Decimal(maximum)}
    change_thresholds(user=owner, portfolio=portfolio, limits=limits, changed_at=timezone.now())


def limits_of(owner: User) -> set[tuple[str | None, str, str]]:
    rows = RiskThreshold.objects.filter(user=owner)
    return {
        (one.portfolio.name if one.portfolio else None, one.rule, str(one.maximum_pct))
        for one in rows
    }


def make_owner() -> User:
    owner, now = make_user("careful@example.com"), timezone.now()
    portfolio = open_tracked(owner, "Depot")
    limit(owner, "cash_share", "12.5")
    limit(owner, "largest_name", "7", portfolio)
    SavedMapping.objects.create(
        owner=owner,
        columns_digest=DIGEST,
        mapping={"symbol": "Paper"},
        date_order="day_first",
        decimal_mark=",",
        saved_at=now,
    )
    make_user("bob@example.com")
    add_member(
        portfolio_id=portfolio.id, owner=owner, email="bob@example.com", role="viewer", added_at=now
    )
    create_share_link(
        portfolio_id=portfolio.id, owner=owner, label="For dad", expires_at=None, created_at=now
    )
    NotificationChoice.objects.create(
        owner=owner, kind="order.filled", in_inbox=True, by_mail=False
    )
    QuietHours.objects.create(
        owner=owner, begins=time(22), ends=time(7), timezone="Asia/Ho_Chi_Minh"
    )
    return owner


def test_everything_that_was_set_is_written() -> None:
    files = files_of(make_owner())
    (member,) = rows_of(files, "members")
    assert (member["portfolio"], member["email"]) == ("01-depot", "bob@example.com")
    (link,) = rows_of(files, "share_links")
    assert (link["label"], link["revoked_at"]) == ("For dad", None)
    assert "digest" not in link
    (choice,) = rows_of(files, "notification_choices")
    assert (choice["kind"], choice["by_mail"]) == ("order.filled", False)
    (quiet,) = rows_of(files, "quiet_hours")
    assert quiet == {"begins": "22:00:00", "ends": "07:00:00", "timezone": "Asia/Ho_Chi_Minh"}


def test_limits_and_mappings_come_back_once() -> None:
    files = files_of(make_owner())
    other = make_user("other@example.com")
    brought = back(other, files)
    assert (brought.risk_limits, brought.import_mappings, brought.left_out) == (2, 1, [])
    assert limits_of(other) == {(None, "cash_share", "12.50"), ("Depot", "largest_name", "7.00")}
    saved = SavedMapping.objects.get(owner=other)
    assert (bytes(saved.columns_digest), saved.mapping) == (DIGEST, {"symbol": "Paper"})
    assert (saved.date_order, saved.decimal_mark) == ("day_first", ",")


def test_what_he_has_set_himself_stays() -> None:
    files = files_of(make_owner())
    other = make_user("other@example.com")
    limit(other, "cash_share", "99")
    SavedMapping.objects.create(
        owner=other, columns_digest=DIGEST, mapping={}, saved_at=timezone.now()
    )
    brought = back(other, files)
    assert (brought.risk_limits, brought.import_mappings) == (1, 0)
    assert (None, "cash_share", "99.00") in limits_of(other)
    assert SavedMapping.objects.get(owner=other).mapping == {}


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("risk_limits", {"portfolio": "", "rule": "luck", "maximum_pct": "5"}),
        ("risk_limits", {"portfolio": "", "rule": "cash_share", "maximum_pct": "500"}),
        ("risk_limits", {"portfolio": "", "rule": "cash_share", "maximum_pct": "much"}),
        ("risk_limits", {"portfolio": "99-none", "rule": "cash_share", "maximum_pct": "5"}),
        ("import_mappings", {"columns_digest": "zz", "mapping": "{}"}),
        ("import_mappings", {"columns_digest": "00", "mapping": "{}"}),
        ("import_mappings", {"columns_digest": "00" * 32, "mapping": '{"mood": "Good"}'}),
        ("import_mappings", {"columns_digest": "00" * 32, "mapping": "[]"}),
        ("import_mappings", {"columns_digest": "00" * 32, "mapping": "{"}),
    ],
)
def test_what_makes_no_sense_is_left_out_and_named(name: str, row: dict[str, str]) -> None:
    other = make_user("other@example.com")
    brought: Brought = back(other, {f"{name}.json": json.dumps([row]).encode()})
    (odd,) = brought.left_out
    assert odd.kind == name.removesuffix("s")
    assert not RiskThreshold.objects.exists()
    assert not SavedMapping.objects.exists()
