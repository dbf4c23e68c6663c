"""The days between which somebody looks for something."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import forms

from accounts.utc_days import utc_midnight


class PeriodForm(forms.Form):
    """Days are of UTC, and both belong to the period; either may be left open."""

    first_day = forms.DateField(
        label="From", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    last_day = forms.DateField(
        label="To", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def period(self) -> tuple[datetime | None, datetime | None]:
        """From which moment on, and before which; None where there is no such bound."""
        first: date | None = self.cleaned_data.get("first_day")
        last: date | None = self.cleaned_data.get("last_day")
        # Nothing comes after the last day that a calendar has.
        after = last + timedelta(days=1) if last and last < date.max else None
        return (
            utc_midnight(first) if first else None,
            utc_midnight(after) if after else None,
        )
