"""What readers of a portfolio's activities, and of its journal, look for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.http import QueryDict

from accounts.period_forms import PeriodForm
from market.models import Instrument
from portfolio.bookkeeping.drafts import EntryKind
from portfolio.bookkeeping.entry_search import WORDS_MAXIMUM, EntrySearch
from portfolio.forms import find_instrument
from portfolio.models.ledger import kind_choices

WORDS_INPUT: Final = {"autocomplete": "off", "spellcheck": "false"}


class EntrySearchForm(PeriodForm):
    symbol = forms.CharField(
        required=False, max_length=29, widget=forms.TextInput(attrs=WORDS_INPUT)
    )
    search = forms.CharField(
        label="Note or id",
        required=False,
        max_length=WORDS_MAXIMUM,
        widget=forms.SearchInput(attrs=WORDS_INPUT),
    )
    kind = forms.MultipleChoiceField(
        label="Kinds", required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("symbol", "search", "first_day", "last_day", "kind")

    def __init__(self, asked: QueryDict, *, kinds: Iterable[EntryKind]) -> None:
        super().__init__(asked)
        self.fields["kind"].choices = kind_choices(kinds)  # type: ignore[attr-defined]

    @property
    def is_searched(self) -> bool:
        """Whether somebody has used it, if only to look for everything."""
        return any(name in self.data for name in self.fields)

    def clean_symbol(self) -> Instrument | None:
        return find_instrument(self.cleaned_data["symbol"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        first, last = given.get("first_day"), given.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day comes before the first.")
        return given

    def wanted(self) -> EntrySearch:
        """What a valid form looks for."""
        given = self.cleaned_data
        instrument: Instrument | None = given["symbol"]
        start_at, end_at = self.period()
        chosen = set(given["kind"])
        return EntrySearch(
            kinds=tuple(kind for kind in EntryKind if kind in chosen),
            instrument_id=instrument.id if instrument else None,
            start_at=start_at,
            end_at=end_at,
            words=given["search"],
        )
