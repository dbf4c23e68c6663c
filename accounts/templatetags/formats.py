"""Numbers and times as people read them, by the locale.

A rise carries ``+``, a fall the minus sign ``−`` (U+2212). Halves round away from zero, as the
browser's ``Intl`` does where the script shows a newer figure. ``None`` reads "no price", or a
dash where nothing is missing but there is nothing to say.

What is made of digits and signs alone is marked as safe, because pages hold thousands of numbers
and to look for markup in each takes a tenth of their time. A currency is not: its code is data.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any, Final

from django import template
from django.utils import timezone
from django.utils.formats import get_format, number_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

NO_PRICE: Final = SafeString("no price")
DASH: Final = SafeString("–")
RISE, FALL, FLAT = SafeString("rise"), SafeString("fall"), SafeString("flat")
MINUS: Final = "−"
CURRENCY_SIGNS: Final = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "VND": "₫",
    "CHF": "CHF ", "CAD": "CA$", "AUD": "A$", "HKD": "HK$", "SGD": "S$", "KRW": "₩",
}  # fmt: skip
WHOLE_CURRENCIES: Final = frozenset({"JPY", "KRW", "VND"})
PRICE_PLACES: Final = 2
PLACES_MAXIMUM: Final = 10


@register.filter
def money(value: Decimal | None, currency: str = "") -> str:
    """An amount in its currency: ``$1,234.50``; a fall reads ``−$1,234.50``."""
    if value is None:
        return NO_PRICE
    return _money(value, currency, positive="")


@register.filter
def money_whole(value: Decimal, currency: str = "") -> str:
    """An amount as an axis shows it: whole where it is, else with its places."""
    return _money(value, currency, positive="", places=min(2, _places_of(value)))


@register.filter
def signed(value: Decimal | None, currency: str = "") -> str:
    """A change of an amount, its sign always shown: ``+$12.00``. Nothing is ``$0.00``."""
    if value is None:
        return NO_PRICE
    return _money(value, currency, positive="+")


@register.filter
def price(value: Decimal | None, places: int | None = None) -> str:
    """A price without its currency: two places, more where the price has more."""
    if value is None:
        return NO_PRICE
    if places is None:
        places = max(PRICE_PLACES, _places_of(value))
    return _number(value, places)


@register.filter
def price_or_dash(value: Decimal | None) -> str:
    """As ``price``, for a price that an order need not have."""
    return DASH if value is None else price(value)


@register.filter
def quantity(value: Decimal | None) -> str:
    """Units, grouped, without needless zeros: ``1,250`` or ``0.125``."""
    return DASH if value is None else _number(value, _places_of(value))


@register.filter
def percent(value: Decimal | None, places: int = 2) -> str:
    """A percentage that is already times a hundred: ``12.50%``."""
    return DASH if value is None else _digits(f"{_number(value, places)}%")


@register.filter
def signed_percent(value: Decimal | None, places: int = 2) -> str:
    """A change in percent, its sign always shown: ``+1.20%``."""
    return DASH if value is None else _digits(f"{_number(value, places, positive='+')}%")


@register.filter
def signed_price(value: Decimal | None) -> str:
    """A change of a price, its sign always shown, at least two places: ``+1.25``."""
    if value is None:
        return DASH
    return _number(value, max(PRICE_PLACES, _places_of(value)), positive="+")


@register.filter
def signed_tenths(value: Decimal) -> str:
    """A change with one place and its sign, where the column says the unit: ``+1.2``."""
    return _number(value, 1, positive="+")


@register.filter
def coordinate(value: float) -> str:
    """A place in a drawing, which no locale may word: ``12.5``."""
    return f"{value:.1f}"


@register.filter
def direction(value: Decimal | None) -> str:
    """The class of a change: ``rise``, ``fall`` or ``flat``."""
    if value is None or value == 0:
        return FLAT
    return RISE if value > 0 else FALL


@register.filter
def plain(value: Decimal | None) -> str:
    """The exact number for a program: no grouping, exponent or needless zeros."""
    if value is None:
        return ""
    return _digits(f"{value.normalize() + 0:f}")


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in the largest whole unit: ``12 s``, ``3 min``, ``2 h``, ``5 d``."""
    if moment is None:
        return DASH
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    for unit_seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} s"


@register.filter
def theme(cookie: Any) -> str:
    """The theme that a cookie asks for, ``auto`` when it asks for nothing we have."""
    return cookie if cookie in ("light", "dark") else "auto"


def money_places(currency: str) -> int:
    """Decimal places that amounts of a currency are shown with."""
    return 0 if currency in WHOLE_CURRENCIES else 2


def _money(
    value: Decimal, currency: str, *, positive: str, places: int | None = None
) -> SafeString:
    if places is None:
        places = money_places(currency)
    number = _number(value, places, positive=positive)
    sign = number[0] if number[0] in (MINUS, "+") else ""
    return _digits(f"{sign}{_unit_of(currency)}{number.removeprefix(sign)}")


def _number(value: Decimal, places: int, *, positive: str = "") -> SafeString:
    rounded = Decimal(value).quantize(_unit(places), rounding=ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else positive if rounded > 0 else ""
    if _is_written_as_in_python(get_language()):
        return _digits(f"{sign}{abs(rounded):,f}")
    return _digits(sign + number_format(abs(rounded), decimal_pos=places, force_grouping=True))


def _digits(text: str) -> SafeString:
    """Nothing in it came from anybody but a number, or was escaped."""
    return SafeString(text)  # nosec B703


@lru_cache(maxsize=1_000)
def _unit_of(currency: str) -> SafeString:
    return escape(CURRENCY_SIGNS.get(currency, f"{currency} " if currency else ""))


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


@cache
def _is_written_as_in_python(language: str | None) -> bool:
    """Whether people of a language write ``1,234.5``, which Python can do sooner."""
    wanted = {"DECIMAL_SEPARATOR": ".", "THOUSAND_SEPARATOR": ",", "NUMBER_GROUPING": 3}
    return all(get_format(name, language) == value for name, value in wanted.items())


def _places_of(value: Decimal) -> int:
    """Decimal places that the number needs, at most ten."""
    exponent = value.normalize().as_tuple().exponent
    return min(PLACES_MAXIMUM, max(0, -int(exponent)))
