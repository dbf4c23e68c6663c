"""What currencies are worth in one another."""

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone
from ninja import Query, Router

from accounts.auth import KeyAuth
from accounts.cursors import BadCursor, Listing
from accounts.errors import Problem, ProblemsError
from accounts.http import ApiRequest
from accounts.schemas import PageIn
from market.currencies import exchange_rates
from market.rate_schemas import (
    CurrencyList,
    CurrencyOut,
    ExchangeRateList,
    ExchangeRateOut,
    RatesWanted,
)

router: Final = Router(tags=["Exchange rates"])

SPAN_DAYS: Final = settings.LIMITS.exchange_rate_span_days


@router.get("/exchange-rates", response=ExchangeRateList, auth=KeyAuth("read"))
def list_exchange_rates(request: ApiRequest, wanted: Query[RatesWanted]) -> ExchangeRateList:
    """The rate of one date, by default today's, or of each calendar day of a span.

    A single date without a rate is 404 `rate_missing`; within a span its `rate` is null.
    """
    today = timezone.now().date()
    if problems := find_problems(wanted, today=today):
        raise ProblemsError(problems)
    base, quote = wanted.base, wanted.quote
    exchange_rates.ensure_known(base, quote)
    if wanted.start is None:
        on_date = wanted.date or today
        found = exchange_rates.exchange_rate(base, quote, on_date)
        return ExchangeRateList(
            items=[ExchangeRateOut.from_rate(base, quote, on_date, found)], next_cursor=None
        )
    listing = Listing(
        request.auth, "exchange rates", wanted.model_dump(exclude={"limit", "cursor"})
    )
    first = wanted.start if wanted.cursor is None else day_after(listing, wanted.cursor)
    last = wanted.end or today
    end = min(last, first + timedelta(days=wanted.limit - 1))
    series = exchange_rates.rate_series([(base, quote)], start=first, end=end)[base, quote]
    items = [
        ExchangeRateOut.from_rate(base, quote, first + timedelta(days=number), found)
        for number, found in enumerate(series.days)
    ]
    return ExchangeRateList(items=items, next_cursor=listing.seal([end]) if end < last else None)


@router.get("/currencies", response=CurrencyList, auth=KeyAuth("read"))
def list_currencies(request: ApiRequest, asked: Query[PageIn]) -> CurrencyList:
    """Every currency that the desk has rates of, by code."""
    page = Listing(request.auth, "currencies", {}).part(
        exchange_rates.known_currencies(),
        key=lambda one: (one.code,),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [CurrencyOut.from_currency(one) for one in page.items]
    return CurrencyList(items=items, next_cursor=page.next_cursor)


def find_problems(wanted: RatesWanted, *, today: date) -> list[Problem]:
    """What is wrong with the dates asked for."""
    problems = []
    if wanted.date is not None and (wanted.start or wanted.end):
        problems.append(Problem("date", "conflict", "Send date, or start and end, not both."))
    if wanted.end is not None and wanted.start is None:
        problems.append(Problem("start", "missing", "end was sent without start."))
    for name in ("date", "start", "end"):
        if (found := getattr(wanted, name)) is not None and found > today:
            message = f"{name} was {found}, must not be after today, {today}."
            problems.append(Problem(name, "out_of_range", message))
    end = wanted.end or today
    if wanted.start is not None and not 0 <= (end - wanted.start).days <= SPAN_DAYS:
        message = f"end was {end}, must lie within {SPAN_DAYS} days after start, {wanted.start}."
        problems.append(Problem("end", "out_of_range", message))
    return problems


def day_after(listing: Listing, cursor: str) -> date:
    """Where the page after a cursor starts."""
    (text,) = listing.unseal(cursor)
    try:
        return date.fromisoformat(text) + timedelta(days=1)
    except ValueError:
        raise BadCursor from None
