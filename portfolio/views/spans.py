"""Which days a page measures: one of the ranges that end today, or days that somebody chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.period_forms import PeriodForm
from portfolio.models import Portfolio
from portfolio.returns.periods import EARLIEST
from portfolio.valuations.ranges import RANGES, ChartRange, find_range, first_day
from portfolio.views.home import Choice


class DaysForm(PeriodForm):
    """Days that are over or today, after every reset of the portfolios."""

    def __init__(self, asked: QueryDict, *, beside: Sequence[Portfolio], today: date) -> None:
        super().__init__(asked)
        self.today = today
        resets = [one.reset_at.astimezone(UTC).date() for one in beside if one.reset_at]
        self.latest_reset = max(resets, default=EARLIEST)

    @property
    def is_asked(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def clean_first_day(self) -> date | None:
        return self._within(self.cleaned_data["first_day"], EARLIEST)

    def clean_last_day(self) -> date | None:
        return self._within(self.cleaned_data["last_day"], self.latest_reset)

    def _within(self, day: date | None, earliest: date) -> date | None:
        if day is not None and not earliest <= day <= self.today:
            message = f"It was {day}, must lie from {earliest} to {self.today}."
            raise forms.ValidationError(message, code="out_of_range")
        return day

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day comes before the first.")
        return self.cleaned_data


@dataclass(frozen=True, slots=True)
class Span:
    """``start`` and ``end`` as ``measure`` takes them; ``range`` is None for chosen days."""

    start: date | None
    end: date | None
    range: ChartRange | None
    words: str
    asked: Sequence[tuple[str, str]]  # what names it in an address

    @property
    def key(self) -> str:
        return self.range.key if self.range else ""

    @property
    def query(self) -> str:
        return urlencode(self.asked)


def span_of(form: DaysForm) -> Span:
    """The chosen days where they make sense, else the range that is asked for."""
    if form.is_asked and form.is_valid():
        first, last = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
        days = {"first_day": first, "last_day": last}
        asked = [(name, day.isoformat()) for name, day in days.items() if day]
        return Span(first, last, None, "as chosen", asked)
    choice = find_range(form.data.get("range"))
    start = first_day(choice, end=form.today)
    return Span(start, None, choice, choice.words, [("range", choice.key)])


def pills(span: Span, kept: Mapping[str, str]) -> list[Choice]:
    """The ranges to choose from; ``kept`` stays in the address."""
    return [
        Choice(one.label, "?" + urlencode({"range": one.key, **kept}), one is span.range)
        for one in RANGES
    ]
