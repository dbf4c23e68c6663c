"""A live price that jumped is resolved by itself once the price that follows confirms it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from queue import SimpleQueue
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from market.intake.confirmed_jumps import confirm_jumps
from market.intake.ingestion import store_ticks
from market.intake.partitions import ensure_tick_partitions
from market.intake.price_store import PriceBuffer
from market.intake.providers import PriceBatch
from market.intake.quarantine import AlreadyJudged, reject_row, release_row
from market.intake.refused_prices import ConfirmedJump, RefusedQuote, RefusedTick
from market.live.live_quotes import latest_quote
from market.live.price_door import PriceDoor
from market.models import Bar, Instrument, QuarantinedRow, Tick
from tests.api.clients import ApiClient, key_for
from tests.market.factories import NOON
from tests.market.test_price_door import make_stock, now_of, quote, running_feed, tick
from tests.support.desk import wait_until

SAM = uuid4()


@pytest.fixture
def apple(db: None) -> Instrument:
    return make_stock()


@pytest.fixture
def door(apple: Instrument) -> PriceDoor:
    door = PriceDoor()
    door.renew([apple.id], at=NOON)
    return door


def said(jumps: tuple[ConfirmedJump, ...]) -> list[tuple[type, str]]:
    """What waited, and the price that confirmed it."""
    return [(type(one.item), str(one.price)) for one in jumps]


def by_of(row: QuarantinedRow) -> dict[str, Any]:
    assert row.confirmed_by is not None
    return dict(row.confirmed_by)


def jump_of(door: PriceDoor, apple: Instrument) -> tuple[QuarantinedRow, PriceBatch]:
    """The row of a trade at 300, and the batch whose trade at 301 confirms it."""
    first = door.admit(PriceBatch((), (tick(apple, "300"),)), at=NOON)
    store_ticks((), received_at=NOON, kept_out=first.refused)
    row = QuarantinedRow.objects.get()
    return row, door.admit(PriceBatch((), (tick(apple, "301", tick_id="next"),)), at=NOON)


def test_the_next_trade_as_far_off_confirms_the_one_that_waits(
    door: PriceDoor, apple: Instrument, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        first = door.admit(PriceBatch((), (tick(apple, "100"), tick(apple, "300"))), at=NOON)
        second = door.admit(PriceBatch((), (tick(apple, "301"), tick(apple, "302"))), at=NOON)
    assert first.confirmed == ()
    assert said(second.confirmed) == [(RefusedTick, "301")]
    assert second.confirmed[0].item == first.refused[0]
    assert second.confirmed[0].by == second.ticks[0]


def test_a_jump_is_confirmed_within_one_batch(door: PriceDoor, apple: Instrument) -> None:
    batch = door.admit(PriceBatch((), (tick(apple, "300"), tick(apple, "301"))), at=NOON)
    assert said(batch.confirmed) == [(RefusedTick, "301")]


def test_what_the_next_price_does_not_bear_out_goes_on_waiting(
    door: PriceDoor, apple: Instrument
) -> None:
    far = tick(apple, "300")
    for following in (far, tick(apple, "101"), tick(apple, "10000"), tick(apple, "10001")):
        door.admit(PriceBatch((), (far,)), at=NOON)
        batch = door.admit(PriceBatch((), (following,)), at=NOON)
        assert far.price not in {one.item.tick.price for one in batch.confirmed}  # type: ignore[union-attr]


def test_trade_and_bid_that_jumped_together_are_confirmed_by_the_next_trade(
    door: PriceDoor, apple: Instrument
) -> None:
    door.admit(PriceBatch((quote(apple, "100"),), (tick(apple, "100"),)), at=NOON)
    far = quote(apple, "300", bid="299", ask="301")
    first = door.admit(PriceBatch((far,), (tick(apple, "300"),)), at=NOON)
    assert [type(one) for one in first.refused] == [RefusedTick, RefusedQuote]
    after = quote(apple, "301", bid="300", ask="302")
    batch = door.admit(PriceBatch((after,), (tick(apple, "301"),)), at=NOON)
    assert said(batch.confirmed) == [(RefusedTick, "301"), (RefusedQuote, "301")]
    assert batch.quotes == (after,)


@pytest.mark.parametrize(("last", "bid"), [("300", "299"), ("300", "99"), ("100", "160")])
def test_a_quote_is_confirmed_by_the_next_quote(
    door: PriceDoor, apple: Instrument, last: str, bid: str
) -> None:
    door.admit(PriceBatch((quote(apple, "100"),), ()), at=NOON)
    first = door.admit(PriceBatch((quote(apple, last, bid=bid, ask="400"),), ()), at=NOON)
    assert len(first.refused) == 1
    again = door.admit(PriceBatch((quote(apple, last, bid=bid, ask="400"),), ()), at=NOON)
    assert (again.confirmed, again.refused) == ((), ())
    after = quote(apple, str(int(last) + 1), bid=str(int(bid) + 1), ask="400")
    batch = door.admit(PriceBatch((after,), ()), at=NOON)
    assert [(one.item, one.by) for one in batch.confirmed] == [(first.refused[0], after)]


def test_a_trade_does_not_confirm_a_bid_far_from_it(door: PriceDoor, apple: Instrument) -> None:
    door.admit(PriceBatch((quote(apple, "100"),), ()), at=NOON)
    far = quote(apple, "300", bid="9900", ask="9901")
    door.admit(PriceBatch((far,), ()), at=NOON)
    assert door.admit(PriceBatch((), (tick(apple, "301"),)), at=NOON).confirmed == ()


def test_its_row_says_what_confirmed_it_and_its_trade_is_stored(
    door: PriceDoor, apple: Instrument
) -> None:
    row, after = jump_of(door, apple)
    store_ticks(after.ticks, received_at=NOON)
    at = NOON + timedelta(seconds=1)
    assert confirm_jumps(after.confirmed, confirmed_at=at) == 1
    row.refresh_from_db()
    assert (row.status, row.judged_at, row.judged_by_id) == ("confirmed", at, None)
    assert (by_of(row)["price"], by_of(row)["provider_tick_id"]) == ("301", "next")
    stored = Tick.objects.order_by("occurred_at").values_list("price", flat=True)
    assert list(stored) == [300, 301]
    assert Bar.objects.filter(interval="1m", low=300).exists()
    assert confirm_jumps(after.confirmed, confirmed_at=at) == 0
    with pytest.raises(AlreadyJudged, match="confirmed"):
        reject_row(row.id, rejected_by_id=SAM, rejected_at=at)
    with pytest.raises(AlreadyJudged, match="confirmed"):
        release_row(row.id, corrections={}, released_by_id=SAM, released_at=at)


def test_what_staff_has_rejected_meanwhile_stays_out(door: PriceDoor, apple: Instrument) -> None:
    row, after = jump_of(door, apple)
    reject_row(row.id, rejected_by_id=SAM, rejected_at=NOON)
    assert confirm_jumps(after.confirmed, confirmed_at=NOON) == 0
    row.refresh_from_db()
    assert (row.status, row.confirmed_by) == ("rejected", None)
    assert not Tick.objects.exists()


def test_a_quote_says_that_a_quote_confirmed_it(door: PriceDoor, apple: Instrument) -> None:
    first = door.admit(PriceBatch((quote(apple, "300", bid="299"),), ()), at=NOON)
    store_ticks((), received_at=NOON, kept_out=first.refused)
    after = quote(apple, "301", bid="300")
    batch = door.admit(PriceBatch((after,), ()), at=NOON)
    assert confirm_jumps(batch.confirmed, confirmed_at=NOON) == 1
    row = QuarantinedRow.objects.get()
    assert (row.status, by_of(row)["provider_tick_id"]) == ("confirmed", None)
    assert Decimal(by_of(row)["price"]) in {Decimal(300), Decimal(301)}


def test_what_was_confirmed_is_kept_while_the_database_is_away(
    door: PriceDoor, apple: Instrument
) -> None:
    batch = door.admit(PriceBatch((), (tick(apple, "300"), tick(apple, "301"))), at=NOON)
    buffer = PriceBuffer()
    buffer.put(batch)
    taken = buffer.take()
    assert taken.confirmed == batch.confirmed
    buffer.put_back(taken)
    assert buffer.take().confirmed == batch.confirmed
    assert buffer.take().confirmed == ()


@pytest.mark.django_db(transaction=True)
def test_the_feed_resolves_a_jump_by_itself() -> None:
    now = timezone.now()
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=3)
    apple = make_stock(at=now)
    offered: SimpleQueue[PriceBatch] = SimpleQueue()

    def waiting() -> int:
        return QuarantinedRow.objects.filter(status="waiting").count()

    with running_feed(offered):
        offered.put(now_of(apple, "100", "1"))
        wait_until(lambda: latest_quote(apple.id) is not None, seconds=20, what="a first quote")
        offered.put(now_of(apple, "300", "2"))
        wait_until(lambda: waiting() == 1, seconds=20, what="the jump waits")
        offered.put(now_of(apple, "301", "3"))
        wait_until(lambda: waiting() == 0, seconds=20, what="the jump is confirmed")
    row = QuarantinedRow.objects.get()
    assert (row.status, by_of(row)["price"]) == ("confirmed", "301")
    assert set(Tick.objects.values_list("price", flat=True)) == {100, 300, 301}


def test_staff_sees_by_what_it_was_confirmed(
    door: PriceDoor, apple: Instrument, staff: Client
) -> None:
    row, after = jump_of(door, apple)
    confirm_jumps(after.confirmed, confirmed_at=NOON)
    assert row not in staff.get("/operations/quarantine").context["found"]
    listed = staff.get("/operations/quarantine", {"status": "confirmed"})
    assert row in listed.context["found"]
    assert "by 301" in listed.content.decode()
    page = " ".join(staff.get(f"/operations/quarantine/{row.id}").content.decode().split())
    assert "by the next price, 301 of" in page
    assert "Reject</button>" not in page
    late = staff.post(f"/operations/quarantine/{row.id}/rejection", follow=True)
    assert "confirmed already" in late.content.decode()


def test_programs_see_by_what_it_was_confirmed(door: PriceDoor, apple: Instrument) -> None:
    carol = User.objects.create_user("carol@example.com", tier="admin", is_staff=True)
    admin_api = ApiClient(key_for(carol, scopes=("read", "admin")))
    row, after = jump_of(door, apple)
    confirm_jumps(after.confirmed, confirmed_at=NOON)
    assert admin_api.get("/quarantined-rows?status=waiting").json()["items"] == []
    (found,) = admin_api.get("/quarantined-rows?status=confirmed").json()["items"]
    assert (found["id"], found["judged_at"]) == (row.id, "2026-01-05T17:00:00Z")
    assert found["confirmed_by"]["price"] == "301"
    assert found["confirmed_by"]["provider_tick_id"] == "next"
    late = admin_api.post(f"/quarantined-rows/{row.id}/rejection")
    assert (late.status_code, late.json()["code"]) == (409, "already_judged")
