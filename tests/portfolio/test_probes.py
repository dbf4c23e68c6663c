"""Errors planted past every guard, as only a superuser can, and found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from portfolio.bookkeeping.entries import EntryKind
from portfolio.bookkeeping.probes import are_books_broken, failed_probes, record_failed_probes
from portfolio.models import BooksViolation, Portfolio
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import NOON, draft_trade, post
from tests.support.vandals import Vandal, vandal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken_books(transactional_db: None) -> Iterator[Vandal]:
    with vandal() as connected:
        yield connected


@pytest.fixture
def portfolio(transactional_db: None) -> Portfolio:
    portfolio = make_portfolio(make_user(), opened_at=NOON)
    apple = make_instrument("AAPL")
    post(draft_trade(portfolio, apple))
    sale = draft_trade(portfolio, apple, EntryKind.SELL, quantity="4", at=NOON + timedelta(hours=1))
    post(sale)
    return portfolio


ACCOUNT_OF = "(SELECT id FROM portfolio_ledgeraccount WHERE kind = '{}' AND currency = 'USD')"


@pytest.mark.parametrize(
    ("damage", "probe"),
    [
        (
            (
                "DELETE FROM portfolio_posting WHERE ledger_account_id IN"
                " (SELECT id FROM portfolio_ledgeraccount WHERE kind = 'equity')"
            ),
            "probe_unbalanced_entries",
        ),
        ("DELETE FROM portfolio_posting", "probe_unbalanced_entries"),
        (
            (
                "INSERT INTO portfolio_posting (entry_id, ledger_account_id, amount)"
                " SELECT gen_random_uuid(), id, 1 FROM portfolio_ledgeraccount LIMIT 1"
            ),
            "probe_stray_postings",
        ),
        ("UPDATE portfolio_ledgerbalance SET settled = settled + 1", "probe_balance_drift"),
        ("DELETE FROM portfolio_ledgerbalance", "probe_balance_drift"),
        ("UPDATE portfolio_ledgerbalance SET held = 1", "probe_hold_drift"),
        ("UPDATE portfolio_position SET quantity = 7", "probe_position_drift"),
        ("UPDATE portfolio_position SET cost = cost + 0.0000000001", "probe_position_drift"),
        ("DELETE FROM portfolio_position", "probe_position_drift"),
        ("DELETE FROM portfolio_lotclosure", "probe_lot_drift"),
    ],
)
def test_a_probe_finds_the_damage(
    portfolio: Portfolio, broken_books: Vandal, damage: str, probe: str
) -> None:
    assert failed_probes() == []
    broken_books.execute(damage.encode())
    assert probe in {failed.probe for failed in failed_probes()}


def test_an_overdraft_is_found(portfolio: Portfolio, broken_books: Vandal) -> None:
    broken_books.execute(
        "ALTER TABLE portfolio_ledgerbalance DROP CONSTRAINT ledger_balance_not_overdrawn"
    )
    try:
        broken_books.execute("UPDATE portfolio_ledgerbalance SET settled = -1 WHERE currency > ''")
        assert "probe_overdrafts" in {failed.probe for failed in failed_probes()}
    finally:
        broken_books.execute("DELETE FROM portfolio_ledgerbalance")
        broken_books.execute(
            "ALTER TABLE portfolio_ledgerbalance ADD CONSTRAINT ledger_balance_not_overdrawn"
            " CHECK (may_go_negative OR settled >= (held - to_receive) - to_deliver)"
        )


def test_what_is_found_stands_until_it_is_gone(portfolio: Portfolio, broken_books: Vandal) -> None:
    record_failed_probes(checked_at=NOON)
    assert not are_books_broken()
    broken_books.execute("UPDATE portfolio_position SET quantity = 7")
    for minute in range(2):
        record_failed_probes(checked_at=NOON + timedelta(minutes=minute))
    violation = BooksViolation.objects.get()
    assert (violation.portfolio_id, violation.found_at) == (portfolio.id, NOON)
    assert are_books_broken()
    broken_books.execute("UPDATE portfolio_position SET quantity = 6")
    record_failed_probes(checked_at=NOON + timedelta(minutes=2))
    assert not are_books_broken()
    violation.refresh_from_db()
    assert violation.resolved_at == NOON + timedelta(minutes=2)


def test_the_command_fails_where_a_probe_does(portfolio: Portfolio, broken_books: Vandal) -> None:
    call_command("check_books", stdout=(said := StringIO()))
    assert said.getvalue().count("ok ") >= 7
    broken_books.execute("UPDATE portfolio_position SET quantity = 7")
    with pytest.raises(CommandError, match="1 violations"):
        call_command("check_books", stderr=StringIO())
