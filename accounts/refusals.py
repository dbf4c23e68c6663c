"""How a page says that a tier includes no more: the reason, and where to read on."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.errors import AllowanceExceeded


def with_way_on(reason: AllowanceExceeded | str) -> SafeString:
    """The words of a refusal with a link to what each tier includes, so that it is no dead end."""
    return format_html(
        '{} <a href="{}">What each tier includes</a>', str(reason), reverse("accounts:tiers")
    )
