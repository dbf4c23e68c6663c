"""What can go wrong with prices and instruments in a way that the caller can act on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from accounts.errors import AllowanceExceeded, HoldfastError, NotFound, ProblemsError


class MarketError(HoldfastError):
    """The base of what this app raises."""

    code: ClassVar[str] = "market_error"


class UnknownSymbol(MarketError, NotFound):
    """No instrument has that symbol."""

    code = "unknown_symbol"

    def __init__(self, address: str) -> None:
        super().__init__(f"There is no instrument {address!r}.")
        self.address = address


class AmbiguousSymbol(MarketError):
    """Several exchanges list that symbol; ``choices`` are the full addresses."""

    code = "ambiguous_symbol"

    def __init__(self, address: str, *, choices: Sequence[str]) -> None:
        super().__init__(f"{address!r} is listed on several exchanges; use {' or '.join(choices)}.")
        self.address = address
        self.choices = tuple(choices)


class UnknownExchange(MarketError, NotFound):
    """No exchange has that market identifier code."""

    code = "unknown_exchange"

    def __init__(self, mic: str) -> None:
        super().__init__(f"There is no exchange {mic!r}.")
        self.mic = mic


class UnreadableFile(MarketError):
    """A file of prices or instruments cannot be taken in at all; nothing of it was stored."""

    code = "unreadable_file"


class UnknownRun(MarketError, NotFound):
    """There is no such ingestion run."""

    code = "unknown_run"

    def __init__(self, run_id: object) -> None:
        super().__init__(f"There is no ingestion run {run_id}.")
        self.run_id = run_id


class WatchlistNameTaken(MarketError):
    """The owner already has a watchlist of that name."""

    code = "watchlist_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is already a watchlist named {name!r}.")
        self.name = name


class InvalidWatchlistName(MarketError):
    """The name is empty or too long."""

    code = "invalid_watchlist_name"


class TooManyWatchlists(MarketError, AllowanceExceeded):
    """The owner's tier includes no further watchlist."""

    code = "allowance_exceeded"

    def __init__(self, tier: str) -> None:
        super().__init__(limit="watchlists", tier=tier)


class HistoryExceeded(MarketError, AllowanceExceeded):
    """The caller's tier shows no prices that old. ``since`` is where its history starts."""

    code = "allowance_exceeded"

    def __init__(self, tier: str, *, field: str, found: datetime, since: datetime) -> None:
        because = f"Prices are shown from {since.isoformat()} on; {field} was {found.isoformat()}."
        super().__init__(limit="history_days", tier=tier, because=because)
        self.since = since


class NeverPriced(MarketError, NotFound):
    """The instrument is there, and has never had a price."""

    code = "never_priced"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} has never had a price.")
        self.address = address


class NotOnWatchlist(MarketError, NotFound):
    """The instrument is not on that watchlist."""

    code = "not_on_watchlist"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is not on this watchlist.")
        self.address = address


class InvalidNote(MarketError):
    """The note is too long, or holds what no text may."""

    code = "invalid_note"


class WatchlistFull(MarketError):
    """No watchlist holds more instruments than that."""

    code = "watchlist_full"

    def __init__(self, *, allowed: int) -> None:
        super().__init__(f"A watchlist holds at most {allowed} instruments.")
        self.allowed = allowed


class UnknownCurrency(MarketError, NotFound):
    """The desk has no exchange rate of that currency on any date."""

    code = "unknown_currency"

    def __init__(self, currency: str) -> None:
        super().__init__(f"There are no exchange rates of {currency!r}.")
        self.currency = currency


class RateMissing(MarketError, NotFound):
    """There is no rate between two currencies that may stand for a date; ``reason`` says why."""

    code = "rate_missing"

    def __init__(self, base: str, quote: str, *, on_date: date, reason: str) -> None:
        why = {
            "no_rates": "none was published up to then",
            "too_old": "the latest before is too old",
        }[reason]
        super().__init__(f"There is no rate from {base} to {quote} for {on_date}: {why}.")
        self.base = base
        self.quote = quote
        self.on_date = on_date
        self.reason = reason


class AlertRefused(MarketError, ProblemsError):
    """The alert's terms make no sense; ``problems`` names what is wrong."""

    code = "alert_refused"


class AlertExists(MarketError):
    """The owner already has an alert that waits for the same."""

    code = "alert_exists"

    def __init__(self, alert_id: object) -> None:
        super().__init__("You already have an alert that waits for this.")
        self.alert_id = alert_id


class TooManyAlerts(MarketError, AllowanceExceeded):
    """The owner's tier includes no further alert that may fire."""

    code = "allowance_exceeded"

    def __init__(self, tier: str) -> None:
        super().__init__(limit="alerts", tier=tier)
