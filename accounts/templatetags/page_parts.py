"""Parts that every page is made of: icons and the main navigation."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.mail_files import shown_folder

register = template.Library()


@dataclass(frozen=True, slots=True)
class NavItem:
    """One destination. ``marks`` are the beginnings of view names that light it up."""

    label: str
    view_name: str
    icon: str
    marks: tuple[str, ...]
    badge_view_name: str = ""  # answers a number to show beside the label, or nothing
    is_for_staff: bool = False


NAV_ITEMS: Final = (
    NavItem("Home", "portfolio:home", "home", ("portfolio:home",)),
    NavItem(
        "Portfolios",
        "portfolio:list",
        "portfolio",
        ("portfolio:", "trading:settlements", "trading:commission", "trading:reset"),
    ),
    NavItem("Watchlists", "market:watchlists", "eye-list", ("market:watchlist",)),
    NavItem("Alerts", "market:alerts", "bell", ("market:alert",), "market:alert_badge"),
    NavItem(
        "Markets",
        "market:instruments",
        "chart",
        ("market:instrument", "market:currenc", "market:corporate"),
    ),
    NavItem("Orders", "trading:orders", "orders", ("trading:",)),
    NavItem(
        "Operations",
        "operations",
        "shield",
        ("operations", "accounts:operations", "market:operations", "trading:operations"),
        is_for_staff=True,
    ),
)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon of the sprite; the words stand beside it or in a label."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag
def mail_folder() -> str | None:
    """Where this machine's user finds mail that was not sent; ``None`` on servers of others."""
    return shown_folder() if settings.IS_EMBEDDED else None


@register.inclusion_tag("components/_nav.html", takes_context=True)
def main_nav(context: dict[str, Any]) -> dict[str, Any]:
    """The rail on a desktop, the tab bar on a phone."""
    request = context.get("request")
    current = _current_item(request) if isinstance(request, HttpRequest) else None
    is_staff = isinstance(request, HttpRequest) and request.user.is_staff
    items = [
        {
            "label": item.label,
            "icon": item.icon,
            "href": href,
            "is_current": item is current,
            "badge_href": find_address(item.badge_view_name) if item.badge_view_name else None,
        }
        for item in NAV_ITEMS
        if (is_staff or not item.is_for_staff) and (href := find_address(item.view_name))
    ]
    return {"items": items}


def _current_item(request: HttpRequest) -> NavItem | None:
    if request.resolver_match is None:
        return None
    view_name = request.resolver_match.view_name
    # The mark that says most decides: trading:operations is no page of orders.
    matching = [
        (len(mark), item) for item in NAV_ITEMS for mark in item.marks if view_name.startswith(mark)
    ]
    return max(matching, key=itemgetter(0), default=(0, None))[1]


def find_address(view_name: str) -> str | None:
    """Where the view is; ``None`` in a set-up that does not route it."""
    try:
        return reverse(view_name)
    except NoReverseMatch:
        return None
