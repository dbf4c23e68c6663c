"""The page of a user's sessions: where he is signed in, and signing out from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import browser_sessions
from accounts.errors import NotFound
from accounts.policies import signed_in

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@signed_in
@never_cache
@require_GET
def sessions_page(request: InvestorRequest) -> HttpResponse:
    now = timezone.now()
    key = request.session.session_key
    # This visit belongs on the list, whether or not its minute has passed.
    browser_sessions.note_seen(request, at=now)
    sessions = browser_sessions.list_sessions(request.user, current_key=key, at=now)
    return TemplateResponse(request, "accounts/sessions.html", {"sessions": sessions})


@signed_in
@require_GET
def to_sessions_page(request: InvestorRequest) -> HttpResponse:
    return redirect("accounts:sessions")


@signed_in
@require_POST
def end_one(request: InvestorRequest, session_id: int) -> HttpResponse:
    """Sign one device out; where it is this one, the next page asks to sign in."""
    try:
        browser_sessions.end_session(
            session_id=session_id, owner=request.user, ended_at=timezone.now()
        )
    except NotFound as error:
        raise Http404 from error
    messages.success(request, "That device is signed out.")
    return redirect("accounts:sessions")


@signed_in
@require_POST
def end_others(request: InvestorRequest) -> HttpResponse:
    count = browser_sessions.end_other_sessions(
        owner=request.user, kept_key=request.session.session_key or "", ended_at=timezone.now()
    )
    device = "device is" if count == 1 else "devices are"
    messages.success(request, f"{count} other {device} signed out.")
    return redirect("accounts:sessions")
