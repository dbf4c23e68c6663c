"""A webhook as its owner writes it down."""

from __future__ import annotations

from django import forms

from accounts.problem_forms import ProblemForm
from integrations.events.kinds import KIND_CHOICES
from integrations.webhooks.own_webhooks import DESCRIPTION_CHARACTERS, WebhookTerms


class WebhookForm(ProblemForm):
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


class ChangedWebhookForm(WebhookForm):
    is_enabled = forms.BooleanField(label="Send events", required=False)
