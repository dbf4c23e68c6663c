"""Instruments, prices, calendars and watchlists for programs."""

from typing import Final

from ninja import Router

from market.api import (
    alerts,
    calendars,
    charts,
    corporate_actions,
    exchange_rates,
    imports,
    instruments,
    order_books,
    prices,
    quarantine,
    revisions,
    runs,
    watchlists,
)

router: Final = Router()
for part in (
    instruments,
    prices,
    charts,
    corporate_actions,
    order_books,
    exchange_rates,
    calendars,
    watchlists,
    alerts,
    imports,
    quarantine,
    revisions,
    runs,
):
    router.add_router("", part.router)
