"""Background work about prices. Each task is safe to run twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts.policies import works_for_owner_of, works_for_the_desk

PARTITION_DAYS: Final = 4  # yesterday to the day after tomorrow


@shared_task(name="market.tasks.run_price_import")  # type: ignore[untyped-decorator]
@works_for_owner_of("run_id")
def run_price_import(*, run_id: str, **_: Any) -> None:
    from market.intake.price_files import run_import

    run_import(UUID(run_id))


@shared_task(name="market.tasks.ensure_partitions")  # type: ignore[untyped-decorator]
@works_for_the_desk
def ensure_partitions(**_: Any) -> None:
    from market.intake.partitions import ensure_tick_partitions
    from market.intake.price_runs import finish_days_of_ticks, mark_stale_runs

    now = timezone.now()
    ensure_tick_partitions(first_date=now.date() - timedelta(days=1), days=PARTITION_DAYS)
    mark_stale_runs(at=now)
    finish_days_of_ticks(at=now)


@shared_task(name="market.tasks.backfill_simulated")  # type: ignore[untyped-decorator]
@works_for_the_desk
def backfill_simulated(**_: Any) -> None:
    from market.intake.backfills import backfill_history

    backfill_history(clock=timezone.now)


@shared_task(name="market.tasks.load_exchange_rates")  # type: ignore[untyped-decorator]
@works_for_the_desk
def load_exchange_rates(**_: Any) -> None:
    from market.currencies.rate_intake import load_rates
    from market.currencies.rate_providers import rate_providers

    for provider in rate_providers():
        load_rates(provider, clock=timezone.now)


@shared_task(name="market.tasks.collect_prices")  # type: ignore[untyped-decorator]
@works_for_owner_of("run_id")
def collect_prices(*, run_id: str, **_: Any) -> None:
    from market.intake.collection import collect

    collect(UUID(run_id), clock=timezone.now)


@shared_task(name="market.tasks.take_in_folder")  # type: ignore[untyped-decorator]
@works_for_the_desk
def take_in_folder(**_: Any) -> None:
    from market.intake.price_folder import take_in_folder

    take_in_folder(clock=timezone.now)


@shared_task(name="market.tasks.request_price_runs")  # type: ignore[untyped-decorator]
@works_for_the_desk
def request_price_runs(**_: Any) -> None:
    from market.intake.collection import request_due_runs

    request_due_runs(at=timezone.now())
