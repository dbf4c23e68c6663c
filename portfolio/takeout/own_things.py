"""What a user keeps besides portfolios, of a takeout, brought back beside what he has."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.models import User
from accounts.restorations import LeftOut
from market.alerts.kinds import AlertKind, AlertStatus, Direction
from market.alerts.restoring import KeptAlert, restore_alerts
from market.alerts.terms import DEFAULT_COOLDOWN_SECONDS, USED, AlertTerms, Condition, only_used
from market.values import Interval
from market.watchlist_restoring import KeptItem, restore_watchlist
from portfolio.imports.errors import UnreadableImport
from portfolio.indices.restoring import restore_index
from portfolio.takeout.members import Facts, Takeout
from portfolio.takeout.own_settings import bring_limits, bring_mappings
from portfolio.takeout.rows import Unusable, count_of, moment_of, number_of, parsed, text_of

INDEX_HEADER: Final = ["index", "date", "close"]
MOST_LISTS: Final = 1_000


@dataclass(slots=True)
class Brought:
    """How much of each came back, and what did not. What was there already counts in neither."""

    watchlists: int = 0  # new ones
    watched: int = 0  # instruments on lists
    alerts: int = 0
    indices: int = 0  # new ones, and those that got closes
    risk_limits: int = 0
    import_mappings: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


def bring_back(
    owner: User, found: Takeout, portfolios: Mapping[str, UUID], *, restored_at: datetime
) -> Brought:
    """``portfolios`` by folder: what those of the takeout have become."""
    brought = Brought()
    bring_lists(owner, found.watchlists, brought, restored_at)
    bring_alerts(owner, found.alerts, portfolios, brought, restored_at)
    bring_indices(owner, found.indices, brought, restored_at)
    brought.risk_limits, odd = bring_limits(owner, found.risk_limits, portfolios, restored_at)
    brought.left_out += odd
    brought.import_mappings, odd = bring_mappings(owner, found.import_mappings, restored_at)
    brought.left_out += odd
    return brought


def bring_lists(owner: User, rows: Sequence[Facts], brought: Brought, at: datetime) -> None:
    """Raises:
    UnreadableImport: there are more lists than are read.
    """
    lists: dict[str, list[KeptItem]] = {}
    for row in rows:
        name, exchange, symbol, note = (
            text_of(row, column) for column in ("watchlist", "exchange", "symbol", "note")
        )
        items = lists.setdefault(name, [])
        if symbol:
            items.append(KeptItem(f"{exchange}:{symbol}", note))
    if len(lists) > MOST_LISTS:
        raise UnreadableImport(f"It has {len(lists)} watchlists, at most {MOST_LISTS} are read.")
    for name, items in lists.items():
        one = restore_watchlist(owner=owner, name=name, items=items, restored_at=at)
        brought.watchlists += one.is_made
        brought.watched += one.added
        brought.left_out += one.left_out


def bring_alerts(
    owner: User,
    rows: Sequence[Facts],
    portfolios: Mapping[str, UUID],
    brought: Brought,
    at: datetime,
) -> None:
    kept = []
    for row in rows:
        try:
            kept.append(kept_alert(row, portfolios, at))
        except Unusable as error:
            words = [text_of(row, column) for column in ("exchange", "symbol", "kind")]
            name = "{}:{} {}".format(*words)[:160]
            brought.left_out.append(LeftOut("alert", name, "incomplete", str(error)))
    made = restore_alerts(owner=owner, kept=kept, restored_at=at)
    brought.alerts = len(made.made)
    brought.left_out += made.left_out


def kept_alert(row: Facts, portfolios: Mapping[str, UUID], at: datetime) -> KeptAlert:
    """Raises:
    Unusable: the row does not say all that makes the alert.
    """
    try:
        kind = AlertKind(text_of(row, "kind"))
        status = AlertStatus(text_of(row, "status"))
        words = (text_of(row, "direction"), text_of(row, "interval"))
        direction, interval = (Direction(words[0]) if words[0] else None), words[1]
        condition = Condition(
            kind=kind,
            threshold=number_of(row, "given_threshold") or number_of(row, "threshold"),
            direction=direction,
            interval=Interval(interval) if interval else None,
            length=count_of(row, "length"),
            fast_length=count_of(row, "fast_length"),
            portfolio_id=portfolios.get(text_of(row, "portfolio")),
        )
    except ValueError as error:
        raise Unusable(f"The takeout says of it: {error}."[:300]) from error
    used = USED.get(kind, set())
    if missing := sorted(name for name in used if getattr(condition, name) is None):
        raise Unusable(f"The takeout does not say its {', '.join(missing)}.")
    cooldown = count_of(row, "cooldown_seconds") or DEFAULT_COOLDOWN_SECONDS
    terms = AlertTerms(
        condition=only_used(condition),
        repeats=row.get("repeats") is True,
        cooldown_seconds=cooldown,
        note=text_of(row, "note"),
    )
    return KeptAlert(
        address=f"{text_of(row, 'exchange')}:{text_of(row, 'symbol')}",
        terms=terms,
        status=status,
        given_at=moment_of(row, "given_at") or at,
        created_at=moment_of(row, "created_at") or at,
    )


def bring_indices(owner: User, content: bytes, brought: Brought, at: datetime) -> None:
    for name, closes in indices_in(content).items():
        outcome = restore_index(owner=owner, name=name, closes=closes, restored_at=at)
        if isinstance(outcome, LeftOut):
            brought.left_out.append(outcome)
        else:
            brought.indices += outcome > 0


def indices_in(content: bytes) -> dict[str, dict[date, Decimal]]:
    """Raises:
    UnreadableImport: it is no table of indices, dates and closes.
    """
    found: dict[str, dict[date, Decimal]] = {}
    try:
        lines = csv.reader(io.StringIO(content.decode(), newline=""))
        if content and next(lines) != INDEX_HEADER:
            raise UnreadableImport("indices.csv has other columns than index, date and close.")
        for name, day, close in lines:
            number = parsed(close)
            if not 0 < number < 10**15:
                raise Unusable(f"{close[:40]!r} is no close")
            found.setdefault(name, {})[date.fromisoformat(day)] = number
    except (ValueError, csv.Error) as error:
        raise UnreadableImport(f"indices.csv cannot be read: {error}."[:300]) from error
    return found
