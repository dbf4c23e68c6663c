"""What to compare with, and how to measure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from accounts.models import User
from accounts.roles import Role
from market.models import Instrument
from portfolio.forms import METHODS, find_instrument
from portfolio.models import IndexSeries, Portfolio
from portfolio.returns.benchmarks import Comparison, WithIndex, WithInstrument, WithPortfolio
from portfolio.returns.gains import Method

COMPARED: Final = ("benchmark", "benchmark_portfolio_id", "benchmark_index_id")


class ComparisonForm(forms.Form):
    """Portfolios and indices are those of the user; where he has none, he is not asked."""

    benchmark = forms.CharField(
        required=False,
        max_length=40,
        label="Compare with",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "AAPL"}),
    )
    benchmark_portfolio_id = forms.ModelChoiceField(
        Portfolio.objects.none(), required=False, label="or with a portfolio", empty_label="–"
    )
    benchmark_index_id = forms.ModelChoiceField(
        IndexSeries.objects.none(), required=False, label="or with an index", empty_label="–"
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        user: User,
        beside: Sequence[Portfolio],
        visible: Sequence[Portfolio] | None = None,
    ) -> None:
        """``visible``, where they are known, are all the portfolios that the user sees."""
        super().__init__(data)
        others = Portfolio.objects.none()
        if visible is None or set(visible) - set(beside):
            seen = Portfolio.objects.for_user(user, Role.VIEWER).own_first(user)
            others = seen.exclude(id__in=[one.id for one in beside])
        choices: dict[str, Any] = {
            "benchmark_portfolio_id": others,
            "benchmark_index_id": IndexSeries.objects.for_user(user).order_by("name", "id"),
        }
        for name, queryset in choices.items():
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = queryset

    def clean_benchmark(self) -> Instrument | None:
        return find_instrument(self.cleaned_data["benchmark"])

    def clean(self) -> None:
        if sum(bool(self.cleaned_data.get(name)) for name in COMPARED) > 1:
            self.add_error("benchmark", "Compare with one thing at a time.")

    def comparison(self, *, at: datetime) -> Comparison | None:
        told = self.cleaned_data
        if told["benchmark"] is not None:
            return WithInstrument(told["benchmark"])
        if told["benchmark_portfolio_id"] is not None:
            return WithPortfolio(told["benchmark_portfolio_id"], at)
        if told["benchmark_index_id"] is not None:
            return WithIndex(told["benchmark_index_id"])
        return None

    def chosen(self) -> dict[str, str]:
        """What was asked for, for the address of the same page over another span."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}


class PerformanceForm(ComparisonForm):
    """The lots of sales as well; they are asked for after what to compare with."""

    method = forms.ChoiceField(choices=METHODS, label="Lots a sale uses", required=False)

    def __init__(self, data: QueryDict | None, *, user: User, beside: Sequence[Portfolio]) -> None:
        own = Method(beside[0].lot_method)
        if data is not None and not data.get("method"):
            data = data.copy()
            data["method"] = own.value
        super().__init__(data, user=user, beside=beside)
        self.fields["method"].initial = own.value

    def method_chosen(self) -> Method:
        return Method(self.cleaned_data["method"])
