"""A webhook as its owner writes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from integrations.events.kinds import KIND_CHOICES
from integrations.webhooks.own_webhooks import DESCRIPTION_CHARACTERS, WebhookTerms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.errors import Problem


class WebhookForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=2048,
        help_text="An https address that is reachable from outside; events are posted to it.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    description = forms.CharField(
        label="What it is for",
        required=False,
        max_length=DESCRIPTION_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kinds = forms.MultipleChoiceField(
        label="Only these events",
        required=False,
        choices=KIND_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen means all, later ones included.",
    )

    def terms(self) -> WebhookTerms:
        facts = self.cleaned_data
        return WebhookTerms(facts["url"], facts["description"], tuple(facts["kinds"]))

    def add_problems(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)


class ChangedWebhookForm(WebhookForm):
    is_enabled = forms.BooleanField(label="Send events", required=False)
