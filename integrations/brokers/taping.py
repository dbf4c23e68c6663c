"""Leading a conversation with a broker, and keeping it without its secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from accounts.errors import HoldfastError
from integrations.brokers.adapters import Adapter
from integrations.brokers.conversations import (
    WORD_CHARACTERS,
    Conversation,
    Facts,
    Hiding,
    TrialOrder,
    answer,
    question,
    shape,
    stand_in,
    traces_of,
)
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing
from integrations.brokers.reading_out import read_out, try_orders
from integrations.http import Answer


class SecretLeft(HoldfastError):
    """Something secret would be kept."""

    code = "secret_left_in_recording"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a conversation is to be about, and what besides its secrets is hidden in it."""

    since: datetime | None = None
    order: TrialOrder | None = None
    is_sandbox: bool = False
    hidden: tuple[str, ...] = ()  # names, numbers of accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class TapedLine(Line):
    """Keeps what is asked and answered, secrets and all, for as long as it lives."""

    pairs: list[dict[str, Facts]] = field(default_factory=list, repr=False)

    def send(self, method: str, path: str, *, headers: Mapping[str, str], content: bytes) -> Answer:
        found = Line.send(self, method, path, headers=headers, content=content)
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = question(method, parts.path, query, headers, content)
        told = answer(found.status, found.headers, found.body)
        self.pairs.append({"request": asked, "response": told})
        return found


def hiding_of(adapter: Adapter, credentials: Mapping[str, str]) -> Hiding:
    words = {
        value: stand_in(name)
        for name, value in credentials.items()
        if value and name not in adapter.setting_names
    }
    return Hiding(adapter.hidden, words)


def record(
    adapter: Adapter,
    credentials: Mapping[str, str],
    wanted: Wanted,
    *,
    pacing: AccountPacing,
    at: datetime,
) -> Conversation:
    """Ask for everything that the adapter claims, and keep question and answer.

    Raises:
        BrokerError: the broker refuses, or stays unclear; nothing is kept.
        SecretLeft: a word of the credentials would be kept.
    """
    line = TapedLine(
        title=adapter.title,
        url=adapter.url_of(is_sandbox=wanted.is_sandbox),
        pacing=pacing,
        clock=at.timestamp,
    )
    session = adapter.sign_in(line, credentials)
    found = read_out(adapter, session, since=wanted.since)
    if wanted.order is not None:
        try_orders(adapter, session, wanted.order, at=at)
    account_id = found.get("account", {}).get("id", "")
    hiding = hiding_of(adapter, credentials)
    told = {credentials[name] for name in adapter.setting_names & credentials.keys()}
    for word in {account_id, *wanted.hidden} - told:
        if len(word) >= WORD_CHARACTERS:
            hiding.words.setdefault(word, shape(word))
    made = Conversation(
        source=f"Recorded at {adapter.title}{', sandbox' if wanted.is_sandbox else ''}.",
        read_at=at,
        since=wanted.since,
        order=wanted.order,
        credentials={
            name: hiding.words.get(value, value) for name, value in credentials.items() if value
        },
        pairs=tidied(line.pairs, hiding),
    )
    refuse_secrets(made, credentials, hiding)
    return made


def tidied(pairs: Iterable[dict[str, Facts]], hiding: Hiding) -> list[dict[str, Facts]]:
    """Without what is hidden; what an answer gives to be hidden, later questions hide, too."""
    found = []
    for pair in pairs:
        hiding.learn(pair["response"]["body"])
        asked, told = hiding.question(pair["request"]), hiding.hide(pair["response"])
        found.append({"request": asked, "response": told})
    return found


def refuse_secrets(made: Conversation, credentials: Mapping[str, str], hiding: Hiding) -> None:
    """Raises:
    SecretLeft: a word of the credentials would be kept.
    """
    text = made.to_json()
    left = [
        name
        for name, value in credentials.items()
        if value in hiding.words and any(trace in text for trace in traces_of(value))
    ]
    if left:
        raise SecretLeft(f"{', '.join(left)} would be readable in what is kept; nothing is.")
