"""Everything a user has, as CSV and JSON: what he could take to another desk, or read himself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.conf import settings
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.utils.text import slugify

from accounts.models import User
from accounts.table_files import AMOUNT, COUNT, MOMENT, PRICE, TEXT, Column, Table
from market.models import Alert, WatchlistItem
from portfolio.models import Portfolio
from portfolio.takeout.tables import (
    activity_table,
    lot_table,
    portfolio_table,
    position_table,
    streamed,
)
from trading.listing.fill_table import fill_table
from trading.models import Fill, Order

NAME_CHARACTERS: Final = 60
WATCHED: Final = (
    Column("watchlist", TEXT),
    Column("exchange", TEXT),
    Column("symbol", TEXT),
    Column("note", TEXT),
)
ALERTS: Final = (
    Column("exchange", TEXT),
    Column("symbol", TEXT),
    Column("kind", TEXT),
    Column("threshold", PRICE),
    Column("status", TEXT),
    Column("repeats", TEXT),
    Column("note", TEXT),
    Column("created_at", MOMENT),
)
ORDERS: Final = (
    Column("id", TEXT),
    Column("portfolio", TEXT),
    Column("client_order_id", TEXT),
    Column("symbol", TEXT),
    *(Column(name, TEXT) for name in ("side", "type", "time_in_force", "status")),
    Column("quantity", AMOUNT),
    Column("filled_quantity", AMOUNT),
    Column("limit_price", PRICE),
    Column("stop_price", PRICE),
    Column("submitted_at", MOMENT),
    Column("finished_at", MOMENT),
)
ACCOUNT: Final = (
    *(Column(name, TEXT) for name in ("email", "display_name", "tier", "base_currency")),
    Column("joined_at", MOMENT),
    Column("portfolios", COUNT),
)


def tables_of(owner: User) -> Iterator[tuple[str, Table]]:
    """Each table with its path, without an ending."""
    portfolios = list(Portfolio.objects.for_user(owner).order_by("created_at", "id"))
    yield "account", account_table(owner, len(portfolios))
    yield "watchlists", watchlist_table(owner)
    yield "alerts", alert_table(owner)
    yield "orders", order_table(owner)
    fills = Fill.objects.filter(portfolio__in=portfolios)
    yield "fills", fill_table(fills, limit=settings.LIMITS.export_rows + 1)
    for number, portfolio in enumerate(portfolios, 1):
        folder = f"portfolios/{number:02}-{slug_of(portfolio)}"
        yield f"{folder}/portfolio", portfolio_table(portfolio)
        yield f"{folder}/activities", activity_table(portfolio)
        yield f"{folder}/lots", lot_table(portfolio)
        yield f"{folder}/positions", position_table(portfolio)


def slug_of(portfolio: Portfolio) -> str:
    return slugify(portfolio.name)[:NAME_CHARACTERS].replace("_", "-") or "portfolio"


def account_table(owner: User, count: int) -> Table:
    names = [column.name for column in ACCOUNT[:-1]]
    row = [getattr(owner, name) for name in names]
    return Table("account", ACCOUNT, lambda: [[*row, count]])


def watchlist_table(owner: User) -> Table:
    items = WatchlistItem.objects.filter(watchlist__owner=owner)
    ordered = items.order_by("watchlist__position", "watchlist_id", "position", "id")
    return listed(
        "watchlists",
        WATCHED,
        ordered,
        ("watchlist__name", "instrument__exchange_id", "instrument__symbol", "note"),
    )


def alert_table(owner: User) -> Table:
    facts = ("kind", "threshold", "status", "repeats", "note", "created_at")
    return listed(
        "alerts",
        ALERTS,
        Alert.objects.filter(owner=owner).order_by("created_at", "id"),
        ("instrument__exchange_id", "instrument__symbol", *facts),
    )


def order_table(owner: User) -> Table:
    facts = [column.name for column in ORDERS[4:]]
    return listed(
        "orders",
        ORDERS,
        Order.objects.filter(portfolio__in=Portfolio.objects.for_user(owner)).order_by(
            "submitted_at", "id"
        ),
        (
            Cast("id", CharField()),
            "portfolio__name",
            "client_order_id",
            "instrument__symbol",
            *facts,
        ),
    )


def listed(
    name: str, columns: Sequence[Column], rows: QuerySet[Any], values: Sequence[Any]
) -> Table:
    return Table(name, columns, streamed(rows.values_list(*values)))
