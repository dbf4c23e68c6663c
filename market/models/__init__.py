from market.models.alerts import Alert, AlertsSeen, AlertTrigger
from market.models.corporate_actions import CorporateAction, CorporateActionRevision
from market.models.feeds import InstrumentFeed
from market.models.fx import EuroRate, EuroRateRevision
from market.models.instruments import Exchange, Instrument
from market.models.prices import (
    Bar,
    IngestionRun,
    QuarantinedRow,
    QuoteSnapshot,
    Tick,
)
from market.models.revisions import BarRevision, TickRevision
from market.models.watchlists import Watchlist, WatchlistItem

__all__ = [
    "Alert",
    "AlertTrigger",
    "AlertsSeen",
    "Bar",
    "BarRevision",
    "CorporateAction",
    "CorporateActionRevision",
    "EuroRate",
    "EuroRateRevision",
    "Exchange",
    "IngestionRun",
    "Instrument",
    "InstrumentFeed",
    "QuarantinedRow",
    "QuoteSnapshot",
    "Tick",
    "TickRevision",
    "Watchlist",
    "WatchlistItem",
]
