"""Everything a user has, as CSV and JSON: what he could take to another desk, or read himself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast
from django.utils.text import slugify

from accounts.models import User
from accounts.table_files import AMOUNT, COUNT, MOMENT, PRICE, TEXT, TRUTH, Column, Table
from integrations.models.notifications import NotificationChoice, QuietHours
from portfolio.models import Portfolio
from portfolio.takeout.own_settings import (
    limit_table,
    link_table,
    mapping_table,
    member_table,
)
from portfolio.takeout.own_tables import (
    alert_table,
    format_table,
    index_table,
    listed,
    watchlist_table,
)
from portfolio.takeout.tables import (
    activity_table,
    lot_table,
    portfolio_table,
    position_table,
)
from trading.listing.fill_table import fill_table
from trading.models import Fill, Order

NAME_CHARACTERS: Final = 60
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
CHOICES: Final = (
    Column("kind", TEXT),
    *(Column(name, TRUTH) for name in ("in_inbox", "by_mail", "by_slack")),
)
QUIET: Final = tuple(Column(name, TEXT) for name in ("begins", "ends", "timezone"))


def tables_of(owner: User) -> Iterator[tuple[str, Table]]:
    """Each table with its path, without an ending."""
    portfolios = list(Portfolio.objects.for_user(owner).order_by("created_at", "id"))
    folders = {
        one.id: f"{number:02}-{slug_of(one)}" for number, one in enumerate(portfolios, start=1)
    }
    yield "format", format_table()
    yield "account", account_table(owner, len(portfolios))
    yield "watchlists", watchlist_table(owner)
    yield "alerts", alert_table(owner, folders)
    yield "indices", index_table(owner)
    yield "risk_limits", limit_table(owner, folders)
    yield "import_mappings", mapping_table(owner)
    yield "members", member_table(folders)
    yield "share_links", link_table(folders)
    yield "notification_choices", choice_table(owner)
    yield "quiet_hours", quiet_table(owner)
    yield "orders", order_table(owner)
    fills = Fill.objects.filter(portfolio__in=portfolios)
    yield "fills", fill_table(fills, limit=settings.LIMITS.export_rows + 1)
    for portfolio in portfolios:
        folder = f"portfolios/{folders[portfolio.id]}"
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


def choice_table(owner: User) -> Table:
    """How he wants to be told, of each kind of which he has said it."""
    rows = NotificationChoice.objects.filter(owner=owner).order_by("kind")
    return listed("notification_choices", CHOICES, rows, [one.name for one in CHOICES])


def quiet_table(owner: User) -> Table:
    rows = QuietHours.objects.filter(owner=owner)
    times = [Cast(name, CharField()) for name in ("begins", "ends")]
    return listed("quiet_hours", QUIET, rows, [*times, "timezone"])


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
