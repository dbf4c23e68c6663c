"""Instruments, prices, calendars and watchlists for programs."""

from typing import Final

from ninja import Router

from market.api import calendars, imports, instruments, prices, watchlists

router: Final = Router()
for part in (instruments, prices, calendars, watchlists, imports):
    router.add_router("", part.router)
