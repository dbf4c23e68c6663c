"""Forms in which a file of an index comes."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.problem_forms import ProblemForm


class ClosesForm(ProblemForm):
    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,.zip"}),
        help_text="A table with the columns date and close, as CSV or XLSX.",
    )

    def facts(self) -> dict[str, Any]:
        file = self.cleaned_data["file"]
        return {"content": file.read(), "file_name": file.name or ""}


class IndexForm(ClosesForm):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    field_order = ("name", "file")

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"name": self.cleaned_data["name"]}
