"""What a user keeps besides portfolios, as tables that ``own_things`` reads again.

As in ``tables``, nothing here says under which id something is kept. A portfolio is named by its
folder in the takeout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, CharField, QuerySet, Value, When
from django.db.models.functions import Lower

from accounts.models import User
from accounts.table_files import AMOUNT, COUNT, DAY, MOMENT, PRICE, TEXT, Column, Table
from market.models import Alert, Watchlist
from portfolio.models import IndexClose
from portfolio.takeout.members import NEWEST
from portfolio.takeout.tables import streamed

FORMAT: Final = (Column("version", COUNT),)
WATCHED: Final = (
    Column("watchlist", TEXT),
    Column("exchange", TEXT),
    Column("symbol", TEXT),
    Column("note", TEXT),
)
ALERTS: Final = (
    *(Column(name, TEXT) for name in ("exchange", "symbol", "kind")),
    Column("threshold", PRICE),
    Column("given_threshold", PRICE),
    Column("given_at", MOMENT),
    *(Column(name, TEXT) for name in ("direction", "interval")),
    *(Column(name, COUNT) for name in ("length", "fast_length")),
    *(Column(name, TEXT) for name in ("portfolio", "status", "repeats")),
    Column("cooldown_seconds", COUNT),
    Column("note", TEXT),
    Column("created_at", MOMENT),
)
INDICES: Final = (Column("index", TEXT), Column("date", DAY), Column("close", AMOUNT))


def format_table() -> Table:
    return Table("format", FORMAT, lambda: [[NEWEST]])


def watchlist_table(owner: User) -> Table:
    """In his order. An empty list has one row, without a symbol."""
    ordered = Watchlist.objects.for_user(owner).order_by(
        "position", "id", "items__position", "items__id"
    )
    instrument = ("items__instrument__exchange_id", "items__instrument__symbol")
    return listed("watchlists", WATCHED, ordered, ("name", *instrument, "items__note"))


def alert_table(owner: User, folders: Mapping[UUID, str]) -> Table:
    """``folders`` by portfolio: an alert on a holding says whose it is by that."""
    given: dict[str, Any] = {
        "exchange": "instrument__exchange_id",
        "symbol": "instrument__symbol",
        "portfolio": folder_of(folders),
    }
    return listed(
        "alerts",
        ALERTS,
        Alert.objects.for_user(owner).order_by("created_at", "id"),
        [given.get(column.name, column.name) for column in ALERTS],
    )


def folder_of(folders: Mapping[UUID, str]) -> Case:
    """The folder of a row's portfolio; empty where it has none of them."""
    whens = [When(portfolio_id=key, then=Value(name)) for key, name in folders.items()]
    return Case(*whens, default=Value(""), output_field=CharField())


def index_table(owner: User) -> Table:
    """Closes of all his indices, by name and day."""
    rows = IndexClose.objects.filter(index__owner=owner)
    ordered = rows.order_by(Lower("index__name"), "index_id", "on_date")
    return listed("indices", INDICES, ordered, ("index__name", "on_date", "close"))


def listed(
    name: str, columns: Sequence[Column], rows: QuerySet[Any], values: Sequence[Any]
) -> Table:
    return Table(name, columns, streamed(rows.values_list(*values)))
