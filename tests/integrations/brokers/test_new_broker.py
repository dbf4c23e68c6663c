"""A new adapter is one folder, and nothing else knows its name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations import brokers
from integrations.brokers.adapters import catalogue
from integrations.brokers.conversations import Conversation
from integrations.brokers.cutting import CannotCut, cut
from integrations.brokers.playing import play
from integrations.brokers.rehearsing import World, rehearsal_of, rehearsing
from tests.integrations.brokers.conformance.recordings import signed_in, unclaimed
from trading.broker_errors import NotSupported

NAME = "acme_invest"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another place where brokers' folders are."""
    monkeypatch.setattr(brokers, "__path__", [*brokers.__path__, str(tmp_path)])
    catalogue.cache_clear()
    yield tmp_path
    catalogue.cache_clear()
    for name in [one for one in sys.modules if NAME in one]:
        del sys.modules[name]


def test_a_folder_that_was_cut_is_found_and_claims_nothing(folders: Path) -> None:
    call_command("new_broker", NAME, "Acme Invest", into=folders, verbosity=0)
    adapter = catalogue()[NAME]
    assert (adapter.title, adapter.reads, adapter.capabilities.trades) == ("Acme Invest", [], False)
    with rehearsing(rehearsal_of(NAME)(World())) as vendor:
        session = signed_in(adapter, vendor.url)
        calls = unclaimed(adapter, session)
        assert len(calls) == 4
        for call in calls:
            with pytest.raises(NotSupported):
                call()
        assert not vendor.asked


def test_what_it_recorded_is_what_it_reads(folders: Path) -> None:
    recorded = cut(name=NAME, title="Acme Invest", into=folders) / "recorded"
    conversation = Conversation.from_json((recorded / "conversation.json").read_text())
    expected = json.loads((recorded / "normalised.json").read_text())
    assert play(catalogue()[NAME], conversation) == expected == {}


def test_what_was_cut_is_written_as_the_rest_is(folders: Path) -> None:
    made = cut(name=NAME, title="Acme Invest", into=folders)
    # Where its own import sorts depends on its name; the formatter puts it there.
    for words in (["check", "--ignore", "I001"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--config", "pyproject.toml", str(made)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "title"),
    [("Acme", "Acme"), ("a", "Acme"), ("../acme", "Acme"), ("acme", ""), ("acme", 'A"B')],
)
def test_what_cannot_be_a_broker_is_refused(tmp_path: Path, name: str, title: str) -> None:
    with pytest.raises(CannotCut):
        cut(name=name, title=title, into=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    cut(name=NAME, title="Acme Invest", into=tmp_path)
    with pytest.raises(CommandError, match="there already"):
        call_command("new_broker", NAME, "Another", into=tmp_path)
