"""The demo's tracked portfolios: what a saver reported of ten years at two brokers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.models import User
from market import queries as market_queries
from market.currencies.cross_rates import ExchangeRate
from market.currencies.exchange_rates import rate_series
from market.models import CorporateAction, Instrument
from market.models.corporate_actions import ActionKind
from market.values import SIMULATED
from portfolio.activities import record_activities
from portfolio.demo.paper import CLOSING_TIME, QUIET_DAYS, instruments_called
from portfolio.demo.savings_plan import SYMBOLS, Account
from portfolio.demo.savings_story import SINCE, Market, StoryActivity, tell
from portfolio.models import JournalEntry, Portfolio, PortfolioKind
from portfolio.portfolios import open_portfolio
from portfolio.quality.entry_checks import as_traded
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.valuations.reading import priced_instruments

NAMES: Final = {Account.FIRST: "First broker", Account.SAVINGS: "Long-term savings"}
CURRENCIES: Final = {Account.FIRST: "USD", Account.SAVINGS: "EUR"}
EXTERNAL_ID: Final = "demo-savings:{}"
NOON: Final = time(12)
PRICE_PLACES: Final = Decimal("0.0001")
# Behind what he reported first the market's split is booked; what comes then is of its shares.
REPORTED_FIRST: Final = date(2015, 12, 31)


@transaction.atomic
def open_savings(*, owner: User, opened_at: datetime) -> list[Portfolio]:
    """Open the two accounts and record what happened in them; once for each user.

    What a market without prices or rates has nothing to tell of is not opened.

    Raises:
        AllowanceExceeded: the owner's tier includes no further portfolios.
    """
    # Two messages at once must not both tell it.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    if has_savings(owner):
        return []
    through = opened_at.astimezone(UTC).date() - timedelta(days=QUIET_DAYS)
    instruments = instruments_called(SYMBOLS)
    told = tell(read_market(instruments, through=through), through=through)
    portfolios = {
        account: open_portfolio(
            owner=owner,
            name=NAMES[account],
            kind=PortfolioKind.TRACKED,
            currency=CURRENCIES[account],
            starting_cash=None,
            opened_at=opened_at,
        )
        for account in Account
        if any(one.account is account for one in told)
    }
    for account, activities in reports_of(told, portfolios, instruments):
        record_activities(
            portfolio=portfolios[account], activities=activities, recorded_at=opened_at
        )
    return list(portfolios.values())


def has_savings(user: User) -> bool:
    """Whether they were ever told him, be it that he has archived them since."""
    return JournalEntry.objects.filter(
        portfolio__owner=user, external_id=EXTERNAL_ID.format(1)
    ).exists()


def reports_of(
    told: Sequence[StoryActivity],
    portfolios: Mapping[Account, Portfolio],
    instruments: Mapping[str, Instrument],
) -> list[tuple[Account, list[ActivityDraft]]]:
    """The batches in which he reported it, in their order."""
    numbered = [
        (one, draft_of(one, number, portfolios, instruments))
        for number, one in enumerate(told, start=1)
    ]
    first = [(one.on, draft) for one, draft in numbered if one.account is Account.FIRST]
    batches = [
        (Account.FIRST, [draft for on, draft in first if on <= REPORTED_FIRST]),
        (Account.FIRST, [draft for on, draft in first if on > REPORTED_FIRST]),
        (Account.SAVINGS, [draft for one, draft in numbered if one.account is Account.SAVINGS]),
    ]
    return [(account, drafts) for account, drafts in batches if drafts]


def draft_of(
    one: StoryActivity,
    number: int,
    portfolios: Mapping[Account, Portfolio],
    instruments: Mapping[str, Instrument],
) -> ActivityDraft:
    instrument = instruments[one.symbol] if one.symbol else None
    occurred_at = datetime.combine(one.on, NOON, tzinfo=UTC)
    if instrument is not None and one.is_trade:
        zone = ZoneInfo(instrument.exchange.timezone)
        occurred_at = datetime.combine(one.on, CLOSING_TIME, tzinfo=zone)
    return ActivityDraft(
        kind=one.kind,
        occurred_at=occurred_at,
        instrument=instrument,
        quantity=one.quantity,
        unit_price=one.unit_price,
        amount=one.amount,
        fees=one.fees,
        taxes=one.taxes,
        currency=one.currency,
        exchange_rate=one.exchange_rate,
        counterpart=portfolios[Account.SAVINGS] if one.is_transfer else None,
        external_id=EXTERNAL_ID.format(number),
        note=one.note,
    )


def read_market(instruments: Mapping[str, Instrument], *, through: date) -> Market:
    """What is known of the years since the story begins; six queries."""
    symbols = {instrument.id: symbol for symbol, instrument in instruments.items()}
    closes = market_queries.daily_closes(list(symbols), start=SINCE, end=through)
    splits = {key: one.splits for key, one in priced_instruments(symbols).items()}
    (rates,) = rate_series([("USD", "EUR")], start=SINCE, end=through).values()
    return Market(
        closes={
            symbols[key]: [
                (day, as_traded(close, splits[key], closed_on=day, day=day).quantize(PRICE_PLACES))
                for day, close in series
            ]
            for key, series in closes.items()
        },
        dividends=known_dividends(symbols),
        splits={
            symbols[key]: [(split.ex_date, split.factor) for split in of_one]
            for key, of_one in splits.items()
        },
        rates={one.on_date: one.rate for one in rates.days if isinstance(one, ExchangeRate)},
    )


def known_dividends(symbols: Mapping[int, str]) -> dict[str, list[tuple[date, Decimal]]]:
    """In dollars, by symbol, ascending; ``symbols`` by instrument.

    The story goes on with them by itself, so those that the simulator declared are left out.
    """
    paid: dict[str, list[tuple[date, Decimal]]] = {}
    rows = (
        CorporateAction.objects.standing()
        .filter(
            instrument__in=list(symbols),
            kind=ActionKind.DIVIDEND,
            currency="USD",
            ex_date__gte=SINCE,
        )
        .exclude(source=SIMULATED)
    )
    for key, day, amount in rows.order_by("ex_date", "id").values_list(
        "instrument_id", "ex_date", "amount_per_share"
    ):
        if amount is not None:
            paid.setdefault(symbols[key], []).append((day, amount))
    return paid
