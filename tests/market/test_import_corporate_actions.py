"""Files of dividends and splits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import AuditEvent
from config.limits import Limits
from market.corporate_actions.action_imports import import_actions
from market.corporate_actions.facts import ActionChange
from market.errors import UnreadableFile
from market.models import CorporateAction, CorporateActionRevision, IngestionRun
from market.sample import FOLDER
from market.signals import corporate_actions_changed
from tests.market.factories import make_instrument

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 5, tzinfo=UTC)
FILE = (
    "symbol,ex_date,amount_per_share,ratio_from,ratio_to,pay_date,is_in_history\n"
    "AAPL,2020-02-07,0.77,,,2020-02-13,\n"
    "AAPL,2020-08-31,,1,4,,\n"
    "XNYS:IBM,2020-02-07,1.62,,,,\n"
)


@pytest.fixture(autouse=True)
def instruments() -> None:
    make_instrument("AAPL")
    make_instrument("IBM")


def take(text: str) -> IngestionRun:
    return import_actions(text.encode(), name="f.csv", source="file", imported_at=NOW)


def test_dividends_and_splits_are_taken_in_and_told_at_once() -> None:
    told: list[tuple[ActionChange, ...]] = []

    def receive(changes: tuple[ActionChange, ...], **_: Any) -> None:
        told.append(changes)

    corporate_actions_changed.connect(receive)
    try:
        run = take(FILE)
    finally:
        corporate_actions_changed.disconnect(receive)
    assert (run.status, run.rows_read, run.rows_written, run.rows_refused) == ("completed", 3, 3, 0)
    split = CorporateAction.objects.get(kind="split")
    assert (split.ratio_from, split.ratio_to, split.is_in_history) == (1, 4, True)
    dividend = CorporateAction.objects.get(instrument__symbol="AAPL", kind="dividend")
    assert (dividend.amount_per_share, dividend.currency) == (Decimal("0.77"), "USD")
    assert dividend.pay_date is not None
    (changes,) = told
    assert len(changes) == 3
    event = AuditEvent.objects.get(action="corporate_actions.imported")
    assert event.after == {"file": "f.csv", "added": 3, "corrected": 0}


def test_the_same_file_again_writes_nothing() -> None:
    take(FILE)
    run = take(FILE)
    assert (run.rows_written, run.rows_unchanged) == (0, 3)
    assert AuditEvent.objects.filter(action="corporate_actions.imported").count() == 1


def test_another_amount_corrects() -> None:
    take(FILE)
    run = take(FILE.replace("0.77", "0.1925"))
    assert (run.rows_written, run.rows_unchanged) == (1, 2)
    action = CorporateAction.objects.get(instrument__symbol="AAPL", kind="dividend")
    assert (action.version, action.amount_per_share) == (2, Decimal("0.1925"))
    assert CorporateActionRevision.objects.get().facts["amount_per_share"] == "0.77"


def test_lines_that_cannot_be_taken_are_kept_with_their_reason() -> None:
    make_instrument("AAPL", mic="XNAS")
    run = take(
        "symbol,kind,ex_date,amount_per_share,ratio_from,ratio_to,is_in_history\n"
        "NOPE,,2020-02-07,1,,,\n"
        "AAPL,,2020-02-07,1,,,\n"
        "IBM,,2020-13-07,1,,,\n"
        "IBM,,2020-02-07,much,,,\n"
        "IBM,,2020-02-07,-1,,,\n"
        "IBM,merger,2020-02-07,1,,,\n"
        "IBM,,2020-02-07,,1.5,2,\n"
        "IBM,,2020-02-07,,1,2,maybe\n"
        "IBM,,2020-02-07\n"
        "\n"
        "IBM,special_dividend,2020-02-07,1,,,\n"
        "IBM,special_dividend,2020-02-07,2,,,\n"
    )
    assert [(it.line, it.code) for it in run.refusals.order_by("line")] == [
        (2, "unknown_symbol"),
        (3, "ambiguous_symbol"),
        (4, "bad_date"),
        (5, "bad_amount"),
        (6, "out_of_range"),
        (7, "unknown_kind"),
        (8, "bad_ratio"),
        (9, "bad_flag"),
        (10, "missing"),
        (13, "duplicate"),
    ]
    assert (run.rows_written, run.rows_refused, run.rows_read) == (1, 10, 11)


@pytest.mark.parametrize(
    "content",
    [b"", b"symbol,ex_date\n", b"ex_date,amount_per_share\n", b"\xff\xfe", b'symbol,ex_date,"a\n'],
)
def test_what_is_no_such_file_is_refused_wholly(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        import_actions(content, name="f.csv", source="file", imported_at=NOW)
    assert not IngestionRun.objects.exists()


def test_a_file_may_be_as_long_as_the_limit(settings: Settings) -> None:
    settings.LIMITS = Limits(corporate_action_file_bytes=len(FILE))
    assert take(FILE).rows_written == 3
    with pytest.raises(UnreadableFile, match="bigger"):
        take(FILE + "\n")


def test_the_command_says_what_became_of_each_line(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text(FILE + "NOPE,2020-02-07,1,,,,\n")
    said = StringIO()
    call_command("import_corporate_actions", str(file), stdout=said)
    assert "4 rows read, 3 written, 0 unchanged, 1 refused." in said.getvalue()
    assert "line 5: unknown_symbol" in said.getvalue()
    with pytest.raises(CommandError, match="no file"):
        call_command("import_corporate_actions", str(tmp_path / "none.csv"))
    file.write_text("nonsense")
    with pytest.raises(CommandError, match="lacks the columns"):
        call_command("import_corporate_actions", str(file))


def test_every_line_of_the_sample_makes_a_dividend() -> None:
    text = (FOLDER / "dividends.csv").read_text()
    symbols = {line.partition(",")[0] for line in text.splitlines()[1:]} - {"AAPL", "IBM"}
    for symbol in symbols:
        make_instrument(symbol)
    run = take(text)
    assert (run.rows_written, run.rows_refused) == (498, 0)


def test_a_split_to_come_is_in_no_price_unless_a_file_says_what_cannot_be() -> None:
    head = "symbol,ex_date,ratio_from,ratio_to,is_in_history\n"
    run = take(f"{head}AAPL,2099-01-05,1,4,\nIBM,2099-01-05,1,4,true\n")
    assert CorporateAction.objects.get(instrument__symbol="AAPL").is_in_history is False
    assert [row.code for row in run.refusals.all()] == ["not_yet"]
