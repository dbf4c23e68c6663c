"""What staff types about rows refused at the door."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.problem_forms import ProblemForm
from market.intake.quarantine import fields_of
from market.models import QuarantinedRow
from market.models.prices import QuarantineStatus

STATUSES: Final = (("", "All"), *QuarantineStatus.choices)
TEXT_CHARACTERS: Final = 40


class QuarantineListForm(forms.Form):
    status = forms.ChoiceField(
        label="State", required=False, choices=STATUSES, initial=QuarantineStatus.WAITING
    )
    code = forms.CharField(label="Reason", required=False, max_length=40)
    symbol = forms.CharField(
        required=False,
        max_length=29,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    provider = forms.CharField(label="Source", required=False, max_length=20)
    run_id = forms.UUIDField(label="Run", required=False, widget=forms.HiddenInput())

    def filters(self) -> dict[str, Any]:
        """A filter that makes no sense filters nothing; what waits, where none is given."""
        found = self.cleaned_data if self.is_valid() else {}
        filters = {name: found.get(name) or None for name in self.fields}
        if "status" not in self.data:
            filters["status"] = None if filters["run_id"] else QuarantineStatus.WAITING.value
        return filters


class ReleaseForm(ProblemForm):
    """The row's values, to be corrected before it is let in."""

    def __init__(self, row: QuarantinedRow, data: Any = None) -> None:
        super().__init__(data)
        for name in fields_of(row):
            self.fields[name] = forms.CharField(
                label=name.replace("_", " ").capitalize(),
                required=False,
                max_length=TEXT_CHARACTERS,
                initial=row.raw.get(name, ""),
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )
