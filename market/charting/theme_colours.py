"""What the names of colours mean, for those who draw a figure without our style sheet. Pure.

See also static/css/tokens.css, which a test holds this table to.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


COLOURS: Final[dict[str, tuple[str, str]]] = {  # light, dark
    "--surface": ("#ffffff", "#1c1916"),
    "--surface-raised": ("#ffffff", "#26221e"),
    "--surface-sunken": ("#f2efea", "#110f0d"),
    "--line": ("#e7e2da", "#322d27"),
    "--line-strong": ("#8f8678", "#7a7064"),
    "--text": ("#201c17", "#f2eee8"),
    "--text-muted": ("#665e53", "#aea496"),
    "--accent": ("#4640bd", "#b3b1ff"),
    "--rise": ("#0b6e47", "#57c995"),
    "--fall": ("#b3261e", "#ff8c82"),
    "--warning": ("#7d5200", "#f0bd5e"),
}


def coloured(value: Any, theme: Theme) -> Any:
    """A copy of a figure with every name of a colour replaced.

    Raises:
        KeyError: the table lacks a colour.
    """
    if isinstance(value, str):
        return COLOURS[value][theme is Theme.DARK] if value.startswith("--") else value
    if isinstance(value, list):
        return [coloured(item, theme) for item in value]
    if isinstance(value, dict):
        return {key: coloured(item, theme) for key, item in value.items()}
    return value
