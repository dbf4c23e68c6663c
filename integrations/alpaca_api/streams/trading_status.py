"""Whether instruments trade, told when it changes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from integrations.alpaca_api.data_json import TAPE
from integrations.alpaca_api.streams.feed_wire import Message
from market import sessions
from market.models import Instrument
from trading.models import TradingHalt

# Of the consolidated tape: https://docs.alpaca.markets/docs/real-time-stock-pricing-data
TRADING: Final = {"sc": "T", "sm": "Trading Resumption"}
STOPPED: Final = {"sc": "H", "sm": "Trading Halt"}
# The tape's own words for a halt that staff called; the reason is theirs.
CALLED: Final = "T1"


class StatusWatch:
    """Remembers what was so at the last look. An instrument seen for the first time is no news."""

    def __init__(self) -> None:
        self._trades: dict[int, bool] = {}

    def changes(self, instrument_ids: Collection[int], *, at: datetime) -> dict[int, Message]:
        """The status of each that trades since the last look, or has stopped since."""
        rows = Instrument.objects.filter(id__in=instrument_ids)
        exchanges = dict(rows.values_list("id", "exchange_id"))
        halts = TradingHalt.objects.standing().filter(instrument_id__in=instrument_ids)
        reasons = dict(halts.values_list("instrument_id", "reason"))
        is_open = {mic: sessions.is_open(at, mic) for mic in set(exchanges.values())}
        trades = {
            number: is_open[mic] and number not in reasons for number, mic in exchanges.items()
        }
        changed = {
            number: now for number, now in trades.items() if self._trades.get(number, now) != now
        }
        self._trades |= trades
        return {
            number: status_message(now, reason=reasons.get(number), at=at)
            for number, now in changed.items()
        }


def status_message(trades: bool, *, reason: str | None, at: datetime) -> Message:
    """``reason``: why staff halted it; ``None`` where its exchange opens or closes."""
    said = {"rc": "", "rm": ""} if reason is None else {"rc": CALLED, "rm": reason}
    return {**(TRADING if trades else STOPPED), **said, "t": at, "z": TAPE}
