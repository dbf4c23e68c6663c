"""Whoever is subscribed hears, by the name he used, whatever he changed before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.alpaca_api.streams.audience import Audience
from integrations.alpaca_api.streams.feed_wire import Message
from integrations.alpaca_api.streams.subscriptions import ALL, Subscriptions

IDS = {"AAPL": 1, "XNAS:AAPL": 1, "MSFT": 2}
CHANNELS = ("trades", "bars")


class Socket:
    def __init__(self) -> None:
        self.subscriptions = Subscriptions()

    def offer(self, message: Message) -> None:
        del message


changes = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["add", "remove", "leave"]),
    st.sampled_from(CHANNELS),
    st.sampled_from([ALL, *IDS]),
)


@given(st.lists(changes, max_size=25))
def test_exactly_the_subscribed_hear(steps: list[tuple[int, str, str, str]]) -> None:
    sockets = [Socket() for _ in range(3)]
    there: set[Socket] = set()
    audience = Audience()
    for number, act, channel, address in steps:
        socket = sockets[number]
        if act == "leave":
            audience.forget(socket)
            there.discard(socket)
            continue
        if act == "add":
            socket.subscriptions.add({channel: [address]}, IDS)
        else:
            socket.subscriptions.remove({channel: [address]})
        audience.note(socket)
        there.add(socket)

    assert set(audience) == there
    for channel in CHANNELS:
        for instrument_id in (1, 2, 3):
            heard = dict(audience.hearers(channel, instrument_id, usual="usual"))
            assert set(heard) == {it for it in there if takes(it, channel, instrument_id)}
            for hearer, address in heard.items():
                named = hearer.subscriptions.listed()[channel]
                assert address in named if IDS.get(address) else address == "usual"


def takes(socket: Socket, channel: str, instrument_id: int) -> bool:
    named = socket.subscriptions.listed()[channel]
    return ALL in named or any(IDS.get(address) == instrument_id for address in named)
