"""Performance and realised gains through the API, on cases that others published."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from market.intake.bars import store_bars
from market.models import Instrument
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio
from tests.api.clients import ApiClient, fields_in
from tests.factories import make_daily_bars, make_instrument
from tests.market.factories import make_bar

MONEY = (
    *("net_flows", "realised_gain", "unrealised_gain", "income", "currency_effect"),
    *("identity_gap",),
)


@pytest.fixture
def tracked(alice: User) -> Portfolio:
    return open_portfolio(
        owner=alice,
        name="Tracked",
        kind="tracked",
        currency="USD",
        starting_cash=None,
        opened_at=datetime(2012, 1, 1, tzinfo=UTC),
    )


def book(api: ApiClient, portfolio: Portfolio, day: str, kind: str, **facts: Any) -> None:
    body = {"kind": kind, "occurred_at": f"{day}T15:00:00Z"} | facts
    answer = api.post(f"/portfolios/{portfolio.id}/activities", body, key=uuid4().hex)
    assert answer.status_code == 201, answer.content


def performance(api: ApiClient, portfolio: Portfolio, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/portfolios/{portfolio.id}/performance", **query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    assert_identity(found)
    return found


def assert_identity(found: dict[str, Any]) -> None:
    """The figures tie the ends together, and every figure that is missing says why."""
    if found["identity_gap"] is not None:
        terms = [Decimal(found[name]) for name in (*MONEY, "start_value")]
        charges = Decimal(found["fees"]) + Decimal(found["taxes"])
        assert sum(terms) - charges == Decimal(found["end_value"])
        assert Decimal(found["identity_gap"]) == 0
    missing = {name for name, value in found.items() if value is None}
    assert missing - {"method", "benchmark"} == set(found["reasons"]) - {"benchmark"}


def closes(instrument: Instrument, first: date, *prices: str | int) -> None:
    """Daily closes from a New York day on."""
    make_daily_bars(
        instrument, prices, first_at=datetime(first.year, first.month, first.day, 5, tzinfo=UTC)
    )


def test_returns_do_not_depend_on_deposits_and_withdrawals(
    api: ApiClient, tracked: Portfolio
) -> None:
    for day, kind, amount in (
        ("2011-12-31", "deposit", "10000"),
        ("2012-01-01", "interest", "230"),
        ("2012-01-02", "deposit", "200"),
        ("2012-01-02", "interest", "200"),
        ("2012-01-03", "withdrawal", "400"),
        ("2012-01-03", "fee", "234.41"),
        ("2012-01-04", "interest", "293.99"),
        ("2012-01-05", "interest", "293.99"),
        ("2012-01-06", "deposit", "5400"),
        ("2012-01-06", "interest", "195.99"),
        ("2012-01-07", "withdrawal", "3697.04"),
        ("2012-01-07", "fee", "882.52"),
        ("2012-01-08", "fee", "1003.85"),
    ):
        book(api, tracked, day, kind, amount=amount)
    cumulative = (
        *(".023", ".042616491", ".019624983", ".049614163", ".079603343"),
        *(".092841403", ".03323197", "-.056182678"),
    )
    found: dict[str, Any] = {}
    for index, expected in enumerate(cumulative, start=1):
        found = performance(api, tracked, start="2012-01-01", end=f"2012-01-0{index}")
        assert round(Decimal(found["twr"]), 8) == round(Decimal(expected), 8), index
    assert found["end_value"] == "10596.15"
    assert (found["income"], found["fees"]) == ("1213.97", "2120.78")


def test_interest_on_nothing_is_no_return_and_one_notice(
    api: ApiClient, tracked: Portfolio
) -> None:
    book(api, tracked, "2012-01-02", "interest", amount="1.00")
    found = performance(api, tracked, end="2012-02-01")
    assert found["twr"] == "0"
    assert found["notices"] == ["return_without_capital"]
    assert (found["simple_return"], found["reasons"]["simple_return"]) == (None, "no_capital")


def test_buying_a_unit_each_month_returns_what_the_price_did(
    api: ApiClient, tracked: Portfolio
) -> None:
    unit = make_instrument("UNIT")
    first = date(2024, 1, 1)
    closes(unit, first, *([10] * 31 + [15] * 29 + [20] * 31 + [25] * 30))
    for month, price in ((1, "10"), (2, "15"), (3, "20"), (4, "25")):
        # A day after the price got there: a deposit counts from the start of its day.
        day = f"2024-0{month}-02"
        book(api, tracked, day, "deposit", amount=price)
        book(api, tracked, day, "buy", symbol="UNIT", quantity="1", unit_price=price)
    ends = ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
    found = [performance(api, tracked, end=end) for end in ends]
    assert [Decimal(one["twr"]) for one in found] == [
        0,
        Decimal("0.5"),
        1,
        Decimal("1.5"),
    ]
    simple = [round(Decimal(one["simple_return"]), 4) for one in found]
    assert simple == [0, Decimal("0.2"), Decimal("0.3333"), Decimal("0.4286")]


def test_a_period_gains_from_its_start_and_realises_from_the_purchase(
    api: ApiClient, tracked: Portfolio
) -> None:
    unit = make_instrument("UNIT")
    closes(unit, date(2021, 12, 31), 10)
    closes(unit, date(2022, 12, 30), "1.5", "1.5")
    book(api, tracked, "2021-01-01", "deposit", amount="1")
    book(api, tracked, "2021-01-01", "buy", symbol="UNIT", quantity="1", unit_price="1")
    book(api, tracked, "2022-12-31", "sell", symbol="UNIT", quantity="1", unit_price="1.50")
    found = performance(api, tracked, start="2022-01-01", end="2022-12-31")
    assert (found["start_value"], found["end_value"]) == ("10", "1.5")
    assert (found["realised_gain"], found["unrealised_gain"]) == ("0.5", "-9")
    assert Decimal(found["twr"]) == Decimal("-0.85")


@pytest.mark.parametrize(
    ("method", "unrealised", "realised"),
    [
        ("fifo", "10199.256147", "98.123853"),
        ("average", "10216.263851", "81.116149"),
    ],
)
def test_the_method_moves_gains_between_realised_and_unrealised(
    api: ApiClient, tracked: Portfolio, method: str, unrealised: str, realised: str
) -> None:
    unit = make_instrument("UNIT")
    closes(unit, date(2024, 1, 1), *[100] * 10)
    book(api, tracked, "2024-01-01", "deposit", amount="10000")
    for day, kind, quantity, amount in (
        ("2024-01-02", "buy", "109", "3149.20"),
        ("2024-01-03", "buy", "52", "1684.92"),
        ("2024-01-04", "sell", "15", "531.50"),
    ):
        book(api, tracked, day, kind, symbol="UNIT", quantity=quantity, amount=amount)
    found = performance(api, tracked, end="2024-01-10", method=method)
    shown = [round(Decimal(found[name]), 6) for name in ("unrealised_gain", "realised_gain")]
    assert shown == [Decimal(unrealised), Decimal(realised)]
    sold = api.get(f"/portfolios/{tracked.id}/realized", end="2024-01-10", method=method).json()
    assert sold["realised_gain"] == found["realised_gain"]
    assert [row["symbol"] for row in sold["items"]] == ["UNIT"]


def test_an_activity_of_the_past_counts_at_the_next_question(
    api: ApiClient, tracked: Portfolio
) -> None:
    book(api, tracked, "2024-01-01", "deposit", amount="100")
    assert performance(api, tracked, end="2024-02-01")["end_value"] == "100"
    book(api, tracked, "2024-01-15", "interest", amount="10")
    found = performance(api, tracked, end="2024-02-01")
    assert (found["end_value"], found["twr"], found["income"]) == ("110", "0.1", "10")


def test_a_reversed_activity_is_as_if_it_had_not_been(
    api: ApiClient, alice: User, tracked: Portfolio
) -> None:
    from portfolio.models import JournalEntry
    from portfolio.recording.reversals import reverse_entry

    book(api, tracked, "2024-01-01", "deposit", amount="100")
    book(api, tracked, "2024-01-15", "deposit", amount="900")
    entry = JournalEntry.objects.get(portfolio=tracked, amount=900)
    reverse_entry(portfolio=tracked, entry_id=entry.id, reversed_at=datetime.now(UTC))
    found = performance(api, tracked, end="2024-02-01")
    assert (found["net_flows"], found["end_value"]) == ("100", "100")


def test_without_a_price_figures_are_null_with_their_reasons(
    api: ApiClient, tracked: Portfolio
) -> None:
    make_instrument("NEVER")
    book(api, tracked, "2024-01-01", "deposit", amount="100")
    book(api, tracked, "2024-01-02", "buy", symbol="NEVER", quantity="1", unit_price="50")
    found = performance(api, tracked, end="2024-02-01")
    assert (found["end_value"], found["twr"]) == (None, None)
    assert found["reasons"]["twr"] == "no_price"
    assert found["reasons"]["xirr"] == "no_price_at_end"
    assert found["reasons"]["simple_return"] == "no_price_at_end"
    assert found["reasons"]["end_value"] == found["reasons"]["net_flows"] == "no_price_at_end"
    late = performance(api, tracked, start="2024-01-15", end="2024-02-01")
    assert late["reasons"]["start_value"] == late["reasons"]["fees"] == "no_price_at_start"


def test_an_empty_portfolio_has_reasons_and_no_figures(api: ApiClient, tracked: Portfolio) -> None:
    found = performance(api, tracked)
    assert (found["end_value"], found["net_flows"]) == ("0", "0")
    assert found["reasons"]["xirr"] == "no_flows"
    assert found["reasons"]["simple_return"] == "no_capital"


def test_a_benchmark_is_measured_over_the_same_days(api: ApiClient, tracked: Portfolio) -> None:
    unit = make_instrument("UNIT")
    closes(unit, date(2024, 1, 1), 100, 110, 121)
    book(api, tracked, "2024-01-01", "deposit", amount="100")
    found = performance(api, tracked, start="2024-01-02", end="2024-01-03", benchmark="UNIT")
    shown = {"kind": "instrument", "name": "UNIT", "symbol": "UNIT"}
    nothing = {"index_id": None, "portfolio_id": None}
    assert found["benchmark"] == shown | nothing | {"twr": "0.21"}
    early = performance(api, tracked, start="2023-12-01", end="2024-01-03", benchmark="UNIT")
    assert early["benchmark"] == shown | nothing | {"twr": None}
    assert early["reasons"]["benchmark"] == "no_price"
    unknown = api.get(f"/portfolios/{tracked.id}/performance", benchmark="NONE")
    assert unknown.status_code == 404


@pytest.mark.parametrize("part", ["performance", "realized"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "2024-02-01", "end": "2024-01-01"}, "start"),
        ({"end": str(date.today() + timedelta(days=3))}, "end"),  # noqa: DTZ011
        ({"method": "guess"}, "method"),
        ({"start": "yesterday"}, "start"),
    ],
)
def test_a_period_without_sense_is_refused_by_field(
    api: ApiClient, tracked: Portfolio, part: str, query: dict[str, str], field: str
) -> None:
    refused = api.get(f"/portfolios/{tracked.id}/{part}", **query)
    assert refused.status_code == 422
    assert any(named.endswith(field) for named in fields_in(refused))


@pytest.mark.parametrize("part", ["performance", "realized"])
def test_a_stranger_finds_no_performance(
    stranger_api: ApiClient, tracked: Portfolio, part: str
) -> None:
    assert stranger_api.get(f"/portfolios/{tracked.id}/{part}").status_code == 404


def test_prices_that_come_late_count_at_the_next_question(
    api: ApiClient, tracked: Portfolio
) -> None:
    unit = make_instrument("UNIT")

    def store(day: int, price: int) -> None:
        ohlc = f"{price} {price} {price} {price}"
        bar = make_bar(unit, ohlc, at=datetime(2024, 1, day, 5, tzinfo=UTC))
        store_bars([bar], source="files", recorded_at=datetime.now(UTC))

    store(2, 50)
    book(api, tracked, "2024-01-02", "deposit", amount="50")
    book(api, tracked, "2024-01-02", "buy", symbol="UNIT", quantity="1", unit_price="50")
    values = [performance(api, tracked, end="2024-01-20")["end_value"]]
    store(10, 60)
    values.append(performance(api, tracked, end="2024-01-20")["end_value"])
    store(10, 55)  # a correction
    values.append(performance(api, tracked, end="2024-01-20")["end_value"])
    assert values == ["50", "60", "55"]
