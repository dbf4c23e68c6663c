"""Asking for an export: what may be asked for, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import Problem
from accounts.models import User
from accounts.utc_days import utc_midnight
from integrations.exports import datasets
from integrations.exports.errors import ExportRefused, TooManyExports
from integrations.exports.parts import parts
from integrations.exports.pieces import pieces_of
from integrations.models.exports import Dataset, Export, ExportStatus
from market import queries
from market.errors import MarketError
from market.series.history import permitted_start
from market.values import Interval
from portfolio.portfolios import find_portfolio

FIRST_DAY: Final = date(1900, 1, 1)
DAY: Final = timedelta(days=1)
EPOCH: Final = date(1970, 1, 1)
# Of what failed by a fault of ours nothing is counted.
OWN_FAULTS: Final = ("unforeseen", "stale")


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is wanted: the days from ``start`` on and before ``end``.

    Symbols are for ticks and bars, an interval is for bars, a portfolio for everything else.
    Without columns all are meant.
    """

    dataset: str
    start: date
    end: date
    portfolio_id: UUID | None = None
    symbols: Sequence[str] = ()
    interval: str = ""
    columns: Sequence[str] = ()

    @classmethod
    def of_everything(cls, *, at: datetime) -> NewExport:
        """All days there are."""
        return cls(Dataset.EVERYTHING.value, EPOCH, at.astimezone(UTC).date() + DAY)

    def chosen_columns(self) -> list[str]:
        """In the dataset's own order."""
        if not self.columns:
            return []
        return [name for name in datasets.columns_of(self.dataset) if name in self.columns]


@transaction.atomic
def request_export(*, owner: User, wanted: NewExport, requested_at: datetime) -> Export:
    """Have a worker write the files.

    Raises:
        ExportRefused: dataset, days, symbols, interval or columns make no sense.
        PortfolioNotFound, RoleMissing: the portfolio is not the owner's.
        HistoryExceeded: the days begin before what his tier shows of prices.
        TooManyExports: he asked for as many within a day as his tier includes.
    """
    if problems := find_problems(wanted, at=requested_at):
        raise ExportRefused(problems)
    is_of_market = Dataset(wanted.dataset).is_of_market
    symbols: list[str] = []
    if is_of_market:
        symbols = known_symbols(wanted.symbols)
        first, after = (utc_midnight(day) for day in (wanted.start, wanted.end))
        permitted_start(owner, start=first, end=after, at=requested_at)
    elif wanted.portfolio_id is not None:
        find_portfolio(wanted.portfolio_id, owner)
    refuse_beyond_allowance(owner, at=requested_at)
    export = Export(
        owner=owner,
        dataset=wanted.dataset,
        portfolio_id=None if is_of_market else wanted.portfolio_id,
        interval=wanted.interval if wanted.dataset == Dataset.BARS else "",
        symbols=symbols,
        columns=wanted.chosen_columns(),
        start=wanted.start,
        end=wanted.end,
    )
    begin(export, at=requested_at)
    audit.record(action="export.requested", **facts_of(export), occurred_at=requested_at)
    return export


def begin(export: Export, *, at: datetime) -> None:
    """Store it, and send it to a worker once that is committed."""
    export.requested_at = export.seen_at = at
    export.parts_total = len(pieces_of(export))
    export.save()
    send(export.id)


def send(export_id: UUID) -> None:
    """Have a worker look at it after the commit; a second message finds it taken."""
    transaction.on_commit(partial(_send, export_id), robust=True)


def _send(export_id: UUID) -> None:
    from integrations.tasks import write_export as task  # noqa: PLC0415 - tasks import us

    task.delay(export_id=str(export_id))


def facts_of(export: Export) -> dict[str, Any]:
    """What the audit trail keeps of it."""
    return {
        "owner_id": export.owner_id,
        "target": "export",
        "target_id": str(export.id),
        "after": {
            "dataset": str(export.dataset),
            "portfolio_id": export.portfolio_id,
            "symbols": export.symbols,
            "interval": export.interval,
            "start": export.start,
            "end": export.end,
        },
    }


def find_problems(wanted: NewExport, *, at: datetime) -> list[Problem]:
    """Everything that is wrong with it, save whose the portfolio is and what the tier says."""
    if wanted.dataset not in Dataset.values:
        return [Problem("dataset", "unknown", f"dataset is one of {', '.join(Dataset.values)}.")]
    dataset = Dataset(wanted.dataset)
    if dataset is Dataset.EVERYTHING:
        return choice_problems(wanted)
    problems = symbol_problems(wanted) if dataset.is_of_market else portfolio_problems(wanted)
    if dataset is Dataset.BARS and wanted.interval not in set(Interval):
        message = f"interval is one of {', '.join(Interval)}."
        problems.append(Problem("interval", "unknown", message))
    elif dataset is not Dataset.BARS and wanted.interval:
        problems.append(Problem("interval", "not_taken", "Only bars have an interval."))
    names = datasets.columns_of(dataset)
    if unknown := [name for name in wanted.columns if name not in names]:
        message = f"{dataset} has no column {unknown[0][:60]}; it has {', '.join(names)}."
        problems.append(Problem("columns", "unknown", message))
    return problems + (day_problems(wanted, at=at) if not problems else [])


def choice_problems(wanted: NewExport) -> list[Problem]:
    """Of everything there is nothing to choose."""
    return [
        Problem(name, "not_taken", f"Everything has no {name}; leave it out.")
        for name in ("portfolio_id", "symbols", "interval", "columns")
        if getattr(wanted, name)
    ]


def symbol_problems(wanted: NewExport) -> list[Problem]:
    allowed: int = settings.LIMITS.export_symbols
    problems = []
    if not 1 <= len(wanted.symbols) <= allowed:
        message = f"symbols held {len(wanted.symbols)}, must hold 1 to {allowed}."
        problems.append(Problem("symbols", "out_of_range", message))
    if wanted.portfolio_id is not None:
        message = f"{wanted.dataset} are not of a portfolio."
        problems.append(Problem("portfolio_id", "not_taken", message))
    return problems


def portfolio_problems(wanted: NewExport) -> list[Problem]:
    problems = []
    if wanted.portfolio_id is None:
        message = f"{wanted.dataset} are of a portfolio; name it."
        problems.append(Problem("portfolio_id", "required", message))
    if wanted.symbols:
        message = "Only ticks and bars are chosen by symbol."
        problems.append(Problem("symbols", "not_taken", message))
    return problems


def day_problems(wanted: NewExport, *, at: datetime) -> list[Problem]:
    if wanted.start < FIRST_DAY:
        return [Problem("start", "too_early", f"start was {wanted.start}; begin at {FIRST_DAY}.")]
    if wanted.end <= wanted.start:
        message = f"end was {wanted.end}, must be after start, {wanted.start}."
        return [Problem("end", "out_of_range", message)]
    latest = at.astimezone(UTC).date() + 2 * DAY  # where it is tomorrow already
    if wanted.end > latest:
        return [Problem("end", "in_future", f"end was {wanted.end}; nothing is there yet.")]
    allowed: int = settings.LIMITS.export_parts
    length = datasets.length_of(wanted.dataset, wanted.interval)
    if len(list(islice(parts(wanted.start, wanted.end, length), allowed + 1))) > allowed:
        message = f"A file holds one {length} of it, and an export {allowed:,} files; ask for less."
        return [Problem("end", "too_long", message)]
    return []


def known_symbols(addresses: Sequence[str]) -> list[str]:
    """Each instrument once, by exchange and symbol.

    Raises:
        ExportRefused: there is no such instrument, or several are meant.
    """
    try:
        found = queries.instruments_by_addresses(addresses).values()
    except MarketError as error:
        raise ExportRefused([Problem("symbols", error.code, str(error))]) from error
    return list(dict.fromkeys(f"{one.exchange_id}:{one.symbol}" for one in found))


def refuse_beyond_allowance(owner: User, *, at: datetime) -> None:
    """Raises:
    TooManyExports: as many were asked for in the last 24 hours as the tier includes.
    """
    # Two requests at once wait for each other here, so the limit holds; and the tier is today's.
    owner = User.objects.select_for_update(no_key=True).get(id=owner.id)
    allowed = owner.allowance.exports_per_day
    counted = Export.objects.for_user(owner).filter(requested_at__gt=at - DAY)
    counted = counted.exclude(status=ExportStatus.FAILED, error_code__in=OWN_FAULTS)
    moments = list(counted.order_by("-requested_at").values_list("requested_at", flat=True))
    if len(moments) >= allowed:
        raise TooManyExports(tier=owner.tier, next_at=moments[allowed - 1] + DAY)
