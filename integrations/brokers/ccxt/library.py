"""The library ccxt, asked over our own line.

It is loaded when the first exchange is spoken to, as that takes seconds and much memory. Of its
own it opens no connection: what it asks goes over the line, once, and paced as the library tells.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from integrations.brokers.line import SERVER_ERROR, TIMED_OUT, Line, read_json
from integrations.brokers.pacing import TOO_MANY, Pace
from integrations.http import Answer
from trading.broker_errors import (
    BadBrokerAnswer,
    BrokerBusy,
    BrokerError,
    BrokerTimedOut,
    BrokerUnavailable,
    DefiniteBrokerError,
    NotSupported,
    PermissionMissing,
    RequestInvalid,
    SignInNeeded,
    SymbolUnknown,
)

Found = TypeVar("Found")

BURST: Final = 30  # questions of the least weight
BUSY_SECONDS: Final = 60
REFUSED: Final = 400
# Not written by us: the library puts them in.
DROPPED: Final = frozenset({"accept-encoding", "content-length", "host", "connection"})
# What an answer must have at its top; the library takes an object without it for an empty one.
ENVELOPES: Final = {
    "bitget": "data",
    "bybit": "result",
    "cryptocom": "result",
    "kraken": "result",
    "kucoin": "data",
    "okx": "data",
}
# Classes of the library and what they are to us; the first that fits.
ERRORS: Final[tuple[tuple[str, type[BrokerError]], ...]] = (
    ("PermissionDenied", PermissionMissing),
    ("AuthenticationError", SignInNeeded),
    ("InvalidNonce", BrokerUnavailable),
    ("RequestTimeout", BrokerTimedOut),
    ("NetworkError", BrokerUnavailable),
    ("NotSupported", NotSupported),
    ("BadSymbol", SymbolUnknown),
    ("BadResponse", BadBrokerAnswer),
    ("BaseError", RequestInvalid),
)
# What its parsers raise where an answer is not what they know.
UNREAD: Final = (TypeError, KeyError, ValueError, AttributeError, IndexError, ArithmeticError)
# The library's own would write keys and signatures.
SILENT: Final = logging.getLogger("holdfast.ccxt")
SILENT.setLevel(logging.CRITICAL)
ANY: Final = Pace("all", 1, 1)


def exchange_names() -> tuple[str, ...]:
    """Every exchange of the library, without loading it."""
    found = find_spec("ccxt")
    places = found.submodule_search_locations if found else None
    return tuple(sorted(one.name for one in iter_modules(places) if not one.ispkg))


class Refusal(DefiniteBrokerError):
    """An answer that the library judges: it knows the exchange's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("")
        self.answer = answer


class Jar(dict[str, str]):
    """Cookies, of which none are kept."""


@dataclass
class Wire:
    """Stands where the library has a session of ``requests``."""

    line: Line
    exchange: str
    pace: Pace = ANY
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Jar = field(default_factory=Jar)

    def request(self, method: str, url: str, **more: Any) -> Any:
        """Raises:
        BrokerError: no answer, or one that is no business of the library's.
        """
        given = {
            name: str(value)
            for name, value in (more.get("headers") or {}).items()
            if name.lower() not in DROPPED
        }
        # An operator's gateway takes the place of whatever host the library names.
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            answer = self.line.ask(
                method,
                path if self.line.url else url,
                pace=self.pace,
                headers=given,
                body=more.get("data") or b"",
                judge=pass_on,
            )
        except Refusal as refusal:
            answer = refusal.answer
        else:
            self.check(answer)
        return as_response(answer)

    def check(self, answer: Answer) -> None:
        """Raises:
        BadBrokerAnswer: a success that the library would take for nothing at all.
        """
        found = read_json(answer, title=self.line.title)
        needed = ENVELOPES.get(self.exchange)
        is_whole = isinstance(found, dict) and (needed in found or "error" in found)
        if not isinstance(found, dict | list) or (needed and not is_whole):
            raise BadBrokerAnswer(f"{self.line.title}: the answer is not in its usual form.")

    def close(self) -> None:
        """There is nothing to close."""


def pass_on(answer: Answer) -> BrokerError | None:
    is_its_own = REFUSED <= answer.status < SERVER_ERROR
    return Refusal(answer) if is_its_own and answer.status not in (TOO_MANY, TIMED_OUT) else None


def as_response(answer: Answer) -> Any:
    """As the library gets it from ``requests``."""
    requests = import_module("requests")
    made = requests.Response()
    made.status_code, made.reason = answer.status, ""
    made.headers.update(answer.headers)
    made._content = answer.body  # it has no other door for a body in hand
    return made


@dataclass
class Exchange:
    """One exchange of the library, signed for by the owner's keys."""

    line: Line
    name: str
    made: Any  # of the library

    def call(self, method: str, *args: Any) -> Any:
        """Ask by one of the library's methods, again where the answer was lost.

        Raises:
            BrokerError: what became of it.
        """
        return self.line.again(lambda: self._judged(method, args))

    def _judged(self, method: str, args: tuple[Any, ...]) -> Any:
        library = import_module("ccxt")
        try:
            return getattr(self.made, method)(*args)
        except library.BaseError as error:
            raise self.translated(error, library) from None
        except UNREAD as error:
            raise BadBrokerAnswer(
                f"{self.line.title}: {self.name} cannot be read: {type(error).__name__}."
            ) from error

    def translated(self, error: Exception, library: Any) -> BrokerError:
        """Addresses are left out: what follows their question mark may be signed."""
        text = re.sub(r"\?\S*", "?…", " ".join(str(error).split()))[:200]
        said = f"{self.line.title}: {type(error).__name__}: {text}"
        if isinstance(error, library.RateLimitExceeded | library.DDoSProtection):
            return BrokerBusy(said, retry_after_seconds=BUSY_SECONDS)
        kind = next(ours for name, ours in ERRORS if isinstance(error, getattr(library, name)))
        return kind(said)

    def has(self, feature: str) -> bool:
        return bool(self.made.has.get(feature))

    def takes_until(self, method: str) -> bool:
        """Whether its documentation says that a method can be told where to end."""
        return "params.until" in (getattr(self.made, method).__doc__ or "")


def exchange_of(line: Line, name: str, credentials: Mapping[str, str]) -> Exchange:
    """Raises:
    RequestInvalid: the library has none of that name.
    """
    if name not in exchange_names():
        raise RequestInvalid(f"{line.title} has no exchange {name[:40]!r}.")
    library = import_module("ccxt")
    wire = Wire(line, name)
    made = getattr(library, name)(
        {
            "apiKey": credentials["api_key"],
            "secret": credentials["api_secret"],
            "password": credentials.get("password") or None,
            "uid": credentials.get("uid") or None,
            "session": wire,
            "number": str,  # exact, where the library's own would be a float
            "logger": SILENT,
        }
    )

    def note_weight(cost: float | None = None) -> None:
        """In place of the library's own waiting."""
        weight = cost or 1
        seconds = BURST * made.rateLimit / 1000
        wire.pace = Pace("all", max(1, round(BURST / weight)), max(seconds, 0.1))

    made.throttle = note_weight
    made.sign = signing(made.sign, line.title)
    return Exchange(line, name, made)


def signing(sign: Callable[..., Found], title: str) -> Callable[..., Found]:
    def signed(*args: Any, **more: Any) -> Found:
        try:
            return sign(*args, **more)
        except ValueError:
            # A secret that is not in the exchange's form; its text is not repeated.
            raise SignInNeeded(f"{title}: the keys cannot be used to sign.") from None

    return signed
