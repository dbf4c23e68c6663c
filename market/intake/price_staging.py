"""Rows of a price file between reading and storing: a temporary table and set-based checks.

Everything happens in the caller's transaction. A refused row is kept in quarantine with its line,
once per reason; what is neither refused nor an exact repetition of an earlier line is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from market.intake.bars import Arrivals
from market.intake.copying import copy_rows
from market.intake.file_spikes import refuse_spikes
from market.intake.price_checks import (
    ARRIVING,
    DUPLICATES,
    FIRST_DATES,
    LEAVE_OUT_DUPLICATES,
    LEAVE_OUT_REFUSED,
    LISTINGS,
    REFUSE,
    REFUSE_DUPLICATES,
    REPEATED,
    TABLE,
)
from market.intake.price_layout import Layout, RefusedLine


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found."""

    refused: int  # rows, each once however many reasons
    repeated: int  # exact repetitions of an earlier line
    without_volume: int  # sound or not
    arrivals: Arrivals


class PriceStaging:
    """The rows of one file on their way in, within one transaction."""

    def __init__(self, cursor: CursorWrapper, *, run_id: UUID, now: datetime) -> None:
        self._cursor = cursor
        self._parameters: dict[str, Any] = {"run_id": run_id, "now": now}
        self.refused_lines = 0  # that could not even be read
        for table in (
            "price_row",
            "price_listing",
            "price_left_out",
            "price_repeated",
            "price_duplicate",
            "price_recent",
        ):
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
        cursor.execute(TABLE)

    @contextmanager
    def staging(self, layout: Layout) -> Iterator[Callable[[bytes], None]]:
        """Give a function that takes staged lines; until it ends, nothing else can be asked.

        One COPY for all, so that the server reads lines while we look at the next.
        """
        columns = ", ".join(["line", *layout.known_columns])
        with self._cursor.copy(f"COPY price_row ({columns}) FROM STDIN (FORMAT CSV)") as copy:
            yield copy.write

    def check(self) -> Checked:
        """Refuse what cannot be true, and what the file says twice in different ways."""
        self._cursor.execute(LISTINGS)
        for statement in (REFUSE, LEAVE_OUT_REFUSED, REPEATED):
            self._cursor.execute(statement, self._parameters)
        if self._cursor.rowcount:
            for statement in (DUPLICATES, REFUSE_DUPLICATES, LEAVE_OUT_DUPLICATES):
                self._cursor.execute(statement, self._parameters)
        refuse_spikes(self._cursor, run_id=self._parameters["run_id"], now=self._parameters["now"])
        self._cursor.execute(
            """
            SELECT
                (SELECT count(DISTINCT line) FROM market_quarantinedrow WHERE run_id = %(run_id)s),
                (SELECT count(*) FROM price_left_out),
                count(*) FILTER (WHERE volume = 0), count(*)
            FROM price_row
            """,
            self._parameters,
        )
        ((refused, left_out, without_volume, staged),) = self._cursor.fetchall()
        return Checked(
            refused=refused,
            repeated=left_out + self.refused_lines - refused,
            without_volume=without_volume,
            arrivals=_arrivals(staged=staged, left_out=left_out),
        )

    def refuse_lines(self, refused: Sequence[RefusedLine]) -> None:
        """Quarantine lines that could not even be read."""
        self.refused_lines += len(refused)
        run_id = self._parameters["run_id"]
        self._cursor.execute(
            """
            CREATE TEMPORARY TABLE IF NOT EXISTS price_refusal
                (line bigint, code text, message text, raw text) ON COMMIT DROP
            """
        )
        columns = {"line": "int8", "code": "text", "message": "text", "raw": "text"}
        copy_rows(
            self._cursor,
            "price_refusal",
            columns,
            [(item.line, item.code, item.message, item.text) for item in refused],
        )
        self._cursor.execute(
            """
            INSERT INTO market_quarantinedrow (run_id, line, code, message, raw)
            SELECT %s, line, code, left(message, 300), jsonb_build_object('line', raw)
            FROM price_refusal
            """,
            [run_id],
        )
        self._cursor.execute("TRUNCATE price_refusal")


def _arrivals(*, staged: int, left_out: int) -> Arrivals:
    is_wanted = "WHERE NOT EXISTS (SELECT FROM price_left_out WHERE line = row.line)"
    wanted = is_wanted if left_out else ""
    return Arrivals(
        f"{ARRIVING} {wanted}",
        is_exclusive=True,
        count=staged - left_out,
        first_dates=f"{FIRST_DATES} {wanted} GROUP BY listing.instrument_id",
    )
