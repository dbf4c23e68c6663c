"""Portfolios and their books for programs."""

from typing import Final

from ninja import Router

from portfolio.api import books, holdings, imports, portfolios, returns

router: Final = Router()
for part in (portfolios, holdings, returns, books, imports):
    router.add_router("", part.router)
