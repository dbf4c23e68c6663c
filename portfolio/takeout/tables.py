"""What a portfolio's books come to, as tables without a name that only this desk knows.

Two desks with the same books write the same bytes: nothing here says when something was recorded,
or under which id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, CharField, F, QuerySet, Value, When

from accounts.table_files import AMOUNT, MOMENT, PRICE, TEXT, Column, Row, Table
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.models import JournalEntry, Lot, Portfolio, PortfolioKind, Position
from portfolio.models.portfolios import BookedActions
from portfolio.takeout.named_lots import named_lots

# As portfolio.imports.profiles.holdfast reads them. The portfolio is whichever it is read into.
ACTIVITY_COLUMNS: Final = (
    Column("portfolio", TEXT),
    Column("kind", TEXT),
    Column("occurred_at", MOMENT),
    Column("symbol", TEXT),
    Column("isin", TEXT),
    Column("quantity", AMOUNT),
    Column("unit_price", PRICE),
    Column("amount", AMOUNT),
    Column("fees", AMOUNT),
    Column("taxes", AMOUNT),
    Column("currency", TEXT),
    Column("exchange_rate", AMOUNT),
    Column("ratio_from", AMOUNT),
    Column("ratio_to", AMOUNT),
    Column("from_symbol", TEXT),
    Column("cost_share", AMOUNT),
    Column("external_id", TEXT),
    Column("note", TEXT),
    Column("lots", TEXT),
)
LOT_COLUMNS: Final = (
    Column("symbol", TEXT),
    Column("opened_at", MOMENT),
    Column("quantity", AMOUNT),
    Column("cost", AMOUNT),
    Column("remaining_quantity", AMOUNT),
    Column("remaining_cost", AMOUNT),
    Column("currency", TEXT),
    Column("closed_at", MOMENT),
)
POSITION_COLUMNS: Final = (
    Column("symbol", TEXT),
    Column("quantity", AMOUNT),
    Column("cost", AMOUNT),
    Column("realised_gain", AMOUNT),
    Column("currency", TEXT),
)
PORTFOLIO_COLUMNS: Final = (
    Column("name", TEXT),
    Column("kind", TEXT),
    Column("currency", TEXT),
    Column("lot_method", TEXT),
    Column("booked_actions", TEXT),
)
OF_UNITS: Final = [kind.value for kind in EntryKind.unit_changes()]


def activity_table(portfolio: Portfolio) -> Table:
    """What happened and still stands, oldest first.

    Of what has units and a price the amount follows from both, so it is left out.
    """
    entries = JournalEntry.objects.filter(
        portfolio=portfolio,
        kind__in=[kind.value for kind in EntryKind.activities()],
        reversed_by=None,
    )
    priced = When(kind__in=OF_UNITS, unit_price__isnull=False, then=Value(None))
    ordered = entries.order_by("occurred_at", "id").values_list(
        Value("", output_field=CharField()),
        "kind",
        "occurred_at",
        *("instrument__symbol", "instrument__isin"),
        Case(When(kind__in=OF_UNITS, then=F("quantity")), default=None),
        "unit_price",
        Case(priced, default=F("amount")),
        *("fees", "taxes", "currency", "exchange_rate", "ratio_from", "ratio_to"),
        *("source_instrument__symbol", "cost_share"),
        *("external_id", "note"),
        "id",
    )
    return Table("activities", ACTIVITY_COLUMNS, lambda: with_lots(portfolio, ordered))


def with_lots(portfolio: Portfolio, entries: QuerySet[Any, Any]) -> Iterator[Row]:
    """Rows that end with an entry's id; instead of it the lots that the entry names."""
    named = named_lots(portfolio)
    for *row, entry_id in entries.iterator(chunk_size=settings.LIMITS.download_batch_rows):
        yield [*row, named.get(entry_id, "")]


def lot_table(portfolio: Portfolio) -> Table:
    """Open and closed, by symbol, oldest first; those of one moment by what is in them."""
    ordered = (
        Lot.objects.filter(portfolio=portfolio)
        .order_by(
            *("instrument__symbol", "instrument__exchange_id", "opened_at"),
            F("closed_at").asc(nulls_last=True),
            *("quantity", "cost", "remaining_quantity", "id"),
        )
        .values_list(*of_instrument(LOT_COLUMNS))
    )
    return Table("lots", LOT_COLUMNS, streamed(ordered))


def position_table(portfolio: Portfolio) -> Table:
    """Everything ever held, by symbol."""
    ordered = (
        Position.objects.filter(portfolio=portfolio)
        .order_by("instrument__symbol", "instrument__exchange_id")
        .values_list(*of_instrument(POSITION_COLUMNS))
    )
    return Table("positions", POSITION_COLUMNS, streamed(ordered))


def portfolio_table(portfolio: Portfolio) -> Table:
    """What it takes to open one like it: as a tracked one, which is told what books itself."""
    facts = {column.name: str(getattr(portfolio, column.name)) for column in PORTFOLIO_COLUMNS}
    if portfolio.kind == PortfolioKind.PAPER:
        facts["booked_actions"] = BookedActions.ALL.value
    return Table("portfolio", PORTFOLIO_COLUMNS, lambda: [list(facts.values())])


def of_instrument(columns: Iterable[Column]) -> list[str]:
    names = [column.name for column in columns]
    return ["instrument__symbol" if name == "symbol" else name for name in names]


def streamed(rows: QuerySet[Any, Any]) -> Callable[[], Iterable[Row]]:
    return lambda: rows.iterator(chunk_size=settings.LIMITS.download_batch_rows)
