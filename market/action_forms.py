"""What staff type in to record or correct a dividend or split."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.problem_forms import ProblemForm
from market.corporate_actions.facts import FACTS, RATIO_MAXIMUM, ActionFacts
from market.models.corporate_actions import ActionKind

DATE: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ActionForm(ProblemForm):
    """Facts of either kind; what is not of the chosen one must be left empty."""

    kind = forms.ChoiceField(label="What", choices=ActionKind.choices)
    ex_date = forms.DateField(label="Ex-date", widget=DATE)
    pay_date = forms.DateField(label="Paid on", required=False, widget=DATE)
    amount_per_share = forms.DecimalField(
        label="Dividend per share", required=False, max_digits=17, decimal_places=8
    )
    currency = forms.CharField(label="Currency of the dividend", required=False, max_length=3)
    ratio_to = forms.IntegerField(
        label="Split: new shares", required=False, min_value=1, max_value=RATIO_MAXIMUM
    )
    ratio_from = forms.IntegerField(
        label="for old shares", required=False, min_value=1, max_value=RATIO_MAXIMUM
    )
    is_in_history = forms.BooleanField(
        label="Stored prices before the split are divided by it already",
        required=False,
        help_text="As in files of past prices. Live prices are known not to be.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "is_in_history":
                field.widget.attrs["class"] = "input"

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()

    def to_facts(self, *, currency: str) -> ActionFacts:
        """The facts; ``currency`` is that of a dividend which names none."""
        values = {name: self.cleaned_data[name] for name in FACTS}
        kind = ActionKind(values["kind"])
        values["currency"] = values["currency"] or (currency if kind.is_dividend else "")
        return ActionFacts(**values | {"kind": kind})


def initial_of(facts: ActionFacts) -> dict[str, Any]:
    """What a form starts with that corrects these facts."""
    return {name: getattr(facts, name) for name in FACTS} | {"kind": facts.kind.value}
