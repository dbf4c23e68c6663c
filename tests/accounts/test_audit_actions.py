"""Every action that some operation records stands in docs/audit.md, and nothing else does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

ROOT: Final = Path(settings.BASE_DIR)
APPS: Final = ("accounts", "market", "portfolio", "trading", "integrations", "config")
LISTED: Final = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| .+ \|$", re.MULTILINE)


def recorded_actions() -> Iterator[tuple[str, str]]:
    """Each ``audit.record(action=…)``, with where it stands; ``?`` where it is no plain text."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                    action = next(word.value for word in node.keywords if word.arg == "action")
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield from ((text, place) for text in texts(action))


def texts(action: ast.expr) -> Iterator[str]:
    if isinstance(action, ast.Constant) and isinstance(action.value, str):
        yield action.value
    elif isinstance(action, ast.IfExp):
        yield from texts(action.body)
        yield from texts(action.orelse)
    else:
        yield "?"


def test_every_action_is_written_down() -> None:
    found = dict(recorded_actions())
    assert "?" not in found, f"{found['?']}: name the action in the call, so that it can be found"
    listed = set(LISTED.findall((ROOT / "docs" / "audit.md").read_text()))
    assert {action: place for action, place in found.items() if action not in listed} == {}
    assert listed - set(found) == set()
