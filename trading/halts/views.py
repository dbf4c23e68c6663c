"""The page on which staff halts instruments and lets them trade again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import InvestorRequest
from accounts.models import User
from accounts.policies import admins_change, staff_only
from market.errors import AmbiguousSymbol, UnknownSymbol
from market.models import Instrument
from market.queries import instrument_by_address
from trading.halts.halts import (
    REASON_LENGTH,
    AlreadyHalted,
    NotHalted,
    halt_instrument,
    resume_instrument,
)
from trading.models import TradingHalt

PAST_SHOWN: Final = 20


class HaltForm(forms.Form):
    symbol = forms.CharField(
        max_length=30,
        help_text="Where several exchanges list it: XLON:VOD",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Every investor whose orders wait may read it."
    )

    def clean_symbol(self) -> Instrument:
        try:
            return instrument_by_address(self.cleaned_data["symbol"])
        except (UnknownSymbol, AmbiguousSymbol) as error:
            raise forms.ValidationError(str(error)) from error


@staff_only
@require_http_methods(["GET", "POST"])
@admins_change
def halts_page(request: InvestorRequest) -> HttpResponse:
    form = HaltForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        shown = form.cleaned_data["symbol"]
        try:
            halt_instrument(
                shown,
                reason=form.cleaned_data["reason"],
                halted_at=timezone.now(),
                halted_by_id=request.user.id,
            )
        except AlreadyHalted as error:
            form.add_error("symbol", str(error))
        else:
            messages.success(request, f"Trading in {shown.symbol} is halted.")
            return redirect("trading:operations_halts")
    context = {"form": form, **_halts()}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "operations/halts.html", context, status=status)


@staff_only
@require_POST
@admins_change
def resume(request: InvestorRequest, instrument_id: UUID) -> HttpResponse:
    shown = get_object_or_404(Instrument, public_id=instrument_id)
    try:
        resume_instrument(shown, resumed_at=timezone.now(), resumed_by_id=request.user.id)
    except NotHalted as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"{shown.symbol} trades again.")
    return redirect("trading:operations_halts")


def _halts() -> dict[str, object]:
    """What is halted, the newest first, what was, and who did it."""
    told = TradingHalt.objects.select_related("instrument").order_by("-halted_at", "-id")
    standing = list(told.filter(resumed_at=None))
    past = list(told.exclude(resumed_at=None)[:PAST_SHOWN])
    people = {halt.halted_by_id for halt in (*standing, *past)}
    people |= {halt.resumed_by_id for halt in past if halt.resumed_by_id}
    emails = dict(User.objects.filter(id__in=people).values_list("id", "email"))
    return {
        "standing": [(halt, emails.get(halt.halted_by_id)) for halt in standing],
        "past": [(halt, emails.get(halt.resumed_by_id)) for halt in past if halt.resumed_by_id],
    }
