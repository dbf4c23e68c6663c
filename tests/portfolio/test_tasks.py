from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portfolio.models import BooksViolation, DailyValuation
from portfolio.tasks import check_books, refresh_all_valuations, refresh_portfolio_valuations
from tests.factories import make_portfolio, make_user

pytestmark = pytest.mark.django_db


def test_every_portfolio_in_use_is_valued_through_yesterday(db: Any) -> None:
    owner = make_user()
    opened_at = timezone.now() - timedelta(days=3)
    for name in ("One", "Two"):
        make_portfolio(owner, name=name, opened_at=opened_at)
    refresh_all_valuations()
    refresh_all_valuations()
    assert DailyValuation.objects.count() == 6


def test_one_portfolio_is_valued_by_its_id(db: Any) -> None:
    portfolio = make_portfolio(make_user(), opened_at=timezone.now() - timedelta(days=1))
    refresh_portfolio_valuations(portfolio_id=str(portfolio.id), an_argument_of_tomorrow=1)
    assert DailyValuation.objects.get().cash == 100_000


def test_the_probes_run(db: Any) -> None:
    check_books()
    assert not BooksViolation.objects.exists()
