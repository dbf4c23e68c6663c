"""The page on which an investor says what his paper orders pay."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from accounts.problem_forms import ProblemForm
from portfolio.views.portfolios import find_portfolio, tab_context
from trading.charging.terms import BOUNDS, CommissionRefused, schedule_for, set_commission
from trading.commissions import ZERO, Schedule


def part_field(
    label: str, name: str, help_text: str, *, when_empty: str = "0"
) -> forms.DecimalField:
    largest, places = BOUNDS[name]
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=ZERO,
        max_value=largest,
        decimal_places=places,
        help_text=help_text,
        widget=forms.TextInput(
            attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": when_empty}
        ),
    )


class CommissionForm(ProblemForm):
    """Empty fields charge nothing, and an empty maximum is none."""

    per_share = part_field("Per share", "per_share", "In the order's currency, for each unit.")
    per_order = part_field("Per order", "per_order", "Once, when it first fills.")
    rate_bps = part_field("Basis points", "rate_bps", "Of the amount; 5 are 0.05 %.")
    minimum = part_field("At least", "minimum", "For an order that fills at all.")
    maximum = part_field("At most", "maximum", "Empty for no limit.", when_empty="")

    @classmethod
    def of(cls, schedule: Schedule) -> CommissionForm:
        parts: dict[str, Any] = {name: getattr(schedule, name) for name in BOUNDS}
        return cls(initial={name: part.normalize() for name, part in parts.items() if part})

    def schedule(self) -> Schedule:
        given = self.cleaned_data
        parts = {name: given.get(name) or ZERO for name in BOUNDS if name != "maximum"}
        return Schedule(**parts, maximum=given.get("maximum"))


@signed_in
@require_http_methods(["GET", "POST"])
def commission(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    form = CommissionForm.of(schedule_for(portfolio))
    if request.method == "POST":
        form = CommissionForm(request.POST)
        if form.is_valid():
            try:
                set_commission(
                    portfolio_id=portfolio.id, schedule=form.schedule(), changed_at=timezone.now()
                )
            except CommissionRefused as error:
                form.add_problems(error.problems)
            else:
                messages.success(request, "Your next order pays by this schedule.")
                return redirect("trading:commission", portfolio.id)
    context = tab_context(portfolio, "cash") | {"form": form}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "trading/commission.html", context, status=status)
