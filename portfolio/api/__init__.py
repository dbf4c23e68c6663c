"""Portfolios and their books for programs."""

from typing import Final

from ninja import Router

from portfolio.api import (
    analysis,
    books,
    combined,
    holdings,
    imports,
    indices,
    portfolios,
    returns,
    sharing,
)

router: Final = Router()
PARTS: Final = (
    *(portfolios, holdings, returns, combined, analysis, books, imports, sharing, indices),
)
for part in PARTS:
    router.add_router("", part.router)
