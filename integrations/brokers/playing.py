"""A kept conversation led again: whoever asks must ask the same, in the same order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from accounts.errors import HoldfastError
from accounts.identifiers import new_id
from integrations.brokers.adapters import Adapter
from integrations.brokers.conversations import Conversation, Facts, question, written
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing, Pace
from integrations.brokers.reading_out import read_out, try_orders
from integrations.brokers.rehearsing import Asked, Rehearsal, Told, World, rehearsal_of, rehearsing
from integrations.brokers.taping import hiding_of
from integrations.http import Answer
from trading.broker_errors import BrokerError

TEAPOT = 418


class ConversationDiffers(HoldfastError):
    """The adapter does not ask what was asked when the conversation was kept."""

    code = "conversation_differs"


@dataclass(frozen=True, slots=True)
class Unpaced(AccountPacing):
    """Nobody is to be spared here."""

    def wait(self, pace: Pace) -> None:
        """At once."""

    def hear(self, answer: Answer, *, now: float) -> None:
        """Whatever it asks."""

    def rest(self, seconds: float) -> None:
        """Not at all."""


class Played(Rehearsal):
    """Answers the next question as it was answered, if it is the next question."""

    def __init__(self, adapter: Adapter, conversation: Conversation) -> None:
        super().__init__(World())
        # Of the form that the vendor knows, so that questions can be signed by them.
        known = rehearsal_of(adapter.name).credentials
        kept = conversation.credentials
        self.credentials = {
            name: value if name in adapter.setting_names else known.get(name, value)
            for name, value in kept.items()
        }
        self.hiding = hiding_of(adapter, self.credentials)
        self.left = list(conversation.pairs)
        self.difference = ""

    def lets_in(self, asked: Asked) -> bool:
        return True

    def placed_orders(self) -> list[str]:
        return []

    def answer(self, asked: Asked) -> Told:
        found = self.hiding.question(
            question(asked.method, asked.path, asked.query, asked.headers, asked.body)
        )
        expected = self.left[0]["request"] if self.left else None
        if found != expected:
            self.difference = self.difference or difference(len(self.asked), found, expected)
            return Told(TEAPOT, b"")
        told = self.left.pop(0)["response"]
        return Told(told["status"], written(told["body"]), told["headers"])


def difference(place: int, found: Facts, expected: Facts | None) -> str:
    if expected is None:
        return f"Question {place} was {json.dumps(found)}, and none was kept."
    names = [name for name in expected if found[name] != expected[name]]
    said = ", ".join(
        f"{name} was {json.dumps(found[name])}, must be {json.dumps(expected[name])}"
        for name in names
    )
    return f"Question {place} differs: {said}."


def play(adapter: Adapter, conversation: Conversation) -> dict[str, Any]:
    """What the adapter makes of it; ``reading_out`` says what there is.

    Raises:
        BrokerError: what was answered cannot be read.
        ConversationDiffers: it asks something else, in another order, or not everything.
    """
    with rehearsing(Played(adapter, conversation)) as played:
        line = Line(
            adapter.title,
            played.url,
            Unpaced(new_id(), 0, sleep=lambda _: None),
            clock=conversation.read_at.timestamp,
        )
        try:
            session = adapter.sign_in(line, played.credentials)
            found = read_out(adapter, session, since=conversation.since)
            if conversation.order is not None:
                at = conversation.read_at
                found["trial"] = try_orders(adapter, session, conversation.order, at=at)
        except BrokerError as error:
            if played.difference:
                raise ConversationDiffers(played.difference) from error
            raise
    if played.left and not played.difference:
        asked = played.left[0]["request"]
        played.difference = f"It was not asked {asked['method']} {asked['path']}."
    if played.difference:
        raise ConversationDiffers(played.difference)
    return found
