"""One thing of each kind that an id can name, for each person who takes part.

A slot of a new kind needs a line in ``MAKERS`` here, and says so by failing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from integrations.exports import downloads
from integrations.models import Export
from market.alerts.kinds import AlertKind
from market.alerts.own_alerts import create_alert
from market.alerts.terms import AlertTerms, Condition
from market.models import CorporateAction, IngestionRun, Instrument, QuarantinedRow
from market.watchlists import add_symbols, create_watchlist
from portfolio.models import Lot, Portfolio
from portfolio.valuation import freshen
from tests.authorisation.own_books import (
    activity_of,
    file_import_of,
    index_of,
    member_of,
    order_of,
    share_link_of,
    tracked_of,
)
from tests.authorisation.own_brokers import armed_connection_of, live_order_of, sync_of
from tests.authorisation.own_doors import (
    api_key_of,
    delivery_of,
    event_of,
    export_of,
    nightly_export,
    notification_of,
    session_of,
    webhook_of,
)
from tests.authorisation.person import SYMBOL, Person
from tests.factories import make_daily_bars, make_instrument, make_portfolio, make_quote
from tests.trading.factories import give_units


def make_person(mark: str, **facts: Any) -> Person:
    user = User.objects.create_user(
        f"{mark}@example.com", "a-long-password", display_name=f"{mark} himself", **facts
    )
    portfolio = make_portfolio(user, name=f"{mark} paper")
    person = Person(mark, user, portfolio)
    give_units(portfolio, Instrument.objects.get(symbol=SYMBOL), "20")
    for kind, make in MAKERS.items():
        person.values[kind] = make(person)
    return person


def make_market() -> None:
    """What everybody shares: two instruments with quotes and some history, and an acquaintance."""
    # With whom the document's example shares a portfolio.
    User.objects.create_user("partner@example.com", "a-long-password")
    for symbol in (SYMBOL, "MSFT"):
        instrument = make_instrument(symbol)
        first_at = timezone.now() - timedelta(days=5)
        make_daily_bars(instrument, [198, 199, 200], first_at=first_at)
    refresh_quotes()


def value_books_of(person: Person) -> None:
    """Value his past once; else each request would, as what it wrote is undone again."""
    yesterday = timezone.now().date() - timedelta(days=1)
    for portfolio in Portfolio.objects.filter(owner=person.user):
        freshen(portfolio, through_date=yesterday)


def refresh_quotes() -> None:
    """Quotes of this moment, because an order meets no stale one."""
    for instrument in Instrument.objects.filter(symbol__in=[SYMBOL, "MSFT"]):
        make_quote(instrument, bid="199.99", ask="200.01", last="200", previous_close="198")


def watchlist_of(person: Person) -> str:
    now = timezone.now()
    made = create_watchlist(owner=person.user, name=f"{person.mark} list", created_at=now)
    add_symbols(watchlist=made, symbols=[SYMBOL], added_at=now)
    return str(made.id)


def make_quarantined_row() -> QuarantinedRow:
    run = IngestionRun.objects.create(provider="file", source_name="prices.csv")
    return QuarantinedRow.objects.create(run=run, line=2, code="spike", message="", raw={})


def price_import_of(person: Person) -> str:
    made = IngestionRun.objects.create(
        provider="files", source_name="prices.csv", requested_by_id=person.user.id
    )
    return str(made.id)


def alert_of(person: Person) -> str:
    made = create_alert(
        owner=person.user,
        instrument=Instrument.objects.get(symbol=SYMBOL),
        terms=AlertTerms(
            condition=Condition(
                kind=AlertKind.HOLDING_GAIN_PCT,
                threshold=Decimal(900),
                portfolio_id=person.portfolio.id,
            )
        ),
        created_at=timezone.now(),
    )
    return str(made.id)


def corporate_action_of(person: Person) -> str:
    made = CorporateAction.objects.create(
        instrument=Instrument.objects.get(symbol="MSFT"),
        kind="dividend",
        ex_date=date(2020, 1, 1) + timedelta(days=CorporateAction.objects.count()),
        amount_per_share=Decimal(1),
        currency="USD",
        source="manual",
    )
    return str(made.id)


MAKERS: Final[dict[str, Callable[[Person], str]]] = {
    "portfolio": lambda person: str(person.portfolio.id),
    "activity": activity_of,
    "tracked portfolio": tracked_of,
    "lot": lambda person: str(Lot.objects.get(portfolio_id=person.values["tracked portfolio"]).id),
    "order": lambda person: str(order_of(person).id),
    "client order id": lambda person: f"{person.mark}-order",
    "watchlist": watchlist_of,
    "api key": api_key_of,
    "price import": price_import_of,
    "quarantined row": lambda person: str(make_quarantined_row().id),
    "session": session_of,
    "file import": file_import_of,
    "corporate action": corporate_action_of,
    "alert": alert_of,
    "event": lambda person: str(event_of(person).id),
    "notification": notification_of,
    "webhook": lambda person: str(webhook_of(person).id),
    "delivery": delivery_of,
    "connection": armed_connection_of,
    "live order": live_order_of,
    "sync": sync_of,
    "export": lambda person: str(export_of(person).id),
    "nightly export": lambda person: str(nightly_export().id),
    "download token": lambda person: downloads.sign(Export.objects.get(id=person.values["export"])),
    "member": member_of,
    "share link": lambda person: str(share_link_of(person)[0].id),
    "share token": lambda person: share_link_of(person)[1],
    "index": index_of,
    # One that everything has of which figures are explained.
    "figure": lambda person: "unrealised_gain",
    "instrument": lambda person: SYMBOL,
    "instrument of the master": lambda person: str(Instrument.objects.get(symbol=SYMBOL).public_id),
    "user": lambda person: str(person.user.id),
    "text": lambda person: f"{person.mark}-text",
    "activity type": lambda person: "FILL",
}
# What looks like such an id and never was one.
UNKNOWN: Final[dict[str, str]] = {
    "instrument": "NOPE",
    "figure": "nonsense",
    "client order id": "never-placed",
    "session": "999999999",
    "quarantined row": "999999999",
}


@cache
def unknown(kind: str) -> str:
    return UNKNOWN.get(kind) or str(uuid4())
