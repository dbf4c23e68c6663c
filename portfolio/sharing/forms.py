"""Forms of the page on which a portfolio is shared."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django import forms

from accounts.problem_forms import ProblemForm
from accounts.roles import GIVEN
from portfolio.sharing.share_links import LABEL_LENGTH

ROLE_WORDS: Final = {"viewer": "Viewer: looks", "editor": "Editor: records and trades, too"}
ROLE_CHOICES: Final = [(role.value, ROLE_WORDS[role.value]) for role in reversed(GIVEN)]
DAYS: Final = (("7", "A week"), ("30", "30 days"), ("365", "A year"), ("", "Until I revoke it"))


class MemberForm(ProblemForm):
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="Of somebody who has an account here.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial="viewer")


class ShareLinkForm(ProblemForm):
    label = forms.CharField(
        max_length=LABEL_LENGTH,
        help_text="What visitors read at the top; the portfolio's name is not told.",
    )
    days = forms.ChoiceField(label="Works for", choices=DAYS, required=False, initial="30")

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None
