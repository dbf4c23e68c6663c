"""JSON in and out without a float: a number is the digits that were written.

``10.05`` in a body becomes ``Decimal("10.05")`` from its literal text. ``NaN``, ``Infinity`` and
numbers beyond any exponent become decimals that no field takes, so the answer can name the field.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any, Final

import orjson
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from accounts.utc_days import utc_midnight

# Longer integers stay decimals: int() takes quadratic time, and refuses 4,300 digits.
INTEGER_DIGITS: Final = 30
NUMBER: Final = re.compile(r"[+-]?(\d{1,60}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,4})?", re.ASCII)
MOMENT_LENGTH: Final = 40  # spaces around it may be any number
UNITS: Final = {places: Decimal(1).scaleb(-places) for places in (8, 10)}
WIDE: Final = Context(prec=200)
UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class RepeatedName(ValueError):
    """An object names something twice, and every reader would choose another of the two."""


class UnstorableText(ValueError):
    """A text holds a NUL or half a surrogate pair, which PostgreSQL cannot keep."""


def parse(body: bytes) -> Any:
    """Read a JSON text.

    Raises:
        ValueError: it is not JSON, names something twice, or holds text that cannot be stored.
    """
    try:
        value = json.loads(
            body,
            parse_float=read_literal,
            parse_int=read_integer,
            parse_constant=Decimal,
            object_pairs_hook=read_object,
        )
    except RecursionError:
        raise ValueError("The body is nested too deeply.") from None
    # Both can only be written as an escape.
    if b"\\u" in body and any(UNSTORABLE.search(text) for text in texts_in(value)):
        raise UnstorableText("A text holds a NUL or half a surrogate pair.")
    return value


def render(value: Any) -> bytes:
    """Write JSON. Decimals must be texts by now, so that nobody's parser makes floats of them."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise RepeatedName(f"{twice[:40]!r} is named twice in one object.")
    return found


def read_literal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what a decimal knows
        return Decimal("Infinity")


def read_integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= INTEGER_DIGITS else Decimal(text)


def texts_in(value: Any) -> Iterator[str]:
    """Every text inside, keys too. The depth is bounded: the parser has been there before."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def read_number(value: object) -> Decimal:
    """Take a JSON number or a text with one; the answer is exact and finite."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, str) and NUMBER.fullmatch(value):
        number = read_literal(value)
    else:
        found = "text" if isinstance(value, str) else type(value).__name__
        raise PydanticCustomError(
            "not_a_number", f"was a {found}, must be a number or a text with one, such as 10.05"
        )
    if not number.is_finite():
        raise PydanticCustomError("not_finite", "was not a finite number")
    return number


def sized(number: Decimal, *, whole_digits: int, places: int) -> Decimal:
    """Refuse what the column cannot hold exactly; never round."""
    if number.is_zero():
        return Decimal(0)
    if number.adjusted() >= whole_digits:
        raise PydanticCustomError(
            "too_large", f"was too large, must have at most {whole_digits} digits before the point"
        )
    # Rounded to the places in a context without bounds, it must be what it was.
    if number != number.quantize(UNITS[places], context=WIDE):
        raise PydanticCustomError(
            "too_many_places", f"had too many decimal places, must have at most {places}"
        )
    return number


def read_amount(value: object) -> Decimal:
    if isinstance(value, str):
        return _amount_of_text(value)
    return sized(read_number(value), whole_digits=18, places=10)


def read_price(value: object) -> Decimal:
    if isinstance(value, str):
        return _price_of_text(value)
    return sized(read_number(value), whole_digits=12, places=8)


# The rows of a broker's file have few quantities, charges and days; what is refused is not kept,
# so that all that is kept is short.
@lru_cache(maxsize=8192)
def _amount_of_text(text: str) -> Decimal:
    return sized(read_number(text), whole_digits=18, places=10)


@lru_cache(maxsize=8192)
def _price_of_text(text: str) -> Decimal:
    return sized(read_number(text), whole_digits=12, places=8)


def read_moment(value: object) -> datetime:
    """Take RFC 3339 with an offset, or a date for its first moment in UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise not_a_time()
    return _moment_of_text(value) if len(value) <= MOMENT_LENGTH else moment_of_text(value)


def not_a_time() -> PydanticCustomError:
    return PydanticCustomError(
        "not_a_time", "must be a time with an offset, such as 2025-01-31T15:30:00Z, or a date"
    )


def moment_of_text(value: str) -> datetime:
    # A plus sign that was not escaped in an address arrives as a space.
    text = re.sub(r" (?=\d\d:?\d\d$)", "+", value.strip()) if "T" in value.upper() else value
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return utc_midnight(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise not_a_time()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise not_a_time() from None


_moment_of_text: Final = lru_cache(maxsize=8192)(moment_of_text)


# Units or money: 18 digits before the point, 10 behind it.
AmountIn = Annotated[
    Decimal, BeforeValidator(read_amount), Field(json_schema_extra={"format": "decimal"})
]
# Per unit: 12 digits before the point, 8 behind it.
PriceIn = Annotated[
    Decimal, BeforeValidator(read_price), Field(json_schema_extra={"format": "decimal"})
]
MomentIn = Annotated[datetime, BeforeValidator(read_moment)]
