"""The page on which staff sees whether the books are right and orders are taken."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.http import InvestorRequest
from accounts.models import User
from accounts.policies import staff_only
from portfolio.bookkeeping.probes import PROBES, latest_run
from portfolio.models import BooksViolation
from portfolio.sealing.sealing import latest_seal, unsealed_entries
from portfolio.sealing.verification import latest_verification
from portfolio.tasks import check_books
from trading.models import OrderEntryStop
from trading.order_entry import stops

PAST_SHOWN: Final = 20


@staff_only
@require_GET
def books(request: InvestorRequest) -> HttpResponse:
    standing = list(BooksViolation.objects.standing().order_by("id"))
    failing = {violation.probe for violation in standing}
    past = list(
        OrderEntryStop.objects.exclude(reopened_at=None).order_by("-stopped_at", "-id")[:PAST_SHOWN]
    )
    openers = [stop.reopened_by_id for stop in past if stop.reopened_by_id]
    emails = dict(User.objects.filter(id__in=openers).values_list("id", "email"))
    context = {
        "stop": stops.standing_stop(),
        "run": latest_run(),
        "probes": [(view, claim, view not in failing) for view, claim in PROBES.items()],
        "violations": standing,
        "seal": latest_seal(),
        "unsealed": unsealed_entries(),
        "verification": latest_verification(),
        "past": [(stop, emails.get(stop.reopened_by_id)) for stop in past if stop.reopened_by_id],
    }
    return TemplateResponse(request, "operations/books.html", context)


@staff_only
@require_POST
def check(request: InvestorRequest) -> HttpResponse:
    """Run the probes soon, without waiting for the minute."""
    check_books.delay_on_commit()
    messages.info(request, "The probes run now; what they find stands here in a moment.")
    return redirect("trading:operations_books")


@staff_only
@require_POST
def reopen(request: InvestorRequest) -> HttpResponse:
    try:
        stops.reopen_order_entry(reopened_at=timezone.now(), reopened_by_id=request.user.id)
    except stops.NotReopenable as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Orders are taken again.")
    return redirect("trading:operations_books")
