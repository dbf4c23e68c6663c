"""Background work on the books. Every task may run twice."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from celery import shared_task

from accounts.policies import works_for_owner_of, works_for_the_desk

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("portfolio_id")
def refresh_portfolio_valuations(*, portfolio_id: str, **_: Any) -> None:
    """Value one portfolio through yesterday, from the earliest changed day."""
    from portfolio.valuation import refresh_valuations

    refresh_valuations(UUID(portfolio_id), yesterday())


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def refresh_all_valuations(**_: Any) -> None:
    """Value every portfolio in use through yesterday; one that fails does not stop the others."""
    from portfolio.models import Portfolio
    from portfolio.valuation import refresh_valuations

    through = yesterday()
    portfolios = Portfolio.objects.filter(archived_at=None).order_by("id")
    for portfolio_id in portfolios.values_list("id", flat=True).iterator():
        try:
            refresh_valuations(portfolio_id, through)
        except Exception:
            logger.exception("Portfolio %s could not be valued.", portfolio_id)


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("user_id")
def open_demo_savings(*, user_id: str, **_: Any) -> None:
    """Tell a demo ten years of savings, once."""
    from accounts.models import User
    from portfolio.demo.savings import open_savings

    open_savings(owner=User.objects.get(id=user_id), opened_at=datetime.now(UTC))


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("import_id")
def preview_import(*, import_id: str, **_: Any) -> None:
    """Read the file of an import."""
    from portfolio.imports.previews import preview

    preview(UUID(import_id), at=datetime.now(UTC))


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("import_id")
def commit_import(*, import_id: str, **_: Any) -> None:
    """Book an import, all of it or nothing."""
    from portfolio.imports.commits import carry_out

    carry_out(UUID(import_id), at=datetime.now(UTC))


@shared_task  # type: ignore[untyped-decorator]
@works_for_owner_of("import_id")
def reverse_import(*, import_id: str, **_: Any) -> None:
    """Undo an import, all of it or nothing."""
    from portfolio.imports.undoing import carry_out

    carry_out(UUID(import_id), at=datetime.now(UTC))


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def tend_imports(**_: Any) -> int:
    """Ask again for imports whose worker died."""
    from django.conf import settings

    from portfolio.imports.tending import request_left

    return request_left(expires_seconds=settings.LIMITS.task_timeout_seconds)


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def book_market_actions(*, instrument_ids: list[int] | None = None, **_: Any) -> None:
    """Book splits and dividends that are due, of some instruments or of all, for who held them.

    One portfolio that fails, as when orders reserve what a reverse split takes, does not stop the
    others; the next run tries it again.
    """
    from portfolio.corporate_actions.market_actions import book_market_actions as book
    from portfolio.corporate_actions.market_actions import (
        instruments_with_actions,
        portfolios_holding,
    )
    from portfolio.models import Portfolio

    now = datetime.now(UTC)
    ids = instruments_with_actions() if instrument_ids is None else instrument_ids
    for portfolio_id in portfolios_holding(ids):
        try:
            portfolio = Portfolio.objects.get(id=portfolio_id)
            if book(portfolio, ids, at=now):
                refresh_portfolio_valuations.delay(portfolio_id=str(portfolio_id))
        except Exception:
            logger.exception("Portfolio %s could not be booked.", portfolio_id)


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def check_books(**_: Any) -> None:
    """Run the money probes, keep what they find, and say it aloud."""
    from portfolio.bookkeeping.probes import record_failed_probes

    for failed in record_failed_probes(checked_at=datetime.now(UTC)):
        logger.error(
            "Books are wrong: %s, portfolio %s: %s",
            failed.probe,
            failed.portfolio_id,
            failed.detail,
        )


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def seal_journal(**_: Any) -> int:
    """Seal what has been posted since the last seal."""
    from portfolio.sealing.sealing import seal_journal as seal

    return seal(sealed_at=datetime.now(UTC))


@shared_task  # type: ignore[untyped-decorator]
@works_for_the_desk
def verify_ledger(**_: Any) -> int:
    """Compare the whole journal with its seals; return how many findings there are."""
    from portfolio.sealing import verification

    verdict = verification.verify_ledger()
    verification.record_verification(verdict, verified_at=datetime.now(UTC))
    return len(verdict.problems)


def yesterday() -> date:
    return (datetime.now(UTC) - timedelta(days=1)).date()
