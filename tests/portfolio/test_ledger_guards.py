"""What the database refuses, whoever writes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.identifiers import new_id
from portfolio.models import (
    EntryKind,
    JournalEntry,
    LedgerAccount,
    LedgerAccountKind,
    LedgerBalance,
    Portfolio,
    Posting,
)
from tests.factories import make_portfolio, make_user
from tests.portfolio.factories import NOON

CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"


@pytest.fixture
def portfolio(db: Any) -> Portfolio:
    return make_portfolio(make_user())


def write_entry(portfolio: Portfolio) -> JournalEntry:
    return JournalEntry.objects.create(
        portfolio=portfolio,
        kind=EntryKind.FEE,
        external_id=str(new_id()),
        body_hash=b"",
        occurred_at=NOON,
        currency="USD",
    )


def account(
    portfolio: Portfolio, kind: LedgerAccountKind = LedgerAccountKind.FEES, currency: str = "USD"
) -> LedgerAccount:
    made, _ = LedgerAccount.objects.get_or_create(portfolio=portfolio, kind=kind, currency=currency)
    return made


def check_at_commit(entry: JournalEntry, *amounts: tuple[LedgerAccount, str]) -> None:
    Posting.objects.bulk_create(
        Posting(entry=entry, ledger_account=ledger_account, amount=Decimal(amount))
        for ledger_account, amount in amounts
    )
    with connection.cursor() as cursor:
        cursor.execute(CHECK_NOW)


@pytest.mark.django_db
def test_it_refuses_an_entry_without_postings(portfolio: Portfolio) -> None:
    with pytest.raises(IntegrityError, match="has no postings"), transaction.atomic():
        check_at_commit(write_entry(portfolio))


@pytest.mark.django_db
def test_it_refuses_postings_that_do_not_sum_to_zero(portfolio: Portfolio) -> None:
    fees, taxes = account(portfolio), account(portfolio, LedgerAccountKind.TAXES)
    with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
        check_at_commit(write_entry(portfolio), (fees, "1"), (taxes, "-0.9999999999"))


@pytest.mark.django_db
def test_it_refuses_commodities_that_only_balance_each_other(portfolio: Portfolio) -> None:
    dollars, euros = account(portfolio), account(portfolio, currency="EUR")
    with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
        check_at_commit(write_entry(portfolio), (dollars, "1"), (euros, "-1"))


@pytest.mark.django_db
def test_it_takes_postings_that_balance_and_more_that_balance_by_themselves(
    portfolio: Portfolio,
) -> None:
    fees, taxes = account(portfolio), account(portfolio, LedgerAccountKind.TAXES)
    with transaction.atomic():
        entry = write_entry(portfolio)
        check_at_commit(entry, (fees, "1"), (taxes, "-1"))
        check_at_commit(entry, (fees, "0.5"), (fees, "-0.5"))


@pytest.mark.django_db
def test_postings_of_one_entry_do_not_make_up_for_those_of_another(portfolio: Portfolio) -> None:
    with pytest.raises(IntegrityError, match="do not sum to zero"):
        write_two_that_make_up_for_each_other(portfolio)


@transaction.atomic
def write_two_that_make_up_for_each_other(portfolio: Portfolio) -> None:
    fees = account(portfolio)
    one, other = write_entry(portfolio), write_entry(portfolio)
    Posting.objects.bulk_create(
        [
            Posting(entry=one, ledger_account=fees, amount=Decimal(1)),
            Posting(entry=other, ledger_account=fees, amount=Decimal(-1)),
        ]
    )


@pytest.mark.django_db(transaction=True)
def test_a_commit_with_an_entry_of_no_postings_leaves_nothing() -> None:
    portfolio = make_portfolio(make_user())
    with pytest.raises(IntegrityError, match="has no postings"), transaction.atomic():
        write_entry(portfolio)
    assert JournalEntry.objects.get(portfolio=portfolio).kind == EntryKind.DEPOSIT


@pytest.mark.django_db(transaction=True)
def test_nothing_is_added_to_an_entry_of_an_earlier_transaction() -> None:
    portfolio = make_portfolio(make_user())
    fees, taxes = account(portfolio), account(portfolio, LedgerAccountKind.TAXES)
    entry = JournalEntry.objects.get(portfolio=portfolio)
    balanced = [
        Posting(entry=entry, ledger_account=fees, amount=Decimal(1)),
        Posting(entry=entry, ledger_account=taxes, amount=Decimal(-1)),
    ]
    with pytest.raises(IntegrityError, match="not made in this transaction"):
        Posting.objects.bulk_create(balanced)


@pytest.mark.django_db
def test_a_posting_stays_within_its_portfolio(portfolio: Portfolio) -> None:
    strangers = account(make_portfolio(make_user("charlie@example.com")))
    with pytest.raises(IntegrityError, match="of another portfolio"), transaction.atomic():
        check_at_commit(write_entry(portfolio), (strangers, "1"), (account(portfolio), "-1"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table", ["portfolio_journalentry", "portfolio_posting", "portfolio_ledgeraccount"]
)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_history_cannot_be_changed(portfolio: Portfolio, table: str, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.django_db
def test_the_one_column_that_foreign_keys_need_cannot_be_changed_either(
    portfolio: Portfolio,
) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        JournalEntry.objects.update(note="changed")


@pytest.mark.django_db
def test_triggers_stand_behind_the_privileges(portfolio: Portfolio) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("GRANT UPDATE, DELETE, TRUNCATE ON portfolio_posting TO CURRENT_USER")
        for statement in (
            "UPDATE portfolio_posting SET amount = amount",
            "DELETE FROM portfolio_posting",
            "TRUNCATE portfolio_posting",
        ):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(statement)
        cursor.execute("REVOKE UPDATE, DELETE, TRUNCATE ON portfolio_posting FROM CURRENT_USER")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"settled": Decimal(99999)}, {"held": Decimal(-1)}, {"held": Decimal(100_001)}]
)
def test_a_balance_keeps_its_checks(portfolio: Portfolio, change: dict[str, Decimal]) -> None:
    balance = LedgerBalance.objects.get(portfolio=portfolio)
    balance.held = Decimal(100_000)
    for name, value in change.items():
        setattr(balance, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        balance.save()
