"""The library yfinance, held to our rules.

It reads Yahoo's chart pages as a browser would, with a cookie and a crumb. Left alone it follows
redirects, asks a second time with another cookie when refused, and keeps answers by their
address; here a refusal is one, and every question is asked. Its cookies lie in the data folder.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import yfinance
from curl_cffi import CurlOpt
from curl_cffi.requests import RequestsError, Response, Session
from django.conf import settings
from yfinance.data import YfData
from yfinance.exceptions import YFException, YFPricesMissingError

from integrations.http import Answer
from integrations.providers.asking import TOO_MANY, UNAUTHORIZED, refuse_status
from integrations.providers.yahoo.errors import NothingThere
from integrations.providers.yahoo.symbols import NAME
from market.intake.bar_providers import BadAnswer, ProviderUnavailable

NOTHING_THERE: Final = b"Data doesn't exist"
CHART: Final = "/v8/finance/chart/"
BAD_REQUEST: Final = 400
BROWSER: Final = "chrome"  # the library's own choice


class YahooSession(Session[Response]):
    """One way out: with a deadline, a size, no redirects, and refusals named at once."""

    def __init__(self, **options: Any) -> None:
        limit = settings.LIMITS.provider_answer_bytes
        options["curl_options"] = {
            CurlOpt.MAXFILESIZE_LARGE: limit,
            **options.get("curl_options", {}),
        }
        super().__init__(impersonate=BROWSER, trust_env=False, **options)

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Response:
        options["timeout"] = settings.LIMITS.provider_answer_seconds
        options["allow_redirects"] = False
        path = urlsplit(url).path
        is_chart = path.startswith(CHART)
        try:
            response = super().request(method, url, *args, **options)
        except RequestsError as error:
            if not is_chart:
                raise  # the library does without a cookie
            raise ProviderUnavailable(f"{NAME}: No answer: {error}") from error
        status = response.status_code
        if is_chart and status >= BAD_REQUEST and NOTHING_THERE in response.content:
            raise NothingThere(f"{NAME} has no prices of that span.")
        if status == TOO_MANY or (is_chart and status != UNAUTHORIZED):
            headers = {name.title(): value or "" for name, value in response.headers.items()}
            refuse_status(NAME, Answer(status, headers, b""), about=path.removeprefix(CHART))
        return response


@cache
def prepare() -> None:
    """Once a process: errors are raised and not logged, and nothing lies outside our folder."""
    yfinance.config.debug.hide_exceptions = False
    folder = settings.HOLDFAST_DATA / "yahoo"
    folder.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(folder))


def history(symbol: str, session: YahooSession, **wanted: Any) -> tuple[Any, str]:
    """A frame of prices not adjusted for dividends, and the currency Yahoo names.

    Raises:
        ProviderError: there is none, for whatever reason; ``NothingThere`` of that span.
    """
    prepare()
    YfData.cache_get.cache_clear()
    ticker = yfinance.Ticker(symbol, session=session)
    try:
        with warnings.catch_warnings():
            # The library is behind what pandas asks of it; nothing here can change that.
            warnings.simplefilter("ignore", DeprecationWarning)
            frame = ticker.history(auto_adjust=False, actions=True, prepost=False, **wanted)
        return frame, str(ticker.history_metadata["currency"])
    except YFPricesMissingError as error:
        # Without any word why, and with everything else of an answer, it is no failure.
        if error.yahoo_reason is None and "currency" in ticker.history_metadata:
            raise NothingThere(f"{NAME} has no prices of that span.") from error
        raise BadAnswer(f"{NAME}: {error}") from error
    except YFException as error:
        raise BadAnswer(f"{NAME}: {error}") from error
    except (RequestsError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        # The library reads without looking: what is missing or another thing ends up here.
        raise BadAnswer(f"{NAME}: the answer cannot be read: {error!r:.200}") from error
