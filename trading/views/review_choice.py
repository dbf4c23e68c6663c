"""Whether the ticket is sent without review: a choice of the device, kept in a cookie."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse

from accounts.look_views import COOKIE_AGE_SECONDS

COOKIE: Final = "review"
OFF: Final = "off"
FIELD: Final = "skips_review"  # of the ticket's form
REVIEWED: Final = "reviewed"  # of the review's form
CHANGE: Final = "change"  # the button of it that leads back


def skips_review(request: HttpRequest) -> bool:
    """As the ticket being sent says; else as it was the last time."""
    if is_ticket(request):
        return bool(request.POST.get(FIELD))
    return request.COOKIES.get(COOKIE) == OFF


def is_ticket(request: HttpRequest) -> bool:
    """Whether the form to fill in was sent, and not the review of it."""
    return request.method == "POST" and REVIEWED not in request.POST


def keep_choice(request: HttpRequest, response: HttpResponse) -> None:
    """Remember for the next ticket what this one said."""
    if is_ticket(request):
        value = OFF if skips_review(request) else "on"
        response.set_cookie(COOKIE, value, max_age=COOKIE_AGE_SECONDS, samesite="Lax")
