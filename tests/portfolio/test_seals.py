"""The chain of hashes over the journal: made in order, and broken by whatever is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from market.models import Instrument
from portfolio.bookkeeping.entries import EntryKind
from portfolio.models import JournalEntry, JournalSeal, LedgerVerification, Portfolio
from portfolio.sealing import sealing
from portfolio.sealing.chain import GENESIS, LAYOUT, SealedLine, differences, make_seal
from portfolio.sealing.lines import LINES, sealed_lines
from portfolio.sealing.sealing import CounterBehind, seal_journal, unsealed_entries
from portfolio.sealing.verification import (
    latest_verification,
    record_verification,
    verify_ledger,
)
from tests.factories import make_instrument, make_portfolio, make_user
from tests.portfolio.factories import NOON, draft_trade, post
from tests.support.horizon import OWN_HORIZON
from tests.support.vandals import Vandal, vandal
from trading.models import OrderEntryStop


@pytest.fixture(autouse=True)
def own_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "HORIZON", OWN_HORIZON)


@pytest.fixture
def apple(transactional_db: None) -> Instrument:
    return make_instrument("AAPL")


@pytest.fixture
def portfolio(apple: Instrument) -> Portfolio:
    """Four entries in four transactions, in two seals."""
    portfolio = make_portfolio(make_user(), opened_at=NOON)
    post(draft_trade(portfolio, apple))
    seal_journal(sealed_at=NOON)
    for hour in (1, 2):
        at = NOON + timedelta(hours=hour)
        post(draft_trade(portfolio, apple, EntryKind.SELL, quantity="4", at=at))
    seal_journal(sealed_at=NOON)
    return portfolio


@pytest.fixture
def broken_books(portfolio: Portfolio) -> Iterator[Vandal]:
    with vandal() as connected:
        yield connected


def line(xid: int, text: str) -> SealedLine:
    return SealedLine(xid, 2, text)


def test_a_seal_depends_on_everything_it_covers() -> None:
    lines = [line(5, "one"), line(6, "two")]
    seal = make_seal(lines, number=1, from_xid=0, to_xid=9, previous_hash=GENESIS)
    assert (seal.entries, seal.postings, len(seal.hash)) == (2, 4, 32)
    for other in (
        make_seal(lines[::-1], number=1, from_xid=0, to_xid=9, previous_hash=GENESIS),
        make_seal(lines, number=1, from_xid=0, to_xid=8, previous_hash=GENESIS),
        make_seal(lines, number=1, from_xid=0, to_xid=9, previous_hash=seal.hash),
        make_seal([line(5, "onetwo")], number=1, from_xid=0, to_xid=9, previous_hash=GENESIS),
    ):
        assert differences(seal, other)
    assert not differences(seal, seal)


@pytest.mark.django_db(transaction=True)
def test_what_is_posted_is_sealed_once(portfolio: Portfolio) -> None:
    assert seal_journal(sealed_at=NOON) == 0
    assert list(JournalSeal.objects.order_by("number").values_list("number", "entries")) == [
        (1, 2),
        (2, 2),
    ]
    verdict = verify_ledger()
    assert (verdict.seals, verdict.entries, verdict.problems) == (2, 4, [])
    assert unsealed_entries() == 0


@pytest.mark.django_db(transaction=True)
def test_a_backlog_is_sealed_in_parts(apple: Instrument) -> None:
    portfolio = make_portfolio(make_user(), opened_at=NOON)
    for _ in range(4):
        post(draft_trade(portfolio, apple))
    assert seal_journal(sealed_at=NOON, entries_per_seal=2) == 3
    assert verify_ledger().problems == []


TAMPERINGS = [
    pytest.param(
        (
            "UPDATE portfolio_posting SET amount = amount * 2 WHERE entry_id ="
            " (SELECT id FROM portfolio_journalentry WHERE kind = 'deposit')"
        ),
        "Seal 1: an entry, a posting or the seal itself was changed.",
        id="a changed amount",
    ),
    pytest.param(
        "UPDATE portfolio_journalentry SET note = 'mine' WHERE kind = 'buy'",
        "Seal 1: an entry, a posting or the seal itself was changed.",
        id="a changed note",
    ),
    pytest.param(
        "DELETE FROM portfolio_journalentry WHERE kind = 'buy'",
        "Seal 1: 2 entries were sealed, 1 are there.",
        id="a deleted entry",
    ),
    pytest.param(
        "DELETE FROM portfolio_posting WHERE id = (SELECT max(id) FROM portfolio_posting)",
        "Seal 2:",
        id="a deleted posting",
    ),
    pytest.param(
        (
            "INSERT INTO portfolio_journalentry (id, portfolio_id, kind, external_id, body_hash,"
            " occurred_at, recorded_at, fees, taxes, currency, note, recorded_xid) SELECT"
            " gen_random_uuid(), portfolio_id, kind, 'planted', body_hash, occurred_at,"
            " recorded_at, 0, 0, currency, '', recorded_xid FROM portfolio_journalentry LIMIT 1"
        ),
        "Seal 1: 2 entries were sealed, 3 are there.",
        id="an inserted entry",
    ),
    pytest.param(
        "UPDATE portfolio_journalseal SET hash = sha256('other') WHERE number = 1",
        "Seal 1: an entry, a posting or the seal itself was changed.",
        id="a changed seal",
    ),
    pytest.param(
        "DELETE FROM portfolio_journalseal WHERE number = 1",
        "Seal 2: it does not follow the seal before it.",
        id="a deleted seal",
    ),
    pytest.param(
        "UPDATE portfolio_ledgeraccount SET kind = 'income' WHERE kind = 'equity'",
        "Seal 1: an entry, a posting or the seal itself was changed.",
        id="an account of another kind",
    ),
    *(
        pytest.param(
            f"UPDATE portfolio_journalentry SET {column} = {value} WHERE kind = 'buy'",
            "Seal 1: an entry, a posting or the seal itself was changed.",
            id=f"another {column}",
        )
        for column, value in (
            ("restates_id", "id"),
            ("settled_currency", "'EUR'"),
            ("base_rate", "1.1"),
            ("local_rate", "1.1"),
            ("source_instrument_id", "instrument_id"),
            ("cost_share", "0.5"),
            ("lots", "'[]'"),
        )
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("damage", "finding"), TAMPERINGS)
def test_tampering_is_found(
    portfolio: Portfolio, broken_books: Vandal, damage: str, finding: str
) -> None:
    broken_books.execute(damage.encode())
    problems = verify_ledger().problems
    assert any(problem.startswith(finding) for problem in problems), problems


def test_every_column_of_an_entry_is_sealed() -> None:
    columns = {field.column for field in JournalEntry._meta.concrete_fields}
    assert {one for one in columns if f"entry.{one}" not in LINES} == set()


@pytest.mark.django_db(transaction=True)
def test_a_seal_of_the_first_layout_still_holds_and_newer_ones_follow_it(
    portfolio: Portfolio, apple: Instrument, broken_books: Vandal
) -> None:
    """As they were made before ratios, rates and lots were sealed."""
    ends = list(JournalSeal.objects.order_by("number").values_list("from_xid", "to_xid"))
    previous = GENESIS
    with transaction.atomic():
        for number, (from_xid, to_xid) in enumerate(ends, start=1):
            lines = sealed_lines(from_xid=from_xid, to_xid=to_xid)
            old = make_seal(
                lines,
                number=number,
                from_xid=from_xid,
                to_xid=to_xid,
                previous_hash=previous,
                layout=1,
            )
            broken_books.execute(
                "UPDATE portfolio_journalseal SET layout = 1, previous_hash = %s, hash = %s"
                " WHERE number = %s",
                [old.previous_hash, old.hash, number],
            )
            previous = old.hash
    post(draft_trade(portfolio, apple))
    assert seal_journal(sealed_at=NOON) == 1
    assert verify_ledger().problems == []
    assert JournalSeal.objects.get(number=3).layout == LAYOUT
    broken_books.execute("UPDATE portfolio_journalseal SET layout = 2 WHERE number = 1")
    assert verify_ledger().problems == [
        "Seal 1: an entry, a posting or the seal itself was changed."
    ]


@pytest.mark.django_db(transaction=True)
def test_newest_seals_taken_away_are_found_by_a_hash_noted_before(
    portfolio: Portfolio, broken_books: Vandal
) -> None:
    noted = verify_ledger().head
    assert verify_ledger(contains=noted).problems == []
    broken_books.execute("DELETE FROM portfolio_journalseal WHERE number = 2")
    seal_journal(sealed_at=NOON + timedelta(days=1))
    assert verify_ledger().problems == []
    # Sealed anew the same entries make the same chain, so one of them goes as well.
    broken_books.execute("DELETE FROM portfolio_journalseal WHERE number = 2")
    broken_books.execute("UPDATE portfolio_journalentry SET note = 'x' WHERE kind = 'sell'")
    seal_journal(sealed_at=NOON + timedelta(days=1))
    assert verify_ledger().problems == []
    assert verify_ledger(contains=noted).problems == [f"No seal has the hash {noted.hex()}."]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_still_runs_is_left_for_a_later_seal(
    portfolio: Portfolio, apple: Instrument
) -> None:
    """Its number is lower than those of entries that commit before it."""
    posted, may_commit = threading.Event(), threading.Event()

    def post_slowly() -> None:
        try:
            with transaction.atomic():
                slow = make_portfolio(make_user("slow@example.com"), opened_at=NOON)
                post(draft_trade(slow, apple))
                posted.set()
                assert may_commit.wait(30)
        finally:
            posted.set()
            connection.close()

    slowly = threading.Thread(target=post_slowly)
    slowly.start()
    assert posted.wait(30)
    post(draft_trade(portfolio, apple))
    assert seal_journal(sealed_at=NOON) == 0
    may_commit.set()
    slowly.join(30)
    assert seal_journal(sealed_at=NOON) == 1
    assert verify_ledger().problems == []
    assert unsealed_entries() == 0
    assert sum(JournalSeal.objects.values_list("entries", flat=True)) == (
        JournalEntry.objects.count()
    )


@pytest.mark.django_db(transaction=True)
def test_two_who_seal_at_once_make_one_chain(portfolio: Portfolio, apple: Instrument) -> None:
    for _ in range(6):
        post(draft_trade(portfolio, apple))

    def seal() -> None:
        try:
            seal_journal(sealed_at=NOON, entries_per_seal=1)
        finally:
            connection.close()

    sealers = [threading.Thread(target=seal) for _ in range(3)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join(60)
    seal_journal(sealed_at=NOON)
    assert (verify_ledger().problems, unsealed_entries()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_a_counter_set_back_is_refused(portfolio: Portfolio, broken_books: Vandal) -> None:
    broken_books.execute("UPDATE portfolio_journalseal SET to_xid = 9000000000 WHERE number = 2")
    with pytest.raises(CounterBehind):
        seal_journal(sealed_at=NOON)


@pytest.mark.django_db(transaction=True)
def test_a_broken_chain_is_kept_and_stops_order_entry(
    portfolio: Portfolio, broken_books: Vandal
) -> None:
    call_command("verify_ledger", seal=True, stdout=(said := StringIO()))
    assert "2 seals over 4 entries hold; 0 entries are not sealed yet." in said.getvalue()
    broken_books.execute("UPDATE portfolio_journalentry SET note = 'x' WHERE kind = 'sell'")
    with pytest.raises(CommandError, match="1 findings in 2 seals"):
        call_command("verify_ledger", stderr=StringIO())
    latest = latest_verification()
    assert latest is not None
    assert latest.problems == ["Seal 2: an entry, a posting or the seal itself was changed."]
    assert "ledger_seals" in OrderEntryStop.objects.get(reopened_at=None).reason


@pytest.mark.django_db(transaction=True)
def test_only_the_newest_verifications_are_kept(
    portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portfolio.sealing.verification.VERIFICATIONS_KEPT", 2)
    for _ in range(4):
        record_verification(verify_ledger(), verified_at=NOON)
    assert LedgerVerification.objects.count() == 2
