"""Every source of files that is known by its columns, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portfolio.imports.headers import NAMES
from portfolio.imports.profile import Profile
from portfolio.imports.profiles import (
    coinbase,
    degiro,
    etoro,
    fidelity,
    ghostfolio,
    holdfast,
    ibkr,
    kraken,
    schwab,
    trading212,
)

# Any table whose columns have usual names, or are given by hand.
GENERIC: Final = Profile(name="generic", label="Any table", signatures=(), columns=NAMES, kinds={})
PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        holdfast.PROFILE,
        ibkr.STATEMENT,
        ibkr.FLEX,
        degiro.TRANSACTIONS,
        degiro.CASH_MOVES,
        trading212.PROFILE,
        schwab.PROFILE,
        fidelity.PROFILE,
        etoro.PROFILE,
        coinbase.PROFILE,
        kraken.TRADES,
        kraken.LEDGER,
        ghostfolio.PROFILE,
        GENERIC,
    )
}
