"""What strangers see: the landing page, its board of prices, and the way into a demo."""

from __future__ import annotations

from typing import Final

from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.policies import public
from market.boards import BoardRow, board_rows
from market.models import Instrument
from portfolio.demo.starting import create_demo_user

FEATURED_SYMBOLS: Final = ("AAPL", "MSFT", "AMZN", "GOOGL", "NVDA", "JPM", "KO", "XOM")
BOARD_LENGTH: Final = 6
SESSION_BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"


@public
@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("portfolio:home")
    return TemplateResponse(request, "portfolio/landing.html", {"board": featured_board()})


@public
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "portfolio/_board.html", {"board": featured_board()})


@public
@require_POST
def try_demo(request: HttpRequest) -> HttpResponse:
    """Make a disposable user with a portfolio that has a past, and sign him in."""
    if request.user.is_authenticated:
        return redirect("portfolio:home")
    user = create_demo_user(created_at=timezone.now())
    with transaction.atomic():  # the session, with the event that tells of it
        auth.login(request, user, backend=SESSION_BACKEND)
    return redirect("portfolio:home")


def featured_board() -> list[BoardRow]:
    """A few well-known instruments, or whichever come first where those are not listed."""
    listed = Instrument.objects.active()
    found = {row.symbol: row for row in listed.filter(symbol__in=FEATURED_SYMBOLS)}
    featured = [found[symbol] for symbol in FEATURED_SYMBOLS if symbol in found]
    chosen = featured or list(listed.order_by("symbol", "id")[:BOARD_LENGTH])
    return board_rows(chosen[:BOARD_LENGTH], at=timezone.now())
