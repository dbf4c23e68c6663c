"""Trading 212's answers in our words. Pure.

Prices are in the instrument's currency (pence are hundredths of a pound), what a fill cost and its
taxes in the account's. Source: Trading 212 Public API v0, docs.trading212.com.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from integrations.brokers.fields import Fields, objects_of
from portfolio.bookkeeping.amounts import EXACT, TEN_PLACES, ZERO
from trading.broker_errors import BadBrokerAnswer
from trading.brokers import BrokerAccount, BrokerActivity, BrokerPosition

TITLE: Final = "Trading 212"
HUNDRED: Final = Decimal(100)
MINOR: Final = {"GBX": "GBP", "GBp": "GBP"}
MONEY_KINDS: Final = {"DEPOSIT": "deposit", "WITHDRAW": "withdrawal", "FEE": "fee"}
INTERESTS: Final = frozenset({"INTEREST", "INTEREST_ON_CASH", "SHARE_LENDING_INTEREST"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What a ticker like ``AAPL_US_EQ`` stands for."""

    symbol: str
    isin: str
    name: str
    currency: str


def read_account(info: Any, cash: Any) -> BrokerAccount:
    about, money = Fields(info, of="account"), Fields(cash, of="cash")
    currency = about.text("currencyCode")
    return BrokerAccount(
        about.text("id"), currency, {currency: money.number("free")}, raw=money.raw
    )


def read_listings(found: Any) -> dict[str, Listing]:
    return {
        one.text("ticker"): Listing(
            one.text("shortName", default="") or one.text("ticker").partition("_")[0],
            one.text("isin", default=""),
            one.text("name", default=""),
            one.text("currencyCode"),
        )
        for one in objects_of(found, of="instruments")
    }


def read_positions(found: Any, listings: Mapping[str, Listing]) -> list[BrokerPosition]:
    positions = []
    for one in objects_of(found, of="portfolio"):
        listing = listing_of(one, listings)
        cost, currency = major(one.number("averagePrice"), listing.currency)
        positions.append(
            BrokerPosition(
                listing.symbol,
                one.number("quantity"),
                listing.isin,
                listing.name,
                currency,
                cost,
                raw=one.raw,
            )
        )
    return positions


def listing_of(one: Fields, listings: Mapping[str, Listing]) -> Listing:
    """Raises:
    BadBrokerAnswer: it is none of the instruments.
    """
    ticker = one.text("ticker")
    if ticker not in listings:
        raise BadBrokerAnswer(f"{one.of}: {ticker} is none of the instruments.")
    return listings[ticker]


def major(price: Decimal, currency: str) -> tuple[Decimal, str]:
    """Pence as pounds."""
    if currency not in MINOR:
        return price, currency
    return EXACT.divide(price, HUNDRED), MINOR[currency]


def read_order(
    one: Fields, listings: Mapping[str, Listing], *, account_currency: str
) -> Iterator[BrokerActivity]:
    """The fill of a historical order; one that was not filled is nothing that happened."""
    quantity = one.maybe_number("filledQuantity")
    if not quantity or one.found.get("fillPrice") is None:
        return
    listing = listing_of(one, listings)
    price, currency = major(one.number("fillPrice"), listing.currency)
    charges = sum((abs(tax.number("quantity")) for tax in taxes_of(one)), ZERO)
    rate = None
    if currency != account_currency and (cost := one.maybe_number("fillCost")):
        rate = EXACT.divide(abs(cost), EXACT.multiply(abs(quantity), price)).quantize(TEN_PLACES)
        charges = EXACT.divide(charges, rate).quantize(TEN_PLACES) if rate else charges
    fill_id = one.found.get("fillId") or one.found.get("id")
    yield BrokerActivity(
        f"order-{fill_id}",
        "sell" if quantity < 0 else "buy",
        one.moment("dateExecuted" if one.found.get("dateExecuted") else "dateModified"),
        currency,
        listing.symbol,
        listing.isin,
        listing.name,
        quantity=abs(quantity),
        unit_price=price,
        fees=charges,
        exchange_rate=rate,
        raw=one.raw,
    )


def taxes_of(one: Fields) -> Iterator[Fields]:
    return one.objects("taxes") if one.found.get("taxes") is not None else iter(())


def read_dividend(
    one: Fields, listings: Mapping[str, Listing], *, account_currency: str
) -> Iterator[BrokerActivity]:
    """What was paid, in the account's currency; one that is taken back has no kind of its own."""
    amount = one.number("amount")
    listing = listing_of(one, listings) if amount >= 0 else None
    yield BrokerActivity(
        f"dividend-{one.text('reference')}",
        "dividend" if listing else "fee",
        one.moment("paidOn"),
        account_currency,
        listing.symbol if listing else "",
        listing.isin if listing else "",
        listing.name if listing else "",
        amount=abs(amount),
        note=one.text("type", default="")[:80],
        raw=one.raw,
    )


def read_transaction(one: Fields, *, account_currency: str) -> Iterator[BrokerActivity]:
    """Money in and out. A transfer goes by its sign."""
    word, amount = one.text("type"), one.number("amount")
    if word in INTERESTS:
        kind = "interest" if amount >= 0 else "fee"
    elif word == "TRANSFER":
        kind = "withdrawal" if amount < 0 else "deposit"
    elif word in MONEY_KINDS:
        kind = MONEY_KINDS[word]
    else:
        raise BadBrokerAnswer(f"{one.of}: nobody knows what a transaction {word[:40]!r} is.")
    yield BrokerActivity(
        f"transaction-{one.text('reference')}",
        kind,
        one.moment("dateTime"),
        account_currency,
        amount=abs(amount),
        raw=one.raw,
    )


def next_query(page: Fields) -> dict[str, str] | None:
    """What to ask for the next page with; None at the end.

    Raises:
        BadBrokerAnswer: the page does not say.
    """
    if "nextPagePath" not in page.found:
        raise BadBrokerAnswer(f"{page.of}: it does not say whether there is a next page.")
    path = page.found["nextPagePath"]
    if path is None:
        return None
    # Some answers give the path whole, some the query alone.
    text = page.text("nextPagePath")
    return dict(parse_qsl(urlsplit(text).query or text))
