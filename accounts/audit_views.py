"""A user's own audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from accounts.audit_events import ORDER, matching, offered_actions
from accounts.fragments import for_htmx
from accounts.models import AuditEvent
from accounts.operations.forms import AuditSearchForm
from accounts.page_lists import read_page
from accounts.policies import signed_in

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.http import InvestorRequest


@signed_in
@require_GET
@for_htmx({"events": "accounts/_audit_table.html"})
def audit_page(request: InvestorRequest) -> HttpResponse:
    """What was done to what is the user's, newest first, whoever did it."""
    form = AuditSearchForm(request.GET)
    filters = form.filters()
    events = AuditEvent.objects.for_user(request.user)
    page, older = read_page(
        request, matching(events, **filters), name="own-events", filters=filters, order=ORDER
    )
    context = {
        "form": form,
        "events": page.items,
        "older_href": older,
        "actions": offered_actions(events),
    }
    return TemplateResponse(request, "accounts/audit.html", context)
