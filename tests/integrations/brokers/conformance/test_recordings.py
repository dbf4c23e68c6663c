"""The conversation beside each adapter: led again word for word, and recorded without secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from integrations.brokers.adapters import Adapter, catalogue
from integrations.brokers.conversations import Conversation, Hiding, TrialOrder, shape
from integrations.brokers.playing import ConversationDiffers, Unpaced, play
from integrations.brokers.rehearsing import Asked, Rehearsal, Told, World, rehearsal_of, rehearsing
from integrations.brokers.taping import SecretLeft, Wanted, record
from tests.integrations.brokers.conformance.conftest import history
from tests.integrations.brokers.conformance.recordings import NOW, conversation_of, recorded
from trading.brokers import BrokerPosition

UNPACED = Unpaced(UUID(int=78), 0, sleep=lambda _: None)
Change = Callable[[dict[str, Any]], None]


def test_it_is_led_word_for_word_and_read_as_before(adapter: Adapter) -> None:
    expected = json.loads((recorded(adapter) / "normalised.json").read_text())
    conversation = conversation_of(adapter)
    assert play(adapter, conversation) == expected
    claimed = adapter.capabilities
    assert set(expected) - {"trial"} == {
        {"cash": "account"}.get(reading, reading.value) for reading in claimed.reads
    }
    assert ("trial" in expected) is claimed.trades
    for pair in conversation.pairs:
        assert set(pair["request"]) == {"method", "path", "query", "headers", "body"}
        assert set(pair["response"]) == {"status", "headers", "body"}


@pytest.fixture
def alpaca() -> Adapter:
    return catalogue()["alpaca"]


def ask_elsewhere(request: dict[str, Any]) -> None:
    request["path"] += "x"


def ask_otherwise(request: dict[str, Any]) -> None:
    request["method"] = "PUT"


def ask_for_more(request: dict[str, Any]) -> None:
    request["query"]["more"] = "1"


def say_something_else(request: dict[str, Any]) -> None:
    request["headers"]["Accept"] = "text/plain"


def send_another_body(request: dict[str, Any]) -> None:
    request["body"] = {"qty": "2"}


@pytest.mark.parametrize(
    "change",
    [ask_elsewhere, ask_otherwise, ask_for_more, say_something_else, send_another_body],
)
def test_a_question_that_differs_fails(alpaca: Adapter, change: Change) -> None:
    conversation = conversation_of(alpaca)
    change(conversation.pairs[-1]["request"])
    with pytest.raises(ConversationDiffers, match=r"Question 11 differs: \w+ was .*, must be"):
        play(alpaca, conversation)


def test_what_is_not_asked_or_out_of_turn_fails(alpaca: Adapter) -> None:
    conversation = conversation_of(alpaca)
    pairs = conversation.pairs
    with pytest.raises(ConversationDiffers, match="was not asked GET"):
        play(alpaca, replace(conversation, pairs=[*pairs, pairs[-1]]))
    with pytest.raises(ConversationDiffers, match="none was kept"):
        play(alpaca, replace(conversation, pairs=pairs[:-1]))
    with pytest.raises(ConversationDiffers, match="Question 1 differs"):
        play(alpaca, replace(conversation, pairs=[*pairs[1:], pairs[0]]))


@pytest.fixture
def vendor(adapter: Adapter, settings: Settings) -> Iterator[Rehearsal]:
    position = BrokerPosition("AAPL", Decimal(7), currency="USD", unit_cost=Decimal("100.25"))
    world = World(happenings=history(3), positions=[position])
    with rehearsing(rehearsal_of(adapter.name)(world)) as made:
        made.clock = NOW.timestamp
        settings.BROKER_URLS = {adapter.name: made.url, f"{adapter.name}-sandbox": made.url}
        yield made


def test_what_is_recorded_has_no_secret_and_is_played(adapter: Adapter, vendor: Rehearsal) -> None:
    order = TrialOrder("AAPL", Decimal("1.00")) if adapter.capabilities.trades else None
    wanted = Wanted(order=order, is_sandbox=bool(adapter.sandbox_url))
    made = record(adapter, vendor.credentials, wanted, pacing=UNPACED, at=NOW)
    text = made.to_json()
    names = {one.name for one in adapter.credentials if not one.is_setting}
    for name in names & vendor.credentials.keys():
        assert vendor.credentials[name] not in text
    for told in secrets_of(vendor):
        assert told not in text
    read = play(adapter, Conversation.from_json(text))
    assert len(read["activities"]) == 3
    assert ("trial" in read) is adapter.capabilities.trades


def secrets_of(vendor: Rehearsal) -> set[str]:
    """What each question was signed by."""
    open_names = {"Accept", "Content-Type", "User-Agent", "Host", "Connection"}
    return {
        value
        for asked in vendor.asked
        for name, value in asked.headers.items()
        if name not in open_names and len(value) > 8
    }


@pytest.mark.parametrize("adapter", ["alpaca"], indirect=True)
def test_an_operator_records_his_own(
    vendor: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter(vendor.credentials.values())
    asked: list[str] = []

    def tell(prompt: str) -> str:
        asked.append(prompt)
        return next(given)

    monkeypatch.setattr("builtins.input", tell)
    monkeypatch.setattr("integrations.management.commands.record_broker.getpass", tell)
    words = ["--sandbox", "--order", "AAPL@1.00", "--since", "2025-01-01", "--hide", "Jane Doe"]
    call_command("record_broker", "alpaca", *words, into=tmp_path, verbosity=0)
    assert asked == ["Key id: ", "Secret key: "]
    made = Conversation.from_json((tmp_path / "conversation.json").read_text())
    assert made.source == "Recorded at Alpaca, sandbox."
    read = json.loads((tmp_path / "normalised.json").read_text())
    assert read["trial"]["refused"] == {"rejected": "broker_symbol_unknown"}
    assert read["account"]["id"] == "111111XXXX"
    with pytest.raises(CommandError, match="sandbox"):
        call_command("record_broker", "alpaca", "--order", "AAPL@1.00", into=tmp_path)
    for order in ("AAPL", "@1", "AAPL@0", "AAPL@NaN", "AAPL@a"):
        with pytest.raises(CommandError, match="is no order"):
            call_command("record_broker", "alpaca", "--sandbox", "--order", order)


@pytest.mark.parametrize("adapter", ["alpaca"], indirect=True)
def test_what_tells_a_secret_in_other_words_is_not_kept(
    adapter: Adapter, vendor: Rehearsal
) -> None:
    said = base64.b64encode(":".join(vendor.credentials.values()).encode()).decode()

    def repeat(asked: Asked, answer: Callable[[Asked], Told]) -> Told | None:
        if asked.path != "/v2/account":
            return None
        return Told(200, answer(asked).body | {"you": said})

    vendor.faults.append(repeat)
    with pytest.raises(SecretLeft, match="api_secret"):
        record(adapter, vendor.credentials, Wanted(), pacing=UNPACED, at=NOW)


def test_words_are_hidden_wherever_they_stand() -> None:
    hiding = Hiding(frozenset({"session"}), {"p/w 1": "hidden-password", "U1234567": "X1111111"})
    hiding.learn({"deep": [{"session": "abcdef"}]})
    facts = {
        "path": "/p%2Fw%201/abcdef",
        "query": {"session": "old", "q": "p/w 1"},
        "headers": {},
        "body": {"number": "U1234567", "in": ["say p/w 1"]},
    }
    assert hiding.question(facts) == {
        "path": "/hidden-password/hidden-session",
        "query": {"session": "hidden-session", "q": "hidden-password"},
        "headers": {},
        "body": {"number": "X1111111", "in": ["say hidden-password"]},
    }
    assert shape("51234567") == "11111111"
