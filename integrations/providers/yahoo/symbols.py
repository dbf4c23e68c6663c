"""What Yahoo calls an instrument: our symbol with the suffix of its exchange. Pure."""

from __future__ import annotations

from typing import Final

from market.instruments.provider_symbols import own_symbol

NAME: Final = "yahoo"
HONG_KONG: Final = "XHKG"
HONG_KONG_DIGITS: Final = 4

# https://help.yahoo.com/kb/SLN2310.html
SUFFIXES: Final = {
    "XNYS": "", "XNAS": "", "ARCX": "", "XASE": "", "BATS": "", "XTSE": ".TO", "XLON": ".L",
    "XETR": ".DE", "XFRA": ".F", "XPAR": ".PA", "XAMS": ".AS", "XBRU": ".BR", "XMIL": ".MI",
    "XMAD": ".MC", "XSWX": ".SW", "XSTO": ".ST", "XTKS": ".T", HONG_KONG: ".HK", "XASX": ".AX",
    # Yahoo's BTC-USD is ours; what trades at Tiki is nowhere else.
    "CRYP": "",
}  # fmt: skip

# What Yahoo calls hundredths; to us they are currencies of their own.
MINOR_UNITS: Final = {"GBp": "GBX", "ZAc": "ZAC", "ILA": "ILA"}


class NoSuffix(LookupError):
    """Yahoo's suffix of that exchange is not known."""


def symbol_there(symbol: str, *, mic: str, provider_symbols: str) -> str:
    """``BRK-B`` for ``BRK.B`` in New York, ``BP.L`` for ``BP.`` in London.

    Raises:
        NoSuffix: nothing is known of the exchange, and the instrument has no symbol of its own.
    """
    if own := own_symbol(provider_symbols, NAME):
        return own
    if mic not in SUFFIXES:
        raise NoSuffix(mic)
    root = symbol.rstrip(".").replace(".", "-")
    if mic == HONG_KONG and root.isdecimal():
        root = root.zfill(HONG_KONG_DIGITS)
    return root + SUFFIXES[mic]


def currency_of(code: str) -> str:
    return MINOR_UNITS.get(code, code)
