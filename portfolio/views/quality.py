"""The health centre of a portfolio: what in its data is wrong or odd."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import InvestorRequest
from accounts.policies import signed_in
from portfolio.models import Portfolio
from portfolio.quality.checks import quality_checks
from portfolio.quality.findings import Finding, Severity
from portfolio.quality.ways import Way, way_of
from portfolio.views.portfolios import find_portfolio, tab_context

SHOWN_OF_A_KIND: Final = 20
WORDS: Final = {
    Severity.ERROR: ("Wrong", "fall"),
    Severity.WARNING: ("Perhaps wrong", "warning"),
    Severity.NOTICE: ("Good to know", "accent"),
}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    found: Finding
    way: Way | None  # where to go from here


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one kind; ``more`` are not on the page."""

    title: str
    severity: Severity
    word: str
    badge: str  # its look
    advice: str
    findings: Sequence[ShownFinding]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.findings)


@signed_in
@require_GET
def health(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio, now = find_portfolio(request, portfolio_id), timezone.now()
    found = quality_checks(portfolio, at=now)
    context = tab_context(portfolio, "health") | {
        "groups": groups_of(found, portfolio, is_staff=request.user.is_staff),
        "count": len(found),
        "as_of": now,
    }
    return TemplateResponse(request, "portfolio/health.html", context)


def groups_of(
    findings: Iterable[Finding], portfolio: Portfolio, *, is_staff: bool
) -> list[FindingGroup]:
    """Findings of one kind and severity together, in the order in which they come."""
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.code, one.severity), []).append(one)
    return [
        FindingGroup(
            found[0].title,
            severity,
            *WORDS[severity],
            found[0].advice,
            [
                ShownFinding(one, way_of(one, portfolio, is_staff=is_staff))
                for one in found[:SHOWN_OF_A_KIND]
            ],
            len(found),
        )
        for (_, severity), found in groups.items()
    ]
