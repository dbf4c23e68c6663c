"""The desk's own exports: each night the day before, of everybody and everything."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts import audit
from accounts.errors import Problem
from integrations.exports.errors import ExportNotFound, ExportNotReady, ExportRefused
from integrations.exports.requesting import DAY, facts_of, send
from integrations.models.exports import Dataset, Export, ExportStatus
from market.values import Interval

# By then sessions everywhere that opened on the day before have closed, and it is valued.
NIGHT_BEGINS: Final = timedelta(hours=2)
CAUGHT_UP: Final = 7  # nights at most, after the desk was away
WANTED: Final = (
    (Dataset.TICKS, ""),
    (Dataset.BARS, Interval.MINUTE.value),
    (Dataset.BARS, Interval.DAY.value),
    (Dataset.FILLS, ""),
    (Dataset.JOURNAL, ""),
    (Dataset.VALUATIONS, ""),
    (Dataset.POSITIONS, ""),
)


def request_due_nights(*, at: datetime) -> int:
    """Ask for what no night has written yet; return how many datasets that are.

    A desk that never had a night begins with the latest; one that was away catches up.
    """
    if settings.EXPORT_NIGHTS == 0:
        return 0
    latest_day = (at - NIGHT_BEGINS).astimezone(UTC).date() - DAY
    done = Export.objects.nightly().aggregate(latest=Max("start"))["latest"]
    first = latest_day if done is None else max(done, latest_day - (CAUGHT_UP - 1) * DAY)
    count = 0
    for ahead in range((latest_day - first).days + 1):
        count += request_day(first + ahead * DAY, at=at)
    return count


def request_day(day: date, *, at: datetime) -> int:
    """Ask for what is missing of one day; whoever asks at the same moment finds it there."""
    found = set(Export.objects.nightly().filter(start=day).values_list("dataset", "interval"))
    missing = [one for one in WANTED if (one[0].value, one[1]) not in found]
    made = 0
    for dataset, interval in missing:
        made += _create(dataset, interval, day, at=at)
    return made


@transaction.atomic
def _create(dataset: Dataset, interval: str, day: date, *, at: datetime) -> bool:
    night, is_new = Export.objects.get_or_create(
        owner=None,
        dataset=dataset,
        interval=interval,
        start=day,
        defaults={"end": day + DAY, "requested_at": at, "seen_at": at, "parts_total": 1},
    )
    if is_new:
        send(night.id)
    return is_new


def write_day(*, day: date, requested_at: datetime) -> list[Export]:
    """Have one day written, anew where it is there already; staff asks for it.

    Raises:
        ExportRefused: the day is not over, or further back than nights are kept.
        ExportNotReady: a worker is at one of its datasets.
    """
    oldest = requested_at.astimezone(UTC).date() - max(settings.EXPORT_NIGHTS, 1) * DAY
    if not oldest <= day < requested_at.astimezone(UTC).date():
        message = f"day was {day}; it must be over, and not before {oldest}."
        raise ExportRefused([Problem("day", "out_of_range", message)])
    with transaction.atomic():
        nights = Export.objects.nightly().filter(start=day).order_by("id")
        for night in nights.select_for_update(no_key=True):
            begin_anew(night, at=requested_at)
        request_day(day, at=requested_at)
        found = list(nights)
        for night in found:
            audit.record(action="export.requested", **facts_of(night), occurred_at=requested_at)
    return found


def begin_anew(night: Export, *, at: datetime) -> None:
    """Its files are replaced one by one, so that readers always find whole ones."""
    if night.is_working:
        raise ExportNotReady("It is being written; ask again once that has ended.")
    night.files.all().delete()
    night.status, night.requested_at, night.seen_at = ExportStatus.QUEUED, at, at
    night.finished_at = night.expires_at = night.removed_at = None
    night.parts_done = night.rows = night.bytes = night.deaths = 0
    night.error_code = night.error = ""
    night.save()
    send(night.id)


def find_night(night_id: UUID) -> Export:
    """Raises:
    ExportNotFound: no night has that id.
    """
    found = Export.objects.nightly().filter(id=night_id).first()
    if found is None:
        raise ExportNotFound("There is no such nightly export.")
    return found
