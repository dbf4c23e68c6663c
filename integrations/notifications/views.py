"""The inbox, its badge, and the page on which one chooses what to be told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import NotFound
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import signed_in
from integrations.models import Notification
from integrations.notifications import choices, inbox
from integrations.notifications.forms import WAYS, ChannelForm, ChoicesForm
from integrations.notifications.slack_channels import (
    ChannelRefused,
    channel_of,
    connect_channel,
    forget_channel,
)

if TYPE_CHECKING:
    from accounts.http import InvestorRequest

# Zones go by a place; the older names of the same are taken, but not offered.
PLACE: Final = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/|UTC$"
)
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
    return show_choices(request, form, ChannelForm())


def show_choices(
    request: InvestorRequest, form: ChoicesForm, channel_form: ChannelForm
) -> HttpResponse:
    context = {
        "form": form,
        "ways": WAYS.values(),
        "timezones": sorted(filter(PLACE.match, available_timezones())),
        "channel": channel_of(request.user),
        "channel_form": channel_form,
    }
    status = 422 if form.errors or channel_form.errors else 200
    return TemplateResponse(request, "integrations/choices.html", context, status=status)


@signed_in
@require_POST
def connect_slack(request: InvestorRequest) -> HttpResponse:
    """Keep where in Slack to tell the user, and post a first word there."""
    form = ChannelForm(request.POST)
    if form.is_valid():
        try:
            connect_channel(
                owner=request.user,
                address=form.cleaned_data["address"],
                connected_at=timezone.now(),
            )
        except ChannelRefused as error:
            form.add_problems(error.problems)
        else:
            messages.success(request, "A first message is on its way to Slack.")
            return redirect("integrations:notification_choices")
    choice_form = ChoicesForm(
        choices=choices.choices_for(request.user), quiet=choices.quiet_of(request.user)
    )
    return show_choices(request, choice_form, form)


@signed_in
@require_POST
def forget_slack(request: InvestorRequest) -> HttpResponse:
    """Post nothing more to Slack."""
    try:
        forget_channel(owner=request.user, forgotten_at=timezone.now())
    except NotFound:
        messages.info(request, "There was no channel of Slack.")
    else:
        messages.success(request, "Nothing is posted to Slack any more.")
    return redirect("integrations:notification_choices")
