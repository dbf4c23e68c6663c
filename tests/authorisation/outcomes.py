"""What came of a request, and the tally of a whole matrix."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.authorisation.person import Person

# Request ids, tokens against forged forms, nonces of scripts, times of day, ages of prices.
PASSING = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Za-z0-9]{64}\b"
    r"|nonce=\"[^\"]*\"|\b\d\d:\d\d(?::\d\d)?\b|>\d+ \w+ old<"
)


class Outcome(StrEnum):
    ALLOWED = "allowed"  # in, whatever became of the request then
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    SIGN_IN = "sent to sign in"


@dataclass
class Tally:
    """Counts combinations, and keeps what went otherwise than declared."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def compare(self, what: str, *, expected: Outcome, found: Outcome, detail: object) -> None:
        self.outcomes[expected] += 1
        if expected is not found:
            self.wrong.append(f"{what}: {expected} was declared, {found} was found ({detail})")

    def insist(self, what: str, condition: bool, complaint: str) -> None:
        if not condition:
            self.wrong.append(f"{what}: {complaint}")

    def report(self, name: str) -> None:
        """Print the count, and fail where anything leaked."""
        total = sum(self.outcomes.values())
        parts = ", ".join(f"{count:,} {kind}" for kind, count in self.outcomes.most_common())
        print(f"\n{name}: {total:,} combinations ({parts}), {len(self.wrong)} leaks")
        assert not self.wrong, "\n".join([*self.wrong[:40], f"… {len(self.wrong)} in all"])


def words_of(person: Person) -> set[str]:
    """What is in no answer to anybody else: his address, his names, the ids of what is his."""
    # A session's is a number like any other; the rest is everybody's.
    shared = {
        *("instrument", "instrument of the master", "corporate action", "text", "session"),
        *("quarantined row", "nightly export", "figure", "activity type"),
    }
    ids = {value for kind, value in person.values.items() if kind not in shared}
    return ids | {person.mark, str(person.user.id)}


def revealed(text: str, person: Person, *, asked: str) -> set[str]:
    """The words of a person that an answer holds, except the id that the question held."""
    return {word for word in words_of(person) if word != asked and word in text.replace(asked, "")}


def plain(content: bytes, asked: str) -> str:
    """An answer without the id asked for and without what differs from one request to the next."""
    text = content.decode(errors="replace").replace(asked, "ASKED")
    # Of a page what it is about; around it a clock runs.
    _, _, text = text.rpartition("<main")
    return PASSING.sub("PASSING", text)


def code_of(content: bytes) -> str:
    """The code of a problem+json; empty where it is none."""
    try:
        body: Any = json.loads(content)
    except ValueError:
        return ""
    return str(body.get("code", "")) if isinstance(body, dict) else ""
