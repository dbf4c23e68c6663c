"""What people type into the converter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms

from market.currencies.currency_units import NAMES

AMOUNT_MAXIMUM: Final = Decimal(10) ** 15


class ConverterForm(forms.Form):
    """An amount of one currency, to be seen in another, at the rate of a date."""

    amount = forms.DecimalField(
        label="Amount", min_value=Decimal(0), max_value=AMOUNT_MAXIMUM, decimal_places=8
    )
    base = forms.ChoiceField(label="From")
    quote = forms.ChoiceField(label="To")
    date = forms.DateField(label="On", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, codes: Sequence[str], today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = today
        choices = [(code, f"{code} – {NAMES.get(code, code)}") for code in codes]
        for name in ("base", "quote"):
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices)
        self.fields["date"].widget.attrs["max"] = today.isoformat()
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "input")

    def clean_date(self) -> dt.date:
        on_date: dt.date = self.cleaned_data["date"]
        if on_date > self._today:
            raise forms.ValidationError(f"Choose a day up to today, {self._today}.")
        return on_date
