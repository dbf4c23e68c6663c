"""Sealing what has been posted, by whoever comes first; another one waits for no one."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from portfolio.bookkeeping.bulk import fetch_rows
from portfolio.errors import PortfolioError
from portfolio.models import JournalSeal
from portfolio.sealing.chain import GENESIS, Seal, make_seal
from portfolio.sealing.lines import sealed_lines

logger = logging.getLogger(__name__)

ENTRIES_PER_SEAL: Final = 10_000
LOCK_ID: Final = 7_310_017  # advisory; held by whoever seals
# Every transaction below the first number has ended, so no entry of one can appear any more; the
# second is that of a transaction yet to begin.
HORIZON: Final = """
SELECT pg_snapshot_xmin(snapshot)::text::bigint, pg_snapshot_xmax(snapshot)::text::bigint
FROM pg_current_snapshot() AS snapshot
"""
FIRST_XID: Final = """
SELECT min(recorded_xid)::text::bigint FROM portfolio_journalentry
WHERE recorded_xid >= %s::text::xid8 AND recorded_xid < %s::text::xid8
"""
NEXT_XID: Final = """
SELECT recorded_xid::text::bigint FROM portfolio_journalentry
WHERE recorded_xid >= %s::text::xid8 AND recorded_xid < %s::text::xid8
ORDER BY recorded_xid OFFSET %s LIMIT 1
"""


class CounterBehind(PortfolioError):
    """The server's transactions are numbered below those sealed: it was restored from a dump."""

    code = "counter_behind"


def seal_journal(*, sealed_at: datetime, entries_per_seal: int = ENTRIES_PER_SEAL) -> int:
    """Seal every entry that can no longer be joined by an earlier one; each seal commits alone.

    Returns:
        How many seals were made.

    Raises:
        CounterBehind: new entries could come to lie among sealed ones.
    """
    count = 0
    while (made := _seal_next(sealed_at=sealed_at, size=entries_per_seal)) is not None:
        logger.info("Journal seal %s: %s", made.number, made.hash.hex())
        count += 1
    return count


@transaction.atomic
def _seal_next(*, sealed_at: datetime, size: int) -> Seal | None:
    """The next seal; ``None`` where there is nothing to seal, or another one seals."""
    ((is_mine,),) = fetch_rows("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_ID])
    if not is_mine:
        return None
    latest = latest_seal()
    ((horizon, counter),) = fetch_rows(HORIZON, [])
    from_xid = latest.to_xid if latest else 0
    if counter < from_xid:
        raise CounterBehind(
            f"Transactions stand at {counter}, entries are sealed up to {from_xid}; see"
            " docs/ledger-seals.md on restoring."
        )
    to_xid = _end_of_seal(from_xid, horizon, size=size)
    if to_xid is None:
        return None
    seal = make_seal(
        sealed_lines(from_xid=from_xid, to_xid=to_xid),
        number=latest.number + 1 if latest else 1,
        from_xid=from_xid,
        to_xid=to_xid,
        previous_hash=bytes(latest.hash) if latest else GENESIS,
    )
    _store(seal, sealed_at=sealed_at)
    return seal


def _end_of_seal(from_xid: int, horizon: int, *, size: int) -> int | None:
    """The first transaction that the next seal leaves out; whole transactions always."""
    ((first,),) = fetch_rows(FIRST_XID, [from_xid, horizon])
    if first is None:
        return None
    beyond = fetch_rows(NEXT_XID, [from_xid, horizon, size])
    if not beyond:
        return horizon
    ((xid,),) = beyond
    return int(max(xid, first + 1))


def _store(seal: Seal, *, sealed_at: datetime) -> None:
    JournalSeal.objects.create(
        number=seal.number,
        from_xid=seal.from_xid,
        to_xid=seal.to_xid,
        entries=seal.entries,
        postings=seal.postings,
        previous_hash=seal.previous_hash,
        hash=seal.hash,
        layout=seal.layout,
        sealed_at=sealed_at,
    )


def latest_seal() -> JournalSeal | None:
    return JournalSeal.objects.order_by("-number").first()


def unsealed_entries() -> int:
    """How many entries no seal covers yet."""
    latest = latest_seal()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM portfolio_journalentry WHERE recorded_xid >= %s::text::xid8",
            [latest.to_xid if latest else 0],
        )
        (count,) = cursor.fetchone()
    return int(count)
