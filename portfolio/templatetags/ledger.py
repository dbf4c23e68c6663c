"""Words for what stands in the books."""

from __future__ import annotations

from django import template

from portfolio.models.ledger import LedgerAccountKind

register = template.Library()


@register.filter
def ledger_account(kind: str) -> str:
    """How people call a kind of ledger account."""
    return str(LedgerAccountKind(kind).label)
