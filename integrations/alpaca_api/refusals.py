"""Failures in Alpaca's words: an HTTP status, a code of eight digits, a message. Pure.

The code is the status and five digits of Alpaca's own, as its client and programs know them.
Source: docs.alpaca.markets, and what alpaca-py 0.44.0 was seen to expect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from accounts.errors import Problem
from trading.pretrade import SELF_MATCH

# Codes of ours, and the status and code that Alpaca answers for the same.
BY_CODE: Final[Mapping[str, tuple[int, int]]] = {
    "unauthenticated": (401, 40110000),
    "order_denied": (422, 42210000),
    "order_finished": (422, 42210000),
    "order_not_cancelable": (422, 42210000),
    "duplicate_client_order_id": (422, 40010001),
    "invalid": (422, 40010001),
    "invalid_request": (422, 40010001),
    "malformed_body": (400, 40010000),
    "rate_limited": (429, 42910000),
}
# Problems of an order that say there is not enough of something, and all that Alpaca answers 403.
SHORT_OF_UNITS: Final = "insufficient_units"
TOO_LITTLE: Final = frozenset({"insufficient_buying_power", SHORT_OF_UNITS})
FORBIDDEN: Final = TOO_LITTLE | {SELF_MATCH}  # the last in its words a potential wash trade
OPPOSITE_EXISTS: Final = "opposite side limit order exists"
SUFFIX: Final = 100_000
USUAL: Final = 10_000


def is_short_of_units(problems: Iterable[Problem]) -> bool:
    return any(one.code == SHORT_OF_UNITS for one in problems)


def order_refusal(problems: Iterable[Problem]) -> tuple[int, dict[str, Any]]:
    """The status and body for an order that was refused for these problems."""
    return refusal(422, {"code": "order_denied", "errors": [asdict(one) for one in problems]})


def refusal(status: int, problem: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and body for a failure that stands as problem+json."""
    code = str(problem.get("code", ""))
    errors = problem.get("errors") or []
    message = " ".join(str(error.get("message", "")) for error in errors)
    message = message or str(problem.get("detail") or problem.get("title") or "")
    if any(error.get("code") in FORBIDDEN for error in errors):
        status, number = 403, 40310000
    elif code in BY_CODE:
        status, number = BY_CODE[code]
    else:
        number = status * SUFFIX + USUAL
    return status, {"code": number, "message": message}
