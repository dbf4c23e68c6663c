"""What people type to be told of something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms

from accounts.problem_forms import ProblemForm
from market.alerts.kinds import DIRECTION_CHOICES, KIND_CHOICES, AlertKind, Direction
from market.alerts.terms import (
    DEFAULT_COOLDOWN_SECONDS,
    INTERVALS,
    NOTE_CHARACTERS,
    AlertTerms,
    Condition,
    only_used,
)
from market.forms import SYMBOL_CHARACTERS_MAXIMUM
from market.models import Alert
from market.values import Interval, plain

COOLDOWNS: Final = (
    (60, "a minute"),
    (300, "5 minutes"),
    (3_600, "an hour"),
    (24 * 3_600, "a day"),
    (7 * 24 * 3_600, "a week"),
)
DECIMAL_INPUT: Final = {"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"}
AVERAGES, INDICATORS = "sma_cross", "sma_cross rsi_above rsi_below"


def for_kinds(kinds: str) -> dict[str, str]:
    """Marks a field that only these kinds use; the script hides it for the others."""
    return {"data-kinds": kinds}


class AlertForm(ProblemForm):
    """A condition and what follows. What the chosen kind has no use for is left aside."""

    symbol = forms.CharField(
        max_length=SYMBOL_CHARACTERS_MAXIMUM,
        label="Instrument",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(label="When", choices=KIND_CHOICES)
    threshold = forms.DecimalField(
        required=False,
        max_digits=28,
        help_text="A price in the instrument's currency, percent, or an RSI from 0 to 100. "
        "A loss or a fall is a negative percentage.",
        widget=forms.TextInput(
            attrs=DECIMAL_INPUT
            | for_kinds("price_above price_below change_pct rsi_above rsi_below holding_gain_pct")
        ),
        error_messages={"invalid": "This is not a number."},
    )
    direction = forms.ChoiceField(
        required=False, choices=DIRECTION_CHOICES, widget=forms.Select(attrs=for_kinds(AVERAGES))
    )
    fast_length = forms.IntegerField(
        required=False,
        label="What crosses, in bars",
        help_text="1 is the price itself, more an average of its own.",
        widget=forms.NumberInput(attrs=for_kinds(AVERAGES) | {"placeholder": "1"}),
    )
    length = forms.IntegerField(
        required=False,
        label="Length, in bars",
        help_text="20 for an average and 14 for RSI unless you say otherwise.",
        widget=forms.NumberInput(attrs=for_kinds(INDICATORS)),
    )
    interval = forms.ChoiceField(
        required=False,
        label="Length of a bar",
        choices=[(interval.value, interval.value) for interval in INTERVALS],
        initial=Interval.DAY.value,
        widget=forms.Select(attrs=for_kinds(INDICATORS)),
    )
    portfolio_id = forms.ChoiceField(
        required=False,
        label="Portfolio",
        widget=forms.Select(attrs=for_kinds("holding_gain_pct")),
    )
    repeats = forms.BooleanField(required=False, label="Tell me again when it happens again")
    cooldown_seconds = forms.TypedChoiceField(
        required=False,
        coerce=int,
        label="But not within",
        choices=COOLDOWNS,
        initial=DEFAULT_COOLDOWN_SECONDS,
    )
    note = forms.CharField(required=False, max_length=NOTE_CHARACTERS)

    def __init__(self, *args: Any, portfolios: Mapping[UUID, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(portfolio_id), name) for portfolio_id, name in portfolios.items()]
        self.fields["portfolio_id"].choices = choices  # type: ignore[attr-defined]

    def fix(self, alert: Alert) -> None:
        """Let instrument and kind stay as they are."""
        cooldowns = self.fields["cooldown_seconds"]
        seconds = alert.cooldown_seconds
        if seconds and seconds not in dict(COOLDOWNS):  # a program chose it
            cooldowns.choices = [(seconds, f"{seconds} seconds"), *COOLDOWNS]  # type: ignore[attr-defined]
        for name in ("symbol", "kind"):
            self.fields[name].disabled = True

    def to_terms(self) -> AlertTerms:
        """The terms of a valid form; whether they make sense the operation says."""
        given = self.cleaned_data
        condition = Condition(
            kind=AlertKind(given["kind"]),
            threshold=given["threshold"],
            direction=Direction(given["direction"]) if given["direction"] else None,
            interval=Interval(given["interval"]) if given["interval"] else None,
            length=given["length"],
            fast_length=given["fast_length"],
            portfolio_id=UUID(given["portfolio_id"]) if given["portfolio_id"] else None,
        )
        return AlertTerms(
            condition=only_used(condition),
            repeats=given["repeats"],
            cooldown_seconds=given["cooldown_seconds"] or DEFAULT_COOLDOWN_SECONDS,
            note=given["note"],
        )


def initial_of(alert: Alert) -> dict[str, Any]:
    """What the form of an alert begins with."""
    names = ("kind", "direction", "interval", "length", "fast_length", "repeats", "note")
    return {name: getattr(alert, name) for name in names} | {
        "symbol": f"{alert.instrument.exchange_id}:{alert.instrument.symbol}",
        "threshold": None if alert.threshold is None else plain(alert.threshold),
        "portfolio_id": str(alert.portfolio_id or ""),
        "cooldown_seconds": alert.cooldown_seconds or DEFAULT_COOLDOWN_SECONDS,
    }
