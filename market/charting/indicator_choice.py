"""Which indicators a chart shows: ``sma:20,ema:50,bb:20,rsi:14,macd``. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LENGTH_MINIMUM: Final = 2
FORM: Final = re.compile(r"([a-z]+)(?::([0-9]{1,6}))?")


class IndicatorKind(StrEnum):
    SIMPLE_AVERAGE = "sma"
    EXPONENTIAL_AVERAGE = "ema"
    BANDS = "bb"
    STRENGTH = "rsi"
    CONVERGENCE = "macd"

    @property
    def has_pane(self) -> bool:
        """Whether it stands below the prices on an axis of its own."""
        return self in {IndicatorKind.STRENGTH, IndicatorKind.CONVERGENCE}


USUAL_LENGTHS: Final = {
    IndicatorKind.SIMPLE_AVERAGE: 20,
    IndicatorKind.EXPONENTIAL_AVERAGE: 50,
    IndicatorKind.BANDS: 20,
    IndicatorKind.STRENGTH: 14,
}
NAMES: Final = {
    IndicatorKind.SIMPLE_AVERAGE: "SMA",
    IndicatorKind.EXPONENTIAL_AVERAGE: "EMA",
    IndicatorKind.BANDS: "Bollinger",
    IndicatorKind.STRENGTH: "RSI",
    IndicatorKind.CONVERGENCE: "MACD 12, 26, 9",
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator; ``length`` in bars, None where the kind has fixed lengths."""

    kind: IndicatorKind
    length: int | None

    @property
    def key(self) -> str:
        """As ``parse_indicators`` reads it."""
        return str(self.kind) if self.length is None else f"{self.kind}:{self.length}"

    @property
    def label(self) -> str:
        name = NAMES[self.kind]
        return name if self.length is None else f"{name} {self.length}"


# What the page offers.
OFFERED: Final = (
    Indicator(IndicatorKind.SIMPLE_AVERAGE, 20),
    Indicator(IndicatorKind.SIMPLE_AVERAGE, 200),
    Indicator(IndicatorKind.EXPONENTIAL_AVERAGE, 50),
    Indicator(IndicatorKind.BANDS, 20),
    Indicator(IndicatorKind.STRENGTH, 14),
    Indicator(IndicatorKind.CONVERGENCE, None),
)


def parse_indicators(text: str, *, most: int, length_maximum: int) -> Sequence[Indicator]:
    """Read a list parted by commas; each once, in the order given.

    Raises:
        ValueError: one is not known, its length is not allowed, or there are too many; the
            message is meant for whoever asked.
    """
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    found = list(dict.fromkeys(_parse(word, length_maximum) for word in words))
    if len(found) > most:
        raise ValueError(f"There were {len(found)} indicators; a chart shows at most {most}.")
    return found


def _parse(word: str, length_maximum: int) -> Indicator:
    form = FORM.fullmatch(word)
    if form is None or form[1] not in set(IndicatorKind):
        known = ", ".join(IndicatorKind)
        raise ValueError(f"“{word[:30]}” is no indicator; known are {known}, as in sma:20.")
    kind = IndicatorKind(form[1])
    if kind not in USUAL_LENGTHS:
        if form[2] is not None:
            raise ValueError(f"{kind} takes no length; it was given {form[2]}.")
        return Indicator(kind, None)
    length = USUAL_LENGTHS[kind] if form[2] is None else int(form[2])
    if not LENGTH_MINIMUM <= length <= length_maximum:
        raise ValueError(
            f"The length of {kind} was {length}, must be {LENGTH_MINIMUM} to {length_maximum}."
        )
    return Indicator(kind, length)
