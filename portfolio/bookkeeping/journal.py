"""The journal as pages and the API read it: what is looked for, and the rows of a page of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from portfolio.bookkeeping.drafts import EntryKind, LotFact
from portfolio.bookkeeping.entry_search import EVERYTHING, EntrySearch, matching
from portfolio.models import JournalEntry, Portfolio, Posting, UnitMove

ORDER: Final = ("-occurred_at", "-id")
ACTIVITY_KINDS: Final = tuple(kind for kind in EntryKind if kind in EntryKind.activities())


@dataclass(frozen=True, slots=True)
class PostingRow:
    """``commodity`` is a currency code or a symbol; the amount is in units of it."""

    account_kind: str
    commodity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as an investor reads it. An activity is one, without its postings."""

    id: UUID
    kind: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    symbol: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    amount: Decimal | None
    fees: Decimal
    taxes: Decimal
    currency: str
    exchange_rate: Decimal | None
    note: str
    reverses_id: UUID | None
    is_reversed: bool
    ratio_from: Decimal | None = None
    ratio_to: Decimal | None = None
    from_symbol: str | None = None
    cost_share: Decimal | None = None
    lots: tuple[LotFact, ...] = ()
    found_quantity: Decimal | None = None
    missing_quantity: Decimal | None = None
    postings: tuple[PostingRow, ...] = ()

    @property
    def kind_label(self) -> str:
        return self.kind.replace("_", " ").capitalize()


def entries_of(
    portfolio: Portfolio, wanted: EntrySearch = EVERYTHING
) -> QuerySet[JournalEntry, JournalEntry]:
    """The entries that are looked for, each with what its row names."""
    found = matching(JournalEntry.objects.filter(portfolio=portfolio), wanted)
    return found.select_related("instrument", "source_instrument", "reversed_by")


def activities_of(
    portfolio: Portfolio, wanted: EntrySearch = EVERYTHING
) -> QuerySet[JournalEntry, JournalEntry]:
    """What happened, as far as it is looked for.

    Settlements, reversals and restatements are bookkeeping and left out; what was reversed says
    so.
    """
    kinds = [kind.value for kind in ACTIVITY_KINDS]
    return entries_of(portfolio, wanted).filter(kind__in=kinds)


def entry_rows(entries: Sequence[JournalEntry], *, with_postings: bool = False) -> list[EntryRow]:
    """Rows of the entries, in their order. Two queries at most."""
    missing = _missing_of(entries)
    postings = _postings_of(entries) if with_postings else {}
    return [_entry_row(entry, postings.get(entry.id, ()), missing) for entry in entries]


def entry_row(entry: JournalEntry) -> EntryRow:
    """One entry just written, as an activity."""
    return entry_rows([entry])[0]


def _postings_of(entries: Iterable[JournalEntry]) -> dict[UUID, Sequence[PostingRow]]:
    rows = (
        Posting.objects.filter(entry__in=[entry.id for entry in entries])
        .order_by("id")
        .values_list(
            *("entry_id", "ledger_account__kind", "ledger_account__currency"),
            *("ledger_account__instrument__symbol", "amount"),
        )
    )
    postings: defaultdict[UUID, list[PostingRow]] = defaultdict(list)
    for entry_id, kind, currency, symbol, amount in rows:
        postings[entry_id].append(PostingRow(kind, currency or str(symbol), amount))
    return postings  # type: ignore[return-value]


def _missing_of(entries: Iterable[JournalEntry]) -> dict[UUID, UnitMove]:
    """Where units were needed that nobody is known to have acquired, by entry."""
    asked = list(entries)
    found = UnitMove.objects.filter(
        portfolio__in={entry.portfolio_id for entry in asked},
        entry__in=[entry.id for entry in asked],
        missing_quantity__gt=0,
    )
    return {move.entry_id: move for move in found}


def _entry_row(
    entry: JournalEntry, postings: Iterable[PostingRow], missing: Mapping[UUID, UnitMove]
) -> EntryRow:
    move = missing.get(entry.id)
    return EntryRow(
        id=entry.id,
        kind=entry.kind,
        external_id=entry.external_id,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        symbol=entry.instrument.symbol if entry.instrument else None,
        quantity=entry.quantity,
        unit_price=entry.unit_price,
        amount=entry.amount,
        fees=entry.fees,
        taxes=entry.taxes,
        currency=entry.currency,
        exchange_rate=entry.exchange_rate,
        note=entry.note,
        reverses_id=entry.reverses_id,
        is_reversed=hasattr(entry, "reversed_by"),
        ratio_from=entry.ratio_from,
        ratio_to=entry.ratio_to,
        from_symbol=entry.source_instrument.symbol if entry.source_instrument else None,
        cost_share=entry.cost_share,
        lots=tuple(LotFact.from_plain(plain) for plain in entry.lots or ()),
        found_quantity=None if move is None else move.found_quantity,
        missing_quantity=None if move is None else move.missing_quantity,
        postings=tuple(postings),
    )
