"""The journal as the lines that seals are made of."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Final

from django.db import connection

from portfolio.sealing.chain import SealedLine

# Every fact as JSON, so that no two entries read the same: moments as microseconds since 1970,
# numbers with the places that their columns have. The session's settings change nothing of it.
# What seals of a later layout tell besides stands in an array of its own: the first stays as it is.
LINES: Final = """
SELECT entry.recorded_xid::text::bigint, coalesce(posted.count, 0), json_build_array(
    entry.recorded_xid::text, entry.id, entry.portfolio_id, entry.kind, entry.external_id,
    encode(entry.body_hash, 'hex'), (extract(epoch FROM entry.occurred_at) * 1000000)::bigint,
    (extract(epoch FROM entry.recorded_at) * 1000000)::bigint, entry.instrument_id,
    entry.quantity, entry.unit_price, entry.amount, entry.fees, entry.taxes, entry.currency,
    entry.exchange_rate, entry.note, entry.reverses_id, posted.postings
)::text, json_build_array(
    entry.restates_id, entry.settled_currency, entry.base_rate, entry.local_rate,
    entry.ratio_from, entry.ratio_to, entry.source_instrument_id, entry.cost_share, entry.lots
)::text
FROM portfolio_journalentry AS entry
CROSS JOIN LATERAL (
    SELECT count(*) AS count, json_agg(json_build_array(
        posting.id, account.kind, account.currency, account.instrument_id, account.portfolio_id,
        posting.amount
    ) ORDER BY posting.id) AS postings
    FROM portfolio_posting AS posting
    LEFT JOIN portfolio_ledgeraccount AS account ON account.id = posting.ledger_account_id
    WHERE posting.entry_id = entry.id
) AS posted
WHERE entry.recorded_xid >= %s::text::xid8 AND entry.recorded_xid < %s::text::xid8
ORDER BY entry.recorded_xid, entry.id
"""
ROWS_AT_A_TIME: Final = 5_000


def sealed_lines(*, from_xid: int, to_xid: int) -> Iterator[SealedLine]:
    """Entries of those transactions in order, streamed; inside a transaction."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(LINES, [from_xid, to_xid])
        for xid, postings, text, more in chain.from_iterable(
            iter(partial(cursor.fetchmany, ROWS_AT_A_TIME), [])
        ):
            yield SealedLine(xid, postings, text.replace("\n", " "), more.replace("\n", " "))
