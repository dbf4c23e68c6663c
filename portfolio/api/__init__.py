"""Portfolios and their books for programs."""

from typing import Final

from ninja import Router

from portfolio.api import analysis, books, holdings, imports, portfolios, returns, sharing

router: Final = Router()
for part in (portfolios, holdings, returns, analysis, books, imports, sharing):
    router.add_router("", part.router)
