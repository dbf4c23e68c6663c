"""The inbox, its badge, and the page on which one chooses what to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import signed_in
from integrations.models import Notification
from integrations.notifications import choices, inbox
from integrations.notifications.forms import ChoicesForm

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

NEWEST_FIRST: Final = ("-created_at", "-id")


@signed_in
@require_GET
@for_htmx({"notifications": "integrations/_notifications.html"})
def inbox_page(request: InvestorRequest) -> HttpResponse:
    page, older = read_page(
        request,
        Notification.objects.for_user(request.user),
        name="inbox",
        filters={},
        order=NEWEST_FIRST,
    )
    context = {
        "found": page.items,
        "older_href": older,
        "unread": inbox.unread_count(request.user),
        "shown_at": timezone.now(),
    }
    return TemplateResponse(request, "integrations/inbox.html", context)


@signed_in
@require_GET
def badge(request: InvestorRequest) -> HttpResponse:
    """How much is unread, beside the inbox's sign."""
    context = {"count": inbox.unread_count(request.user)}
    return TemplateResponse(request, "integrations/_inbox_badge.html", context)


@signed_in
@require_POST
def read_one(request: InvestorRequest, notification_id: UUID) -> HttpResponse:
    """Note that one is read, and go where it leads."""
    found = get_object_or_404(Notification.objects.for_user(request.user), id=notification_id)
    inbox.mark_read(owner=request.user, notification_id=found.id, read_at=timezone.now())
    return redirect(found.path or "integrations:inbox")


@signed_in
@require_POST
def read_all(request: InvestorRequest) -> HttpResponse:
    now = timezone.now()
    count = inbox.mark_all_read(owner=request.user, up_to=now, read_at=now)
    messages.success(request, "All are read." if count else "There was nothing unread.")
    return redirect("integrations:inbox")


@signed_in
@require_http_methods(["GET", "POST"])
def choices_page(request: InvestorRequest) -> HttpResponse:
    form = ChoicesForm(
        request.POST or None,
        choices=choices.choices_for(request.user),
        quiet=choices.quiet_of(request.user),
    )
    if request.method == "POST" and form.is_valid():
        choices.choose(
            owner=request.user,
            choices=form.choices(),
            quiet=form.quiet(),
            chosen_at=timezone.now(),
        )
        messages.success(request, "You are told so from now on.")
        return redirect("integrations:notification_choices")
    context = {"form": form, "timezones": sorted(available_timezones())}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/choices.html", context, status=status)
