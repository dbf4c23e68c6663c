"""Where the figures of a page are explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from django.urls import reverse

from portfolio.models import Portfolio

NAMELESS: Final = "-"


@dataclass(frozen=True, slots=True)
class ExplainLinks:
    """``base``, a figure's name, ``?`` and ``query`` are the address of its explanation."""

    base: str
    query: str

    @classmethod
    def of(cls, portfolio: Portfolio, **asked: str) -> Self:
        base = reverse("portfolio:explanation", args=[portfolio.id, NAMELESS])
        return cls(base.removesuffix(NAMELESS), urlencode(asked))

    def to(self, figure: str) -> str:
        return f"{self.base}{figure}?{self.query}"
