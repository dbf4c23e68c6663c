"""What staff looks for among runs."""

from __future__ import annotations

from typing import Any

from django import forms

from market.models.prices import RunStatus


class RunListForm(forms.Form):
    provider = forms.CharField(label="Source", required=False, max_length=20)
    status = forms.ChoiceField(
        label="State", required=False, choices=(("", "Any"), *RunStatus.choices)
    )

    def filters(self) -> dict[str, Any]:
        """A filter that makes no sense filters nothing."""
        found = self.cleaned_data if self.is_valid() else {}
        return {name: found.get(name) or None for name in self.fields}
