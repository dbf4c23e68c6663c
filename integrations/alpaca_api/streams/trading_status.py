"""Whether instruments trade, told when it changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from integrations.alpaca_api.data_json import TAPE
from integrations.alpaca_api.streams.feed_wire import Message
from market import sessions
from market.models import Instrument

# Of the consolidated tape: https://docs.alpaca.markets/docs/real-time-stock-pricing-data
TRADING: Final = {"sc": "T", "sm": "Trading Resumption"}
STOPPED: Final = {"sc": "H", "sm": "Trading Halt"}


class StatusWatch:
    """Remembers what was so at the last look."""

    def __init__(self) -> None:
        self._trades: dict[int, bool] = {}

    def changes(self, instrument_ids: Collection[int], *, at: datetime) -> dict[int, Message]:
        """The status of each that trades since the last look, or has stopped since."""
        rows = Instrument.objects.filter(id__in=instrument_ids)
        exchanges = dict(rows.values_list("id", "exchange_id"))
        is_open = {mic: sessions.is_open(at, mic) for mic in set(exchanges.values())}
        trades = {number: is_open[mic] for number, mic in exchanges.items()}
        changed = {
            number: now for number, now in trades.items() if self._trades.get(number, now) != now
        }
        self._trades |= trades
        return {number: status_message(now, at=at) for number, now in changed.items()}


def status_message(trades: bool, *, at: datetime) -> Message:
    return {**(TRADING if trades else STOPPED), "rc": "", "rm": "", "t": at, "z": TAPE}
