"""The bank's file, from a bank on this machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event

import pytest
from pytest_django import Settings

from config.limits import Limits
from integrations.providers.ecb import DownloadedRates, read_archive
from market.currencies.rate_providers import RatesUnavailable
from market.errors import UnreadableFile
from tests.support.serving import serving

SHEET = "Date,USD,\n2026-01-09,1.25,\n"


def archive(*texts: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for number, text in enumerate(texts):
            file.writestr(f"{number}.csv", text)
    return packed.getvalue()


@dataclass
class Bank:
    url: str = ""
    status: int = 200
    body: bytes = field(default_factory=lambda: archive(SHEET))
    headers: dict[str, str] = field(default_factory=dict)
    answers: Event = field(default_factory=Event)


@pytest.fixture
def bank(settings: Settings) -> Iterator[Bank]:
    bank = Bank()
    bank.answers.set()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            bank.answers.wait(10)
            self.send_response(bank.status)
            for name, value in bank.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(bank.body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    bank.url = f"http://127.0.0.1:{server.server_port}/rates.zip"
    settings.ECB_RATES_URL = bank.url
    with serving(server):
        yield bank
        bank.answers.set()


def test_the_file_is_fetched_and_read(bank: Bank) -> None:
    (rate,) = DownloadedRates().fetch().rates
    assert (rate.currency, str(rate.per_euro)) == ("USD", "1.25")


@pytest.mark.parametrize("status", [302, 404, 429, 500, 503])
def test_anything_but_a_success_is_an_unavailable_source(bank: Bank, status: int) -> None:
    bank.status = status
    bank.headers = {"Location": bank.url}
    with pytest.raises(RatesUnavailable, match=str(status)):
        DownloadedRates().fetch()


def test_a_silent_bank_is_not_waited_for(bank: Bank, settings: Settings) -> None:
    settings.LIMITS = Limits(exchange_rate_download_seconds=1)
    bank.answers.clear()
    with pytest.raises(RatesUnavailable):
        DownloadedRates().fetch()


def test_a_file_may_be_as_long_as_the_limit_and_no_longer(bank: Bank, settings: Settings) -> None:
    size = len(bank.body)
    settings.LIMITS = Limits(exchange_rate_file_bytes=size)
    assert DownloadedRates().fetch().rates
    settings.LIMITS = Limits(exchange_rate_file_bytes=size - 1)
    with pytest.raises(RatesUnavailable, match="longer"):
        DownloadedRates().fetch()


def test_what_unpacks_to_more_than_the_limit_is_refused(settings: Settings) -> None:
    settings.LIMITS = Limits(exchange_rate_file_bytes=len(SHEET))
    assert read_archive(archive(SHEET)).rates
    with pytest.raises(UnreadableFile, match="longer"):
        read_archive(archive(SHEET + "\n"))


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", archive(), archive(SHEET, SHEET), archive(SHEET)[:60]],
    ids=["nothing", "a page", "an empty archive", "two sheets", "half an archive"],
)
def test_garbage_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read_archive(content)


def test_a_name_that_leads_to_a_refused_network_is_not_followed(
    bank: Bank, settings: Settings
) -> None:
    """As everything that leaves by ``integrations.http``."""
    settings.OWN_NETWORKS = ()
    settings.ECB_RATES_URL = bank.url.replace("127.0.0.1", "localhost")
    with pytest.raises(RatesUnavailable):
        DownloadedRates().fetch()


def test_a_bank_that_is_away_is_an_unavailable_source(settings: Settings) -> None:
    settings.ECB_RATES_URL = "http://127.0.0.1:9/"
    with pytest.raises(RatesUnavailable):
        DownloadedRates().fetch()
