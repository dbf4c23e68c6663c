"""Currencies, and the hundredths that some exchanges quote in. Pure data.

``GBX`` is a penny: 100 GBX are 1 GBP. A rate between a unit and its hundredths is fixed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

EURO: Final = "EUR"
CURRENCY_CODE: Final = re.compile(r"[A-Z]{3}")

# Code of the minor unit → its major one.
MINOR_UNITS: Final = {"GBX": "GBP", "ZAC": "ZAR", "ILA": "ILS"}
HUNDRED: Final = Decimal(100)

NAMES: Final = {
    "AUD": "Australian dollar", "BGN": "Bulgarian lev", "BRL": "Brazilian real",
    "CAD": "Canadian dollar", "CHF": "Swiss franc", "CNY": "Chinese yuan",
    "CYP": "Cypriot pound", "CZK": "Czech koruna", "DKK": "Danish krone",
    "EEK": "Estonian kroon", "EUR": "Euro", "GBP": "Pound sterling",
    "GBX": "Penny sterling", "HKD": "Hong Kong dollar", "HRK": "Croatian kuna",
    "HUF": "Hungarian forint", "IDR": "Indonesian rupiah", "ILA": "Israeli agora",
    "ILS": "Israeli shekel", "INR": "Indian rupee", "ISK": "Icelandic króna",
    "JPY": "Japanese yen", "KRW": "South Korean won", "LTL": "Lithuanian litas",
    "LVL": "Latvian lats", "MTL": "Maltese lira", "MXN": "Mexican peso",
    "MYR": "Malaysian ringgit", "NOK": "Norwegian krone", "NZD": "New Zealand dollar",
    "PHP": "Philippine peso", "PLN": "Polish złoty", "ROL": "Romanian leu (to 2005)",
    "RON": "Romanian leu", "RUB": "Russian rouble", "SEK": "Swedish krona",
    "SGD": "Singapore dollar", "SIT": "Slovenian tolar", "SKK": "Slovak koruna",
    "THB": "Thai baht", "TRL": "Turkish lira (to 2004)", "TRY": "Turkish lira",
    "USD": "US dollar", "ZAC": "South African cent", "ZAR": "South African rand",
}  # fmt: skip


def major_of(currency: str) -> str:
    """The currency that rates are published for: ``GBP`` for ``GBX``, itself for any other."""
    return MINOR_UNITS.get(currency, currency)


def units_per_major(currency: str) -> Decimal:
    """How many of it make one of its major unit: 100 for ``GBX``, 1 for ``GBP``."""
    return HUNDRED if currency in MINOR_UNITS else Decimal(1)
