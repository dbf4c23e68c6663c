"""How one wants to be told, as a form: a row for each kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms

from accounts.problem_forms import ProblemForm
from integrations.events.kinds import KINDS
from integrations.notifications.choices import DEFAULTS, Choice, Quiet

WAYS: Final[Mapping[str, str]] = {"in_inbox": "Inbox", "by_mail": "Mail", "by_slack": "Slack"}


class TimezoneField(forms.CharField):
    def clean(self, value: Any) -> str:
        name = str(super().clean(value))
        if name and name not in available_timezones():
            raise forms.ValidationError(f"{name} is no time zone, such as Europe/Berlin.")
        return name


class ChannelForm(ProblemForm):
    """Where in Slack to tell; what is kept is never shown again."""

    address = forms.CharField(
        label="Address of the incoming webhook",
        max_length=2048,
        help_text="Slack makes one under Apps, Incoming Webhooks. It is kept encrypted.",
        widget=forms.URLInput(
            attrs={"autocomplete": "off", "placeholder": "https://hooks.slack.com/services/…"}
        ),
    )


class ChoicesForm(forms.Form):
    begins = forms.TimeField(
        label="Mail and Slack wait from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
    )
    ends = forms.TimeField(
        label="until", required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    timezone = TimezoneField(
        label="in the time zone",
        required=False,
        max_length=64,
        help_text="Such as Europe/Berlin or America/New_York.",
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"}),
    )

    def __init__(
        self,
        *args: Any,
        choices: Mapping[str, Choice],
        quiet: Quiet | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for kind, choice in choices.items():
            for way, label in WAYS.items():
                # Said once, without a span beside each: there are a hundred of them.
                words = {"aria-label": f"{KINDS[kind].title}: {label}"}
                self.fields[name_of(kind, way)] = forms.BooleanField(
                    label=label,
                    required=False,
                    initial=getattr(choice, way),
                    widget=forms.CheckboxInput(attrs=words),
                )
        if quiet is not None:
            self.initial = {
                "begins": quiet.begins.strftime("%H:%M"),
                "ends": quiet.ends.strftime("%H:%M"),
                "timezone": quiet.timezone,
            }

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        given = [found.get(name) for name in ("begins", "ends", "timezone")]
        if self.errors or given[:2] == [None, None]:
            return found
        if not all(given):
            raise forms.ValidationError(
                "Quiet hours need a beginning, an end and a time zone, or none of them."
            )
        if found["begins"] == found["ends"]:
            self.add_error("ends", "Quiet hours must end at another time than they begin.")
        return found

    def rows(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Of each kind its words, and its fields in the order of ``WAYS``."""
        for kind in DEFAULTS:
            yield KINDS[kind].title, [self[name_of(kind, way)] for way in WAYS]

    def choices(self) -> dict[str, Choice]:
        return {
            kind: Choice(*(bool(self.cleaned_data[name_of(kind, way)]) for way in WAYS))
            for kind in DEFAULTS
        }

    def quiet(self) -> Quiet | None:
        facts = self.cleaned_data
        if facts["begins"] is None:
            return None
        return Quiet(facts["begins"], facts["ends"], facts["timezone"])


def name_of(kind: str, way: str) -> str:
    return f"{kind.replace('.', '-')}-{way}"
