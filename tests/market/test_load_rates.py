"""Exchange rates on their way in: read, added once, corrected as new versions."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from market.currencies.exchange_rates import exchange_rate
from market.currencies.rate_intake import load_rates, store_rates
from market.currencies.rate_providers import RatesUnavailable
from market.currencies.rate_sheets import PublishedRate, RateSheet, read_sheet
from market.errors import UnreadableFile
from market.models import EuroRate, EuroRateRevision
from market.tasks import load_exchange_rates

NOW = datetime(2026, 1, 10, tzinfo=UTC)
DAY = date(2026, 1, 9)
SHEET = "Date,USD,GBP,\n2026-01-09,1.25,0.8,\n2026-01-08,1.24,N/A,\n"


class Source:
    """A provider that says what it is told to."""

    def __init__(self, text: str, *, source: str = "ecb", is_authoritative: bool = True) -> None:
        self.text = text
        self.source = source
        self.is_authoritative = is_authoritative

    def fetch(self) -> RateSheet:
        if not self.text:
            raise RatesUnavailable("Nobody answered.")
        return read_sheet(self.text)


def test_a_sheet_is_read_and_absent_cells_are_none() -> None:
    sheet = read_sheet(SHEET)
    assert sheet.rates == (
        PublishedRate("USD", DAY, Decimal("1.25")),
        PublishedRate("GBP", DAY, Decimal("0.8")),
        PublishedRate("USD", date(2026, 1, 8), Decimal("1.24")),
    )
    assert sheet.refused == ()


def test_what_cannot_be_read_is_refused_with_its_line_and_the_rest_is_taken() -> None:
    sheet = read_sheet(
        "Date,USD,GBP\n2026-01-09,0,0.8\n2026-01-09,1.2,0.8\nyesterday,1,1\n2026-01-07,1\n"
        "2026-01-06,-1.2,1e3\n1998-12-31,1,1\n2026-01-05,1.25,\n"
    )
    assert [(it.line, it.code) for it in sheet.refused] == [
        (2, "bad_rate_USD"),
        (3, "bad_line"),
        (4, "bad_line"),
        (5, "bad_line"),
        (6, "bad_rate_USD"),
        (6, "bad_rate_GBP"),
        (7, "bad_line"),
    ]
    assert [(it.currency, it.on_date.day) for it in sheet.rates] == [("GBP", 9), ("USD", 5)]


@pytest.mark.parametrize("text", ["", "Date\n", "Day,USD\n", "Date,dollar\n", "Date,USD,USD\n"])
def test_what_is_no_sheet_is_refused_wholly(text: str) -> None:
    with pytest.raises(UnreadableFile):
        read_sheet(text)


@pytest.mark.django_db
def test_loading_again_adds_nothing() -> None:
    first = load_rates(Source(SHEET), clock=lambda: NOW)
    again = load_rates(Source(SHEET), clock=lambda: NOW)
    assert (first.status, first.rows_written, first.rows_unchanged) == ("completed", 3, 0)
    assert (again.rows_written, again.rows_unchanged) == (0, 3)
    assert EuroRate.objects.count() == 3


@pytest.mark.django_db
def test_a_correction_is_a_new_version_and_keeps_the_old() -> None:
    load_rates(Source(SHEET), clock=lambda: NOW)
    run = load_rates(Source(SHEET.replace("1.25", "1.26")), clock=lambda: NOW)
    assert run.notes == {"rates_corrected": 1}
    rate = EuroRate.objects.get(currency="USD", on_date=DAY)
    assert (rate.version, rate.per_euro) == (2, Decimal("1.26"))
    revision = EuroRateRevision.objects.get()
    assert (revision.version, revision.per_euro, revision.currency) == (1, Decimal("1.25"), "USD")
    assert exchange_rate("EUR", "USD", DAY).rate == Decimal("1.26")


@pytest.mark.django_db
def test_what_the_bank_says_stands_against_the_bundle_and_not_the_other_way_round() -> None:
    bundle = Source(SHEET, source="ecb-bundle", is_authoritative=False)
    load_rates(bundle, clock=lambda: NOW)
    load_rates(Source(SHEET.replace("1.25", "1.26")), clock=lambda: NOW)
    run = load_rates(bundle, clock=lambda: NOW)
    assert (run.rows_written, run.rows_unchanged) == (0, 3)
    assert exchange_rate("EUR", "USD", DAY).rate == Decimal("1.26")
    newer = Source(SHEET.replace("1.24", "1.23"), source="ecb-bundle", is_authoritative=False)
    assert load_rates(newer, clock=lambda: NOW).notes == {"rates_corrected": 1}


@pytest.mark.django_db
def test_a_source_that_does_not_answer_leaves_a_failed_run_and_the_rates() -> None:
    load_rates(Source(SHEET), clock=lambda: NOW)
    run = load_rates(Source(""), clock=lambda: NOW)
    assert (run.status, run.error) == ("failed", "Nobody answered.")
    assert load_rates(Source("nonsense"), clock=lambda: NOW).status == "failed"
    assert EuroRate.objects.count() == 3


@pytest.mark.django_db
def test_refused_cells_are_kept_with_the_run() -> None:
    run = load_rates(Source(SHEET.replace("0.8", "zero")), clock=lambda: NOW)
    assert (run.rows_read, run.rows_written, run.rows_refused) == (3, 2, 1)
    assert run.refusals.get().line == 2


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_add_each_rate_once() -> None:
    rates = read_sheet(SHEET).rates
    added: list[int] = []
    start = threading.Barrier(2)

    def load() -> None:
        start.wait()
        stored = store_rates(rates, source="ecb", is_authoritative=True, recorded_at=NOW)
        added.append(stored.added)
        connection.close()

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [0, 3]
    assert EuroRate.objects.count() == 3


@pytest.mark.django_db
def test_the_bundle_goes_back_to_the_first_day_of_the_euro() -> None:
    said = StringIO()
    call_command("load_rates", stdout=said)
    assert "0 refused" in said.getvalue()
    assert exchange_rate("EUR", "USD", date(1999, 1, 4)).rate == Decimal("1.1789")
    assert exchange_rate("USD", "JPY", date(2014, 3, 28)).rate == Decimal("102.405698089")
    assert EuroRate.objects.filter(source="ecb-bundle").count() > 200_000
    load_exchange_rates()
    assert not EuroRateRevision.objects.exists()


@pytest.mark.django_db
def test_the_command_fails_where_a_source_does(settings: Settings) -> None:
    settings.RATE_PROVIDERS = ["integrations.providers.ecb.DownloadedRates"]
    settings.ECB_RATES_URL = "file:///etc/passwd"
    with pytest.raises(CommandError, match=r"ECB_RATES_URL: .* must be http or https"):
        call_command("load_rates")
