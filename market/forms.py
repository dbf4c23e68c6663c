"""What people type into the market's pages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from django import forms

from market.chart_figures import (
    WantedChart,
    compared_instruments,
    known_zone,
    wanted_indicators,
)
from market.charting.indicator_choice import Indicator
from market.corporate_actions.adjustment import WORDS, Adjustment
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.models.watchlists import NOTE_CHARACTERS
from market.values import Interval

SYMBOLS_AT_ONCE_MAXIMUM: Final = 200
SYMBOL_CHARACTERS_MAXIMUM: Final = 30
MOMENT_MAXIMUM: Final = 4_102_444_800  # seconds since 1970: the year 2100
SEPARATORS: Final = re.compile(r"[\s,;]+")


class InstrumentSearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=80, label="Symbol, name or ISIN")


class WatchlistNameForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")


class SymbolsForm(forms.Form):
    """Symbols as pasted: one per line, or parted by spaces, commas or semicolons."""

    symbols = forms.CharField(
        label="Add symbols",
        max_length=8_000,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": "AAPL, MSFT, XNYS:IBM", "spellcheck": "false"}
        ),
        error_messages={"required": "Give at least one symbol."},
    )

    def clean_symbols(self) -> list[str]:
        """The symbols, each once, in the order given."""
        words = SEPARATORS.split(self.cleaned_data["symbols"].strip().upper())
        symbols = list(dict.fromkeys(word for word in words if word))
        if not symbols:
            raise forms.ValidationError("Give at least one symbol.")
        if len(symbols) > SYMBOLS_AT_ONCE_MAXIMUM:
            raise forms.ValidationError(
                f"There were {len(symbols)} symbols; at most {SYMBOLS_AT_ONCE_MAXIMUM} go at once."
            )
        if long := [word for word in symbols if len(word) > SYMBOL_CHARACTERS_MAXIMUM]:
            raise forms.ValidationError(f"“{long[0][:40]}” is too long for a symbol.")
        return symbols


class ItemOrderForm(forms.Form):
    """An instrument of a list and where it goes: up or down by one, or to a place."""

    up = forms.CharField(required=False, max_length=SYMBOL_CHARACTERS_MAXIMUM)
    down = forms.CharField(required=False, max_length=SYMBOL_CHARACTERS_MAXIMUM)
    symbol = forms.CharField(required=False, max_length=SYMBOL_CHARACTERS_MAXIMUM)
    position = forms.IntegerField(required=False, min_value=0)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        has_place = given.get("symbol") and given.get("position") is not None
        if not (given.get("up") or given.get("down") or has_place):
            raise forms.ValidationError("Say what is to be moved, and where to.")
        return given


class NoteForm(forms.Form):
    symbol = forms.CharField(max_length=SYMBOL_CHARACTERS_MAXIMUM, widget=forms.HiddenInput)
    note = forms.CharField(
        required=False,
        max_length=NOTE_CHARACTERS,
        label="Note",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class RemovedItemForm(forms.Form):
    """What an instrument had on a list that it is put back on."""

    position = forms.IntegerField(required=False, min_value=0)
    note = forms.CharField(required=False, max_length=NOTE_CHARACTERS)


class ChartForm(forms.Form):
    """Which candles to draw. What is left out or unknown to us takes its default."""

    interval = forms.ChoiceField(
        required=False, choices=[(interval.value, interval.value) for interval in Interval]
    )
    adjusted = forms.ChoiceField(required=False, choices=[(word, word) for word in WORDS])
    indicators = forms.CharField(required=False, max_length=200)
    compare = forms.CharField(required=False, max_length=200)
    start = forms.IntegerField(required=False, min_value=0, max_value=MOMENT_MAXIMUM)
    end = forms.IntegerField(required=False, min_value=0, max_value=MOMENT_MAXIMUM)
    timezone = forms.CharField(required=False, max_length=64)

    def clean_interval(self) -> Interval:
        return Interval(self.cleaned_data["interval"] or Interval.DAY)

    def clean_adjusted(self) -> Adjustment:
        return WORDS[self.cleaned_data["adjusted"] or "splits"]

    def clean_indicators(self) -> Sequence[Indicator]:
        try:
            return wanted_indicators(self.cleaned_data["indicators"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_compare(self) -> Sequence[Instrument]:
        try:
            return compared_instruments(self.cleaned_data["compare"])
        except (ValueError, UnknownSymbol, AmbiguousSymbol) as error:
            raise forms.ValidationError(str(error)) from error

    def clean_start(self) -> datetime | None:
        return self._moment("start")

    def clean_end(self) -> datetime | None:
        return self._moment("end")

    def clean_timezone(self) -> tzinfo | None:
        """The viewer's zone; None where the browser names none that we know."""
        return known_zone(self.cleaned_data["timezone"])

    def to_wanted(self) -> WantedChart:
        given = self.cleaned_data
        return WantedChart(
            interval=given["interval"],
            adjusted=given["adjusted"],
            viewer_zone=given["timezone"],
            indicators=given["indicators"],
            compared=given["compare"],
            start=given["start"],
            end=given["end"],
        )

    def _moment(self, name: str) -> datetime | None:
        """Seconds since 1970, as figures carry them."""
        seconds = self.cleaned_data[name]
        return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
