"""No page asks the database more often because there is more to show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from market.models import CorporateAction, Instrument
from portfolio.activities import record_activities
from portfolio.explaining.of_positions import POSITION_FIGURES
from portfolio.explaining.of_unions import UNION_FIGURES
from portfolio.imports.previews import start_import
from portfolio.indices.own_indices import add_index
from portfolio.models import Portfolio
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.sharing.members import add_member
from portfolio.sharing.share_links import create_share_link
from portfolio.valuation import refresh_valuations
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user

DAYS: Final = 40
FEW, MANY = 3, 12
CLOSES: Final = b"date,close\n2024-01-02,4000\n2024-01-03,4100\n"
NAMES: Final = ("WARM", "NOBODY")
TABS: Final = (
    *("positions", "lots", "lots?status=closed", "activities", "activities/new", "journal"),
    *("activities?kind=buy&kind=sell&search=a", "journal?kind=buy&search=a"),
    *("performance", "performance?range=Max", "performance/instruments", "allocation", "income"),
    *("realised", "xray", "health", "cash", "imports", "sharing", "figures", "drivers?range=1w"),
    *("explanations/total_value", "explanations/twr", "positions/{held}/history"),
    *("explanations/net_income", "explanations/declared_income"),
    *("explanations/cash", "explanations/weight_pct?by=asset_class&key=stock"),
    *(f"explanations/{figure}?symbol={{held}}" for figure in POSITION_FIGURES),
)
PAGES: Final = (
    *("/home", "/home?range=1d", "/home?benchmark=WARM0", "/portfolios", "/combined"),
    *(f"/combined/explanations/{figure}" for figure in UNION_FIGURES),
    *(f"/portfolios/{{id}}/{tab}" for tab in TABS),
)
# Of what is many beside positions; the list of portfolios reads each of them.
OF_COMPANY: Final = (
    *("/portfolios/{id}/sharing", "/shared/{token}", "/imports/{file}", "/settings/sharing"),
    *("/indices", "/portfolios/{id}/performance", "/portfolios/{id}/imports"),
)


def activities_of(instrument: Instrument, number: int) -> Iterable[ActivityDraft]:
    first = timezone.now() - timedelta(days=DAYS - 2)
    for kind, days, quantity, price, amount in (
        ("buy", 0, Decimal(10 + number), Decimal(100), None),
        ("buy", 3, Decimal(5), Decimal(103), None),
        ("sell", 10, Decimal(4), Decimal(110), None),
        ("dividend", 20, None, None, Decimal(12)),
    ):
        yield ActivityDraft(
            kind=kind,
            occurred_at=first + timedelta(days=days),
            instrument=instrument,
            quantity=quantity,
            unit_price=price,
            amount=amount,
        )


def make_held(symbol: str) -> Instrument:
    instrument = make_instrument(symbol)
    first_at = timezone.now() - timedelta(days=DAYS)
    make_daily_bars(instrument, [100 + day % 9 for day in range(DAYS)], first_at=first_at)
    make_quote(instrument, last="110", previous_close="108")
    day = timezone.now().date()
    for ahead in (-15, 20):
        CorporateAction.objects.create(
            instrument=instrument,
            kind="dividend",
            ex_date=day + timedelta(days=ahead),
            pay_date=day + timedelta(days=ahead + 5),
            amount_per_share=Decimal("0.5"),
            currency="USD",
            source="sample",
        )
    return instrument


def make_owner(client: Client, name: str, positions: int) -> Portfolio:
    owner = make_user(f"{name}@example.com")
    portfolio = open_portfolio(
        owner=owner,
        name=name,
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(100_000),
        opened_at=timezone.now() - timedelta(days=DAYS - 1),
    )
    held = [make_held(f"{name}{number}".upper()) for number in range(positions)]
    drafts = [one for place, it in enumerate(held) for one in activities_of(it, place)]
    record_activities(portfolio=portfolio, activities=drafts, recorded_at=timezone.now())
    refresh_valuations(portfolio.id, timezone.now().date() - timedelta(days=1))
    client.force_login(owner)
    return portfolio


def add_company(portfolio: Portfolio, number: int) -> dict[str, str]:
    """As many members, links, indices, rows of an open import, and portfolios of somebody else.

    Returns:
        What the addresses of pages name.
    """
    owner, now, token = portfolio.owner, timezone.now(), ""
    for place in range(number):
        member = make_user(f"{portfolio.name}-{place}@example.com")
        add_member(
            portfolio_id=portfolio.id, owner=owner, email=member.email, role="viewer", added_at=now
        )
        if place < settings.LIMITS.share_links_per_portfolio:
            _, token = create_share_link(
                portfolio_id=portfolio.id,
                owner=owner,
                label=f"Link {place}",
                expires_at=None,
                created_at=now,
            )
        add_index(
            owner=owner,
            name=f"Index {place}",
            content=CLOSES,
            file_name="closes.csv",
            added_at=now,
        )
        friend = make_user(f"{portfolio.name}-friend-{place}@example.com")
        theirs = open_portfolio(
            owner=friend,
            name=f"Theirs {place}",
            kind="tracked",
            currency="USD",
            starting_cash=None,
            opened_at=now,
        )
        add_member(
            portfolio_id=theirs.id, owner=friend, email=owner.email, role="viewer", added_at=now
        )
    rows = [f"2024-01-02,buy,{name}{place},1,10" for place in range(number) for name in NAMES]
    made = start_import(
        portfolio=portfolio,
        content="\n".join(["Date,Type,Symbol,Quantity,Price", *rows]).encode(),
        file_name="trades.csv",
        profile="",
        created_by=owner,
        created_at=now,
    )
    return {"token": token, "file": str(made.id)}


def queries_of_pages(client: Client, portfolio: Portfolio) -> dict[str, list[str]]:
    positions = portfolio.positions.count()
    named = {"id": str(portfolio.id), "held": f"{portfolio.name}0".upper()}
    found = {page: queries_of(client, page.format(**named)) for page in PAGES}
    named |= add_company(portfolio, positions)
    return found | {
        f"{page} in company": queries_of(client, page.format(**named)) for page in OF_COMPANY
    }


def queries_of(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_no_page_asks_more_often_for_more_positions(client: Client) -> None:
    # What a process remembers from then on is not to be counted.
    queries_of_pages(client, make_owner(client, "warm", FEW))
    few = queries_of_pages(client, make_owner(client, "few", FEW))
    many = queries_of_pages(client, make_owner(client, "many", MANY))
    grown = {page: many[page] for page in many if len(many[page]) > len(few[page])}
    assert {page: (len(few[page]), len(sql)) for page, sql in grown.items()} == {}
