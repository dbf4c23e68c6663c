"""Dividends and splits that providers tell of: recorded once, and prices stay what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from django.conf import LazySettings

from market import calendar
from market.corporate_actions.actions import cancel_action, record_action
from market.corporate_actions.facts import ActionFacts
from market.intake.bar_providers import BadAnswer, ProvidedBar
from market.models import Bar, CorporateAction, Instrument, QuarantinedRow
from market.models.corporate_actions import ActionKind
from tests.market.collection_desk import NOW, FakeProvider, run_at, use_fake_providers
from tests.market.factories import make_instrument

DAY = date(2025, 12, 15)
DIVIDEND = ActionFacts(
    kind=ActionKind.DIVIDEND, ex_date=DAY, amount_per_share=Decimal("0.26"), currency="USD"
)
SPLIT = ActionFacts(kind=ActionKind.SPLIT, ex_date=date(2025, 12, 22), ratio_from=1, ratio_to=4)
pytestmark = pytest.mark.django_db


class Actions(FakeProvider):
    """Tells of its actions, and gives bars of price 10 divided by every split that was."""

    told: ClassVar[list[ActionFacts]] = []
    spans: ClassVar[list[tuple[date, date]]] = []
    price: ClassVar[Decimal] = Decimal(10)
    is_away: ClassVar[bool] = False

    def actions(self, instrument: Instrument, *, since: date, until: date) -> list[ActionFacts]:
        if Actions.is_away:
            raise BadAnswer("no actions today")
        Actions.spans.append((since, until))
        return [one for one in Actions.told if since <= one.ex_date <= until]

    def bars(
        self, instrument: Instrument, *, since: datetime, until: datetime
    ) -> Iterator[Sequence[ProvidedBar]]:
        price = Actions.price
        for page in super().bars(instrument, since=since, until=until):
            yield [replace(bar, open=price, high=price, low=price, close=price) for bar in page]

    def days(self, instrument: Instrument, *, since: date, until: date) -> list[ProvidedBar]:
        price = Actions.price
        return [
            ProvidedBar(
                calendar.local_midnight(session.session_date, "America/New_York"),
                price,
                price,
                price,
                price,
                Decimal(8),
            )
            for session in calendar.sessions_between(since, until, instrument.exchange_id)
        ]


@pytest.fixture(autouse=True)
def apple(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Instrument:
    use_fake_providers(settings, monkeypatch)
    settings.PRICE_PROVIDERS = {"first": f"{__name__}.Actions"}
    settings.PRICE_CHAINS = {"*": ["first"]}
    settings.LIMITS = replace(settings.LIMITS, collection_history_days=30)
    monkeypatch.setattr(FakeProvider, "page_minutes", 5_000)
    Actions.told, Actions.spans = [DIVIDEND, SPLIT], []
    Actions.price, Actions.is_away = Decimal(10), False
    return make_instrument("AAPL")


def closes() -> dict[date, Decimal]:
    rows = Bar.objects.filter(interval="1d", source="first-days").order_by("opened_at")
    return {row.opened_at.date(): row.close for row in rows}


def test_what_a_provider_tells_is_recorded_once(apple: Instrument) -> None:
    run = run_at()
    dividend, split = CorporateAction.objects.order_by("ex_date")
    assert (dividend.amount_per_share, dividend.source) == (Decimal("0.26"), "first")
    assert (split.ratio_to, split.is_in_history) == (4, True)  # its days came after the split
    assert run.notes["fallbacks"] == 0
    again = run_at(NOW + timedelta(days=1))
    assert CorporateAction.objects.count() == 2
    assert again.rows_refused == 0
    assert Actions.spans == [
        (date(2025, 12, 6), date(2026, 1, 5)),
        (date(2025, 12, 22), date(2026, 1, 6)),
    ]


def test_a_split_after_stored_days_is_not_in_them_nor_in_later_ones_of_before(
    apple: Instrument,
) -> None:
    Actions.told = []
    run_at(datetime(2025, 12, 17, 23, tzinfo=UTC))
    # Away for a week; the split lies in it, and the provider divides what it gives by it.
    Actions.told, Actions.price = [SPLIT], Decimal("2.5")
    run_at(datetime(2025, 12, 24, 23, tzinfo=UTC))
    assert CorporateAction.objects.get().is_in_history is False
    stored = closes()
    assert stored[date(2025, 12, 17)] == stored[date(2025, 12, 19)] == Decimal(10)
    assert stored[date(2025, 12, 23)] == stored[date(2025, 12, 24)] == Decimal("2.5")
    assert not QuarantinedRow.objects.exists()  # the jump to the new price is the split's
    on = calendar.local_midnight(date(2025, 12, 19), "America/New_York")
    assert Bar.objects.get(interval="1d", opened_at=on).volume == 2


def test_a_split_that_begins_between_two_looks_is_asked_for_where_its_price_jumps(
    apple: Instrument,
) -> None:
    Actions.told = []
    run_at()
    Actions.told = [replace(SPLIT, ex_date=date(2026, 1, 6))]
    Actions.price = Decimal("2.5")
    run = run_at(datetime(2026, 1, 6, 14, 32, 30, tzinfo=UTC))
    assert (run.rows_refused, len(Actions.spans)) == (0, 2)
    assert CorporateAction.objects.get().is_in_history is False

    def minute(day: int, hour: int, minute: int) -> Decimal:
        at = datetime(2026, 1, day, hour, minute, tzinfo=UTC)
        return Bar.objects.get(interval="1m", opened_at=at).close

    # What came with the split in it is stored as it was traded.
    assert [minute(5, 14, 59), minute(5, 20, 0), minute(6, 14, 31)] == [10, 10, Decimal("2.5")]


def test_a_jump_without_a_split_is_asked_about_once_a_run_and_waits(apple: Instrument) -> None:
    Actions.told = []
    run_at()
    Actions.price = Decimal(40)
    FakeProvider.page_minutes = 1
    run = run_at(NOW + timedelta(minutes=3))
    assert (run.rows_refused, run.rows_written, len(Actions.spans)) == (1, 2, 2)
    assert QuarantinedRow.objects.get().code == "spike"


def test_what_staff_recorded_stays_and_the_other_word_is_shown_once(apple: Instrument) -> None:
    theirs = replace(DIVIDEND, amount_per_share=Decimal("0.25"), pay_date=DAY)
    record_action(instrument=apple, facts=theirs, source="staff", recorded_at=NOW)
    Actions.told = [DIVIDEND]
    run = run_at()
    row = QuarantinedRow.objects.get()
    assert (row.code, row.kind, run.rows_refused) == ("corporate_action_exists", "other", 1)
    assert CorporateAction.objects.get().amount_per_share == Decimal("0.25")
    apple.feed.refresh_from_db()
    type(apple.feed).objects.update(actions_until=None, gaps_looked_at=None)
    assert run_at(NOW + timedelta(minutes=1)).rows_refused == 0
    assert QuarantinedRow.objects.count() == 1


def test_the_same_as_staff_recorded_is_nothing_new(apple: Instrument) -> None:
    special = replace(DIVIDEND, kind=ActionKind.SPECIAL_DIVIDEND, pay_date=date(2026, 1, 2))
    record_action(instrument=apple, facts=special, source="staff", recorded_at=NOW)
    Actions.told = [DIVIDEND]
    run_at()
    assert CorporateAction.objects.get().kind == "special_dividend"
    assert not QuarantinedRow.objects.exists()


def test_what_staff_cancelled_does_not_come_back(apple: Instrument) -> None:
    cancelled = record_action(instrument=apple, facts=DIVIDEND, source="first", recorded_at=NOW)
    cancel_action(cancelled.id, cancelled_at=NOW)
    run_at()
    assert CorporateAction.objects.standing().get().kind == "split"


def test_an_impossible_action_waits_in_quarantine(apple: Instrument) -> None:
    Actions.told = [replace(DIVIDEND, amount_per_share=Decimal(-1))]
    run = run_at()
    assert (run.rows_refused, QuarantinedRow.objects.get().code) == (1, "out_of_range")
    assert not CorporateAction.objects.exists()


def test_a_provider_that_fails_is_asked_for_the_same_again(apple: Instrument) -> None:
    Actions.is_away = True
    assert run_at().status == "failed"
    Actions.is_away = False
    run_at(NOW + timedelta(minutes=5))
    assert CorporateAction.objects.count() == 2
