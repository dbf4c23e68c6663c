"""The page on which staff sees what the outbox holds, and has dead letters tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import staff_only
from integrations import outbox
from integrations.models import NotificationMail, OutboxEvent, SlackMessage
from integrations.models.outbox import WAITING
from integrations.notifications.trying_again import rerun_given_up

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@staff_only
@require_GET
@for_htmx({"dead-letters": "operations/_dead_letters.html"})
def events_page(request: InvestorRequest) -> HttpResponse:
    """How much waits and since when, and what was given up."""
    waiting = OutboxEvent.objects.waiting()
    page, older = read_page(
        request,
        OutboxEvent.objects.dead(),
        name="dead-letters",
        filters={},
        order=["-given_up_at", "-id"],
    )
    context = {
        "waiting": waiting.count(),
        "oldest": waiting.order_by("recorded_at").first(),
        "mails": NotificationMail.objects.filter(WAITING).count(),
        "lost_mails": NotificationMail.objects.exclude(given_up_at=None).count(),
        "messages_waiting": SlackMessage.objects.filter(WAITING).count(),
        "messages_lost": SlackMessage.objects.exclude(given_up_at=None).count(),
        "found": page.items,
        "older_href": older,
    }
    return TemplateResponse(request, "operations/events.html", context)


@staff_only
@require_POST
def rerun(request: InvestorRequest, event_id: UUID) -> HttpResponse:
    event = get_object_or_404(OutboxEvent, id=event_id)
    outbox.rerun(event_id=event.id, at=timezone.now())
    messages.success(request, f"The event {event.kind} is tried again.")
    return redirect("integrations:operations_events")


@staff_only
@require_POST
def rerun_notifications(request: InvestorRequest) -> HttpResponse:
    count = rerun_given_up(at=timezone.now())
    messages.success(request, f"{count} message{'' if count == 1 else 's'} to be tried again.")
    return redirect("integrations:operations_events")
