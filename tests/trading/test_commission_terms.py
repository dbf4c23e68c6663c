"""What a portfolio pays for its orders: set by its owner, estimated, held and charged exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import AuditEvent
from market.models import Instrument
from portfolio.models import Portfolio
from tests.api.clients import ApiClient, key_for
from tests.trading.factories import (
    NOON,
    cash_of,
    facts,
    leading_matcher,
    make_instrument,
    make_portfolio,
    make_ticket,
    make_user,
    place,
    publish_quote,
)
from trading.charging.terms import CommissionRefused, schedule_for, set_commission
from trading.commissions import Schedule
from trading.models import Fill, Order
from trading.orders import estimate_order

pytestmark = pytest.mark.django_db

PER_SHARE = Schedule(per_share=Decimal("0.5"), minimum=Decimal(2), maximum=Decimal(20))


@pytest.fixture
def portfolio() -> Portfolio:
    return make_portfolio()


@pytest.fixture
def apple() -> Instrument:
    return make_instrument()


def set_terms(portfolio: Portfolio, schedule: Schedule = PER_SHARE) -> None:
    set_commission(portfolio_id=portfolio.id, schedule=schedule, changed_at=NOON)


def test_it_is_estimated_held_and_charged_over_all_fills(
    portfolio: Portfolio, apple: Instrument
) -> None:
    set_terms(portfolio)
    publish_quote(apple, asks=[("100.00", "3"), ("101.00", "50")])
    ticket = make_ticket(apple, quantity="10", limit="101")
    estimate = estimate_order(portfolio_id=portfolio.id, ticket=ticket, at=NOON)
    assert estimate.fees == 5

    order = place(portfolio, apple, quantity="10", limit="101")
    assert cash_of(portfolio).held == 1015
    leading_matcher().work()

    charged = [
        facts(*row) for row in Fill.objects.order_by("id").values_list("quantity", "commission")
    ]
    assert charged == [(3, 2), (7, 3)]  # the minimum first, then the difference
    cash = cash_of(portfolio)
    assert facts(cash.total, cash.held) == (100000 - 300 - 707 - 5, 0)
    order.refresh_from_db()
    assert order.commission_schedule == "share=0.5 min=2 max=20"


def test_an_order_keeps_what_it_was_placed_under(portfolio: Portfolio, apple: Instrument) -> None:
    set_terms(portfolio)
    order = place(portfolio, apple, quantity="10", limit="101")
    set_terms(portfolio, Schedule())
    publish_quote(apple, ask="100.00")

    leading_matcher().work()

    assert Fill.objects.get(order=order).commission == 5
    assert place(portfolio, apple, quantity="1", limit="90").commission_schedule == "free"


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (Schedule(per_share=Decimal(-1)), "per_share"),
        (Schedule(per_share=Decimal("1000.000001")), "per_share"),
        (Schedule(per_order=Decimal("0.001")), "per_order"),
        (Schedule(rate_bps=Decimal(1001)), "rate_bps"),
        (Schedule(minimum=Decimal(2), maximum=Decimal(1)), "maximum"),
        (Schedule(minimum=Decimal("NaN")), "minimum"),
    ],
)
def test_nonsense_is_refused(portfolio: Portfolio, schedule: Schedule, field: str) -> None:
    with pytest.raises(CommissionRefused) as refused:
        set_terms(portfolio, schedule)
    assert [problem.field for problem in refused.value.problems][:1] == [field]
    assert schedule_for(portfolio) == Schedule()


def test_the_largest_schedule_fits_and_is_told_once(portfolio: Portfolio) -> None:
    largest = Schedule(
        per_share=Decimal("999.999999"),
        per_order=Decimal("999999.99"),
        rate_bps=Decimal("999.9999"),
        minimum=Decimal("999999.99"),
        maximum=Decimal("1000000.00"),
    )
    set_terms(portfolio, largest)
    set_terms(portfolio, largest)
    assert schedule_for(portfolio) == largest
    assert AuditEvent.objects.filter(action="commission.changed").count() == 1


def test_a_tracked_portfolio_pays_elsewhere() -> None:
    tracked = make_portfolio(make_user("t@example.com"), kind="tracked", cash="0")
    with pytest.raises(CommissionRefused):
        set_terms(tracked)


def test_programs_and_pages_set_it(portfolio: Portfolio) -> None:
    api = ApiClient(key_for(portfolio.owner))
    address = f"/portfolios/{portfolio.id}/commission"
    assert api.get(address).json()["per_order"] == "0"
    answer = api.send("PUT", address, {"per_order": "1.5", "rate_bps": "2"})
    assert (answer.status_code, answer.json()["per_order"]) == (200, "1.5")
    assert api.send("PUT", address, {"per_order": "-1"}).status_code == 422

    client = Client()
    client.force_login(portfolio.owner)
    shown = client.get(address).content.decode()
    assert "1.5" in shown
    assert "pay nothing" not in shown
    assert client.post(address, {"per_share": "nine"}).status_code == 422
    assert client.post(address, {"per_share": "0.01", "maximum": "9"}).status_code == 302
    assert schedule_for(portfolio) == Schedule(per_share=Decimal("0.01"), maximum=Decimal(9))
    client.force_login(make_user("stranger@example.com"))
    assert client.get(address).status_code == 404
    assert Order.objects.count() == 0
