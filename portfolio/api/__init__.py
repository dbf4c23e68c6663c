"""Portfolios and their books for programs."""

from typing import Final

from ninja import Router

from portfolio.api import analysis, books, holdings, imports, portfolios, returns

router: Final = Router()
for part in (portfolios, holdings, returns, analysis, books, imports):
    router.add_router("", part.router)
