"""Words for what stands in the books."""

from __future__ import annotations

from typing import Final

from django import template

from portfolio.bookkeeping.entries import LedgerAccountKind

register = template.Library()

ACCOUNT_WORDS: Final = {
    LedgerAccountKind.SETTLED: "Settled",
    LedgerAccountKind.TO_RECEIVE: "To receive",
    LedgerAccountKind.TO_DELIVER: "To pay or deliver",
    LedgerAccountKind.ACCRUED: "Accrued",
    LedgerAccountKind.STREET: "Street",
    LedgerAccountKind.FEES: "Fees",
    LedgerAccountKind.TAXES: "Taxes",
    LedgerAccountKind.INCOME: "Income",
    LedgerAccountKind.UNPAID: "Income not paid yet",
    LedgerAccountKind.EQUITY: "Equity",
    LedgerAccountKind.RESET: "Reset",
}


@register.filter
def ledger_account(kind: str) -> str:
    """How people call a kind of ledger account."""
    return ACCOUNT_WORDS[LedgerAccountKind(kind)]
