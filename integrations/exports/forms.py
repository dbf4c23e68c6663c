"""An export as its owner asks for it, and a night that staff wants again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms

from accounts.problem_forms import ProblemForm
from integrations.exports.requesting import NewExport
from integrations.models.exports import Dataset
from market.values import Interval
from portfolio.models import Portfolio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.models import User

WORDS_CHARACTERS: Final = 2_000
CHOICES: Final = [one for one in Dataset.choices if one[0] != Dataset.EVERYTHING]
DATE: Final = forms.DateInput(attrs={"type": "date"})


class ExportForm(ProblemForm):
    field_names: ClassVar[Mapping[str, str]] = {"portfolio_id": "portfolio"}

    dataset = forms.ChoiceField(label="Dataset", choices=CHOICES)
    portfolio = forms.ModelChoiceField(
        label="Portfolio",
        queryset=Portfolio.objects.none(),
        required=False,
        help_text="Of fills, journal, valuations and positions.",
    )
    symbols = forms.CharField(
        label="Symbols",
        required=False,
        max_length=WORDS_CHARACTERS,
        help_text="Of ticks and bars, separated by commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "AAPL, XLON:VOD"}),
    )
    interval = forms.ChoiceField(
        label="Interval",
        required=False,
        choices=[("", "—"), *((one.value, one.value) for one in Interval)],
        help_text="Of bars.",
    )
    start = forms.DateField(label="From", widget=DATE)
    end = forms.DateField(label="Before", widget=DATE)
    columns = forms.CharField(
        label="Only these columns",
        required=False,
        max_length=WORDS_CHARACTERS,
        help_text="Separated by commas; empty for all.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Portfolio.objects.for_user(user).order_by("created_at", "id")
        self.fields["portfolio"].queryset = own  # type: ignore[attr-defined]

    def wanted(self) -> NewExport:
        facts = self.cleaned_data
        portfolio = facts["portfolio"]
        return NewExport(
            dataset=facts["dataset"],
            start=facts["start"],
            end=facts["end"],
            portfolio_id=portfolio.id if portfolio else None,
            symbols=words(facts["symbols"]),
            interval=facts["interval"],
            columns=words(facts["columns"]),
        )


class RestoreForm(ProblemForm):
    file = forms.FileField(
        label="Zip",
        help_text="An export of everything, from this desk or another.",
        widget=forms.ClearableFileInput(attrs={"accept": ".zip"}),
    )


class NightForm(ProblemForm):
    day = forms.DateField(
        label="Day", widget=DATE, help_text="Written anew where it is there already."
    )


def words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
