"""Who hears what of the data sockets. Pure.

Prices come far more often than subscriptions change, so the work is done when one changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol

from integrations.alpaca_api.streams.feed_wire import Message
from integrations.alpaca_api.streams.subscriptions import CHANNELS, Subscriptions


class Subscriber(Protocol):
    """A data socket, as the feed sees it."""

    subscriptions: Subscriptions

    def offer(self, message: Message) -> None:
        """Send it with whatever else is due; never waits."""


class Audience:
    """For each channel and instrument the subscribers that named it, and those that take all."""

    def __init__(self) -> None:
        self._named: defaultdict[tuple[str, int], dict[Subscriber, str]] = defaultdict(dict)
        self._takes_all: dict[str, dict[Subscriber, None]] = {name: {} for name in CHANNELS}
        self._places: dict[Subscriber, list[tuple[str, int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._places)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._places)

    def note(self, subscriber: Subscriber) -> None:
        """Take a subscriber in, or take notice that what he is subscribed to has changed."""
        self.forget(subscriber)
        places = self._places[subscriber] = []
        for channel in CHANNELS:
            if subscriber.subscriptions.takes_all(channel):
                self._takes_all[channel][subscriber] = None
            for number, address in subscriber.subscriptions.addresses(channel).items():
                self._named[channel, number][subscriber] = address
                places.append((channel, number))

    def forget(self, subscriber: Subscriber) -> None:
        """Do nothing more for him; of one who is not there nothing is to be forgotten."""
        for place in self._places.pop(subscriber, ()):
            self._named[place].pop(subscriber)
            if not self._named[place]:
                del self._named[place]
        for subscribers in self._takes_all.values():
            subscribers.pop(subscriber, None)

    def hearers(
        self, channel: str, instrument_id: int, *, usual: str
    ) -> Iterator[tuple[Subscriber, str]]:
        """Each with the address by which he calls the instrument, ``usual`` where he named none."""
        named = self._named.get((channel, instrument_id), {})
        yield from named.items()
        for subscriber in self._takes_all[channel]:
            if subscriber not in named:
                yield subscriber, usual
