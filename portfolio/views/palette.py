"""What the command palette finds, and the market clock of every page's head."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import public, signed_in
from accounts.roles import Role
from accounts.templatetags.page_parts import NAV_ITEMS, find_address
from market import queries
from market.instruments.short_addresses import shortest_addresses
from portfolio.models import Portfolio
from portfolio.templatetags.market_clock import market_clock

INSTRUMENTS_SHOWN = 8
TEXT_MAXIMUM = 80


@dataclass(frozen=True, slots=True)
class Find:
    """One line of the palette: where it leads, and words beside its label."""

    label: str
    note: str
    href: str


@signed_in
@require_GET
def palette(request: InvestorRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:TEXT_MAXIMUM]
    found = queries.search_instruments(text, limit=INSTRUMENTS_SHOWN) if text else []
    addresses = shortest_addresses(list(found)) if found else {}
    instruments = [
        Find(one.symbol, one.name, reverse("market:instrument", args=[addresses[one.id]]))
        for one in found
    ]
    owned = Portfolio.objects.for_user(request.user, Role.VIEWER).own_first(request.user)
    places = _destinations() + [
        Find(one.name, "Portfolio", reverse("portfolio:detail", args=[one.id])) for one in owned
    ]
    actions = [place for place in places if text.lower() in place.label.lower()]
    groups = [("Instruments", instruments), ("Go to", actions)]
    context = {"groups": [group for group in groups if group[1]], "text": text}
    return TemplateResponse(request, "portfolio/_palette.html", context)


@public
@require_GET
def clock(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "components/_market_clock.html", market_clock())


def _destinations() -> list[Find]:
    """The pages that the navigation names, and a user's own."""
    places = [(item.label, item.view_name) for item in NAV_ITEMS]
    places += [("Currencies and converter", "market:currencies")]
    places += [("All portfolios together", "portfolio:combined")]
    places += [("Own indices", "portfolio:indices")]
    places += [("New alert", "market:alert_new")]
    places += [("Settings", "accounts:settings"), ("API keys", "accounts:api_keys")]
    return [Find(label, "", href) for label, name in places if (href := find_address(name))]
