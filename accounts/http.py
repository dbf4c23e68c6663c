"""The two kinds of request, as types: an investor's browser and a program with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

from accounts.networks import caller_address

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from accounts.auth import Caller
    from accounts.models import User


class InvestorRequest(HttpRequest):
    """A page's request behind ``login_required``."""

    user: User
    htmx: HtmxDetails


class ApiRequest(HttpRequest):
    """An endpoint's request behind ``accounts.auth.KeyAuth``."""

    auth: Caller


def client_address(request: HttpRequest) -> str:
    """Where the request comes from, by the word of as many proxies as PROXIES trusts."""
    return caller_address(
        request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    )


def request_id(request: HttpRequest) -> str:
    """The name that the answer, the log and the error of this request share."""
    return getattr(request, "request_id", "-")
