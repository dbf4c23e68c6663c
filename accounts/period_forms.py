"""The days between which somebody looks for something."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django import forms


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
            datetime.combine(first, time(), tzinfo=UTC) if first else None,
            datetime.combine(after, time(), tzinfo=UTC) if after else None,
        )
