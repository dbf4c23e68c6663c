"""The one way into the ledger: entries posted in sets, once per external id.

What an entry posts is written in ``portfolio/bookkeeping/entries.py``; what the database itself
refuses, in ``docs/ledger.md``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from portfolio.bookkeeping.balances import (
    BalanceChange,
    begin_lock,
    change_balances,
    seek_accounts,
    seek_balances,
)
from portfolio.bookkeeping.bulk import add_rows, columns_of, execute, fetch_rows, send
from portfolio.bookkeeping.drafts import LedgerAccountKind
from portfolio.bookkeeping.entries import (
    ASSET_KINDS,
    AccountKey,
    BalanceKey,
    EntryDraft,
    charge_entry,
    deposit_entry,
    income_entry,
    settlement_entry,
    trade_entry,
    withdrawal_entry,
)
from portfolio.errors import EntryConflict
from portfolio.holds import HoldChange, begin_reading, change_holds
from portfolio.signals import entries_posted

INSERT_ENTRIES: Final = """
INSERT INTO portfolio_journalentry (id, portfolio_id, kind, external_id, body_hash, occurred_at,
    recorded_at, instrument_id, quantity, unit_price, amount, fees, taxes, currency,
    exchange_rate, note, reverses_id, restates_id,
    settled_currency, base_rate, local_rate, ratio_from, ratio_to, source_instrument_id,
    cost_share, lots)
SELECT id, portfolio_id, kind, external_id, body_hash, occurred_at, %s, instrument_id, quantity,
    unit_price, amount, fees, taxes, currency, exchange_rate, note, reverses_id, restates_id,
    settled_currency, base_rate, local_rate, ratio_from, ratio_to, source_instrument_id,
    cost_share, lots::jsonb
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::timestamptz[],
    %s::int[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::text[], %s::numeric[], %s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::int[], %s::numeric[], %s::text[])
    AS d (id, portfolio_id, kind, external_id, body_hash, occurred_at, instrument_id, quantity,
    unit_price, amount, fees, taxes, currency, exchange_rate, note, reverses_id, restates_id,
    settled_currency, base_rate, local_rate, ratio_from, ratio_to, source_instrument_id,
    cost_share, lots)
ON CONFLICT (portfolio_id, external_id) DO NOTHING
RETURNING id
"""
FIND_ENTRIES: Final = """
SELECT e.portfolio_id, e.external_id, e.id, e.body_hash
FROM unnest(%s::uuid[], %s::text[]) AS w (portfolio_id, external_id)
JOIN portfolio_journalentry AS e USING (portfolio_id, external_id)
"""
POSTING_COLUMNS: Final = {"entry_id": "uuid", "ledger_account_id": "int8", "amount": "numeric"}
# Valuations of days before the entry was recorded may be stored already.
MARK_STALE: Final = """
UPDATE portfolio_portfolio AS p SET valuations_stale_from = c.stale_from
FROM unnest(%s::uuid[], %s::date[]) AS c (id, stale_from)
WHERE p.id = c.id AND (p.valuations_stale_from IS NULL OR p.valuations_stale_from > c.stale_from)
"""


@dataclass(frozen=True, slots=True)
class PostedEntries:
    """What became of a batch: the drafts that were new, and the entries others repeat."""

    new: tuple[EntryDraft, ...]
    repeated: dict[UUID, UUID]  # draft id → id of the entry that was there before

    def entry_id(self, draft: EntryDraft) -> UUID:
        """The id of the entry that stands for the draft."""
        return self.repeated.get(draft.id, draft.id)


def post_entries(
    drafts: Sequence[EntryDraft],
    *,
    recorded_at: datetime,
    hold_changes: Sequence[HoldChange] = (),
) -> PostedEntries:
    """Write entries, postings, balances and holds of a batch, in a fixed number of statements.

    A draft whose ``(portfolio, external_id)`` exists with the same body changes nothing and is
    told among the repeated. Hold changes are applied in any case.

    Raises:
        EntryConflict: an external id is taken by an entry with another body.
        InsufficientFunds: a paper portfolio would have less money than its holds reserve.
        InsufficientUnits: the same of units.
        UnknownHold, HoldReleased: see ``HoldChange``.
    """
    with transaction.atomic():
        return begin_posting(drafts, recorded_at=recorded_at, hold_changes=hold_changes)()


def begin_posting(
    drafts: Sequence[EntryDraft],
    *,
    recorded_at: datetime,
    hold_changes: Sequence[HoldChange] = (),
) -> Callable[[], PostedEntries]:
    """Lock the balances and write the entries; the answer writes the rest, as ``post_entries``.

    A failure ends the transaction of the caller: nothing is there to return to. What is asked is
    sent before answers are read, so that within a flow few are waited for, and what can be worked
    out meanwhile is.
    """
    find_balances = seek_balances(balance_keys(drafts))
    find_accounts = seek_accounts(_account_keys(drafts))
    balance_ids = find_balances()
    references = {change.reference for change in hold_changes}
    lock = begin_lock(balance_ids.values(), references=references)
    insert = _begin_entries(drafts, recorded_at=recorded_at)
    read_holds = begin_reading(hold_changes)

    def post() -> PostedEntries:
        changes = _balance_changes(drafts, balance_ids)
        # Accounts are made under the locks: who holds those already may be about to make the same.
        postings = _posting_rows(drafts, find_accounts())
        locked, posted = lock(), insert()
        if posted.repeated:
            changes = _balance_changes(posted.new, balance_ids)
            postings = [row for row in postings if row[0] not in posted.repeated]
        change_holds(hold_changes, read_holds(), changes, changed_at=recorded_at)
        change_balances(locked, changes)
        if postings:
            add_rows("portfolio_posting", POSTING_COLUMNS, postings)
        _mark_valuations_stale(posted.new, recorded_at=recorded_at)
        if posted.new:
            entries_posted.send(sender=PostedEntries, drafts=posted.new, recorded_at=recorded_at)
        return posted

    return post


def balance_keys(drafts: Iterable[EntryDraft]) -> set[BalanceKey]:
    """The balances that the drafts would change."""
    return {
        BalanceKey(portfolio_id, currency, instrument_id)
        for portfolio_id, posted in _posted_to(drafts).items()
        for kind, currency, instrument_id in posted
        if kind in ASSET_KINDS
    }


def _begin_entries(
    drafts: Sequence[EntryDraft], *, recorded_at: datetime
) -> Callable[[], PostedEntries]:
    if not drafts:
        return lambda: PostedEntries(new=(), repeated={})
    columns = columns_of(map(_entry_row, drafts), width=25)
    answer = send(INSERT_ENTRIES, [recorded_at, *columns])

    def posted() -> PostedEntries:
        new_ids = {row[0] for row in answer.rows()}
        repeats = [draft for draft in drafts if draft.id not in new_ids]
        return PostedEntries(
            new=tuple(draft for draft in drafts if draft.id in new_ids),
            repeated=_match_repeats(repeats) if repeats else {},
        )

    return posted


def _entry_row(draft: EntryDraft) -> tuple[Any, ...]:
    return (
        *(draft.id, draft.portfolio_id, draft.kind.value, draft.external_id, draft.body_hash()),
        *(draft.occurred_at, draft.instrument_id, draft.quantity, draft.unit_price, draft.amount),
        *(draft.fees, draft.taxes, draft.currency, draft.exchange_rate, draft.note),
        *(draft.reverses_id, draft.restates_id, draft.settled_currency, draft.base_rate),
        *(draft.local_rate, draft.ratio_from, draft.ratio_to, draft.source_instrument_id),
        *(draft.cost_share, _lots_text(draft)),
    )


def _lots_text(draft: EntryDraft) -> str | None:
    return json.dumps([lot.plain() for lot in draft.lots]) if draft.lots else None


def _match_repeats(repeats: Sequence[EntryDraft]) -> dict[UUID, UUID]:
    keys = [(draft.portfolio_id, draft.external_id) for draft in repeats]
    rows = fetch_rows(FIND_ENTRIES, columns_of(keys, width=2))
    standing = {(row[0], row[1]): (row[2], bytes(row[3])) for row in rows}
    matched = {}
    for draft in repeats:
        entry_id, body_hash = standing[draft.portfolio_id, draft.external_id]
        if body_hash != draft.body_hash():
            raise EntryConflict(portfolio_id=draft.portfolio_id, external_id=draft.external_id)
        matched[draft.id] = entry_id
    return matched


def _balance_changes(
    drafts: Iterable[EntryDraft], balance_ids: dict[BalanceKey, int]
) -> dict[int, BalanceChange]:
    ids = _by_portfolio(balance_ids)
    changes: dict[int, BalanceChange] = {}
    for draft in drafts:
        own = ids[draft.portfolio_id]
        for posting in draft.postings:
            if posting.kind in ASSET_KINDS:
                balance_id = own[posting.currency, posting.instrument_id]
                change = changes.get(balance_id)
                if change is None:
                    change = changes[balance_id] = BalanceChange()
                # Asset kinds are named as the columns are.
                column = posting.kind.value
                setattr(change, column, getattr(change, column) + posting.amount)
    return changes


def _posting_rows(
    drafts: Sequence[EntryDraft], account_ids: dict[AccountKey, int]
) -> list[tuple[UUID, int, Decimal]]:
    ids = _by_portfolio(account_ids)
    return [
        (draft.id, own[posting.kind, posting.currency, posting.instrument_id], posting.amount)
        for draft in drafts
        for own in (ids[draft.portfolio_id],)
        for posting in draft.postings
    ]


def _account_keys(drafts: Iterable[EntryDraft]) -> set[AccountKey]:
    return {
        AccountKey(portfolio_id, *account)
        for portfolio_id, posted in _posted_to(drafts).items()
        for account in posted
    }


def _posted_to(
    drafts: Iterable[EntryDraft],
) -> dict[UUID, set[tuple[LedgerAccountKind, str, int | None]]]:
    """The accounts that drafts post to, by portfolio: of many, hashing its id for each posting
    would take longest.
    """
    posted: dict[UUID, set[tuple[LedgerAccountKind, str, int | None]]] = {}
    for draft in drafts:
        own = posted.setdefault(draft.portfolio_id, set())
        for one in draft.postings:
            own.add((one.kind, one.currency, one.instrument_id))
    return posted


def _by_portfolio(
    ids: Mapping[AccountKey, int] | Mapping[BalanceKey, int],
) -> defaultdict[UUID, dict[tuple[Any, ...], int]]:
    """The same, found by the rest of the key within each portfolio; drafts may post nowhere."""
    found: defaultdict[UUID, dict[tuple[Any, ...], int]] = defaultdict(dict)
    for key, row_id in ids.items():
        found[key.portfolio_id][key[1:]] = row_id
    return found


def _mark_valuations_stale(drafts: Iterable[EntryDraft], *, recorded_at: datetime) -> None:
    today = recorded_at.astimezone(UTC).date()
    stale_from: dict[UUID, Any] = {}
    for draft in drafts:
        date = draft.occurred_at.astimezone(UTC).date()
        if date < min(today, stale_from.get(draft.portfolio_id, today)):
            stale_from[draft.portfolio_id] = date
    if stale_from:
        execute(MARK_STALE, columns_of(sorted(stale_from.items()), width=2))


__all__ = [
    "BalanceKey",
    "EntryDraft",
    "HoldChange",
    "PostedEntries",
    "begin_posting",
    "charge_entry",
    "deposit_entry",
    "income_entry",
    "post_entries",
    "settlement_entry",
    "trade_entry",
    "withdrawal_entry",
]
