"""Alpaca's market data into our words. Pure.

Times are RFC 3339 with up to nine places, of which ours keep six. A bar is
``{"t", "o", "h", "l", "c", "v", …}``, prices in dollars.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from market.intake.bar_providers import BadAnswer, ProvidedBar

CURRENCY: Final = "USD"
NUMBERS: Final = ("o", "h", "l", "c", "v")


def read_object(body: bytes) -> dict[str, Any]:
    """Raises:
    BadAnswer: it is no JSON object.
    """
    try:
        found = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"alpaca: the answer is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadAnswer(f"alpaca: the answer is a {type(found).__name__}, must be an object.")
    return found


def read_bars(page: Mapping[str, Any], *, symbol: str) -> list[ProvidedBar]:
    """The bars of one symbol in a page of ``/v2/stocks/bars``; none where it names none.

    Raises:
        BadAnswer: it is no such page.
    """
    by_symbol = page.get("bars")
    if by_symbol is None and "bars" in page:
        return []  # nothing traded
    if not isinstance(by_symbol, Mapping):
        raise BadAnswer("alpaca: the answer has no bars.")
    bars = by_symbol.get(symbol)
    if bars is None:
        return []
    if not isinstance(bars, list):
        raise BadAnswer("alpaca: the bars are not a list.")
    return [read_bar(bar) for bar in bars]


def read_bar(bar: Any) -> ProvidedBar:
    """Raises:
    BadAnswer: it is no bar.
    """
    if not isinstance(bar, Mapping):
        raise BadAnswer("alpaca: a bar is not an object.")
    opened, high, low, close, volume = (read_number(bar, name) for name in NUMBERS)
    return ProvidedBar(read_time(bar, "t"), opened, high, low, close, volume, CURRENCY)


def read_number(found: Mapping[str, Any], name: str) -> Decimal:
    """Raises:
    BadAnswer: there is no such field, or it is no number.
    """
    try:
        return Decimal(found[name])
    except KeyError as error:
        raise BadAnswer(f"alpaca: there is no field {error}.") from error
    except (TypeError, ValueError, InvalidOperation) as error:
        raise BadAnswer(f"alpaca: {name} cannot be read: {error}.") from error


def read_time(found: Mapping[str, Any], name: str) -> datetime:
    """In UTC.

    Raises:
        BadAnswer: there is no such field, or it is no time with an offset.
    """
    try:
        at = datetime.fromisoformat(found[name])
    except KeyError as error:
        raise BadAnswer(f"alpaca: there is no field {error}.") from error
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"alpaca: {name} cannot be read: {error}.") from error
    if at.tzinfo is None:
        raise BadAnswer(f"alpaca: {name} has no offset.")
    return at.astimezone(UTC)


def next_token(page: Mapping[str, Any]) -> str | None:
    """What to ask for the page after with; None at the end.

    Raises:
        BadAnswer: it does not say.
    """
    token = page.get("next_page_token")
    if "next_page_token" not in page or not isinstance(token, str | None):
        raise BadAnswer("alpaca: the answer does not say whether there is a next page.")
    return token or None
