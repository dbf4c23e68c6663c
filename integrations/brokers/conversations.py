"""What was asked of a broker and what it answered, as it is kept beside an adapter. Pure.

Nothing secret is kept: the words of the credentials, what an adapter names as secret or good for a
moment, and headers have stand-ins. A question is compared with a kept one without them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote

# Of a question, headers whose values are told; of an answer, those that are kept at all.
OPEN: Final = frozenset({"Accept", "Content-Type"})
TOLD: Final = re.compile(r"Content-Type|Retry-After|(X-)?Ratelimit-\w+", re.ASCII)
# They are the transport's, and say nothing of the question.
TRANSPORT: Final = frozenset(
    {"Host", "Connection", "Content-Length", "Accept-Encoding", "User-Agent"}
)
FORM: Final = "application/x-www-form-urlencoded"
# A shorter one would be found in what is no secret.
WORD_CHARACTERS: Final = 5

Facts = dict[str, Any]


def stand_in(name: str) -> str:
    return f"hidden-{name}"


def shape(word: str) -> str:
    """Its form without its content, so that a number stays one: ``U1234567`` is ``X1111111``."""
    return re.sub(r"[a-z]", "x", re.sub(r"[A-Z]", "X", re.sub(r"\d", "1", word)))


def traces_of(word: str) -> set[str]:
    """How a word may stand in a text: as it is, quoted, in hex, in base64 wherever it begins."""
    raw = word.encode()
    found = {word, json.dumps(word)[1:-1], quote(word, safe=""), raw.hex()}
    for lead in range(3):
        coded = base64.b64encode(bytes(lead) + raw).decode().rstrip("=")
        # Letters at its ends hold bits of what stands beside it.
        found.add(coded[(8 * lead + 5) // 6 : -1])
    return {word, *(trace for trace in found if len(trace) >= WORD_CHARACTERS)}


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is hidden: values under ``names``, and ``words`` wherever they stand."""

    names: frozenset[str]
    words: dict[str, str] = field(repr=False)  # with what stands for them

    def learn(self, answer: Any) -> None:
        """Hide from now on what an answer gives under one of the names, such as a session."""
        if isinstance(answer, dict):
            for name, value in answer.items():
                if name in self.names and isinstance(value, str) and len(value) >= WORD_CHARACTERS:
                    self.words[value] = stand_in(name)
                self.learn(value)
        elif isinstance(answer, list):
            for one in answer:
                self.learn(one)

    def question(self, asked: Facts) -> Facts:
        return self.hide(asked | {part: self._unnamed(asked[part]) for part in ("query", "body")})

    def hide(self, facts: Facts) -> Facts:
        text = json.dumps(facts, ensure_ascii=False)
        for word in sorted(self.words, key=len, reverse=True):
            for form in (word, quote(word, safe="")):
                text = text.replace(json.dumps(form, ensure_ascii=False)[1:-1], self.words[word])
        hidden: Facts = json.loads(text)
        return hidden

    def _unnamed(self, found: Any) -> Any:
        if isinstance(found, dict):
            return {
                name: stand_in(name) if name in self.names else self._unnamed(value)
                for name, value in found.items()
            }
        return [self._unnamed(one) for one in found] if isinstance(found, list) else found


def question(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> Facts:
    """A question as it is kept, its secrets still in it."""
    given = {name.title(): value for name, value in headers.items()}
    told = {name: value if name in OPEN else "hidden" for name, value in given.items()}
    return {
        "method": method,
        "path": path,
        "query": dict(query),
        "headers": {name: told[name] for name in sorted(told.keys() - TRANSPORT)},
        "body": readable(body, kind=given.get("Content-Type", "")),
    }


def answer(status: int, headers: Mapping[str, str], body: bytes) -> Facts:
    """An answer as it is kept, its secrets still in it."""
    told = {name: value for name, value in sorted(headers.items()) if TOLD.fullmatch(name)}
    return {"status": status, "headers": told, "body": readable(body)}


def readable(body: bytes, *, kind: str = "") -> Any:
    """A form or JSON as its values, where those say all of it; else the text; None of nothing."""
    text = body.decode(errors="replace")
    if kind.startswith(FORM):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        found = json.loads(text)
        is_exact = exact(json.dumps(found)) == exact(text)
    except ValueError:
        return text or None
    return found if isinstance(found, dict | list) and is_exact else text


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def written(body: Any) -> bytes:
    """The body of an answer as it was."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """An order that surely rests: it is placed, changed and cancelled."""

    symbol: str
    limit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """In the order it was led; the same questions at ``read_at`` get the same answers."""

    source: str  # where it comes from
    read_at: datetime
    since: datetime | None = None  # from when on was asked what happened
    order: TrialOrder | None = None
    credentials: Mapping[str, str]  # by name, with stand-ins for all but settings
    pairs: list[dict[str, Facts]]

    def to_json(self) -> str:
        """Pairs one to a line, as they are long."""
        head = {
            "source": self.source,
            "read_at": self.read_at.isoformat(),
            "since": self.since.isoformat() if self.since else None,
            "order": [self.order.symbol, str(self.order.limit_price)] if self.order else None,
            "credentials": dict(self.credentials),
        }
        top = [f' "{name}": {json.dumps(value)}' for name, value in head.items()]
        lines = [
            f'  {{"request": {json.dumps(pair["request"], ensure_ascii=False)},\n'
            f'   "response": {json.dumps(pair["response"], ensure_ascii=False)}}}'
            for pair in self.pairs
        ]
        pairs = ' "pairs": [\n' + ",\n".join(lines) + "\n ]" if lines else ' "pairs": []'
        return "{\n" + ",\n".join([*top, pairs]) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        found = json.loads(text)
        order = found["order"]
        return cls(
            source=found["source"],
            read_at=datetime.fromisoformat(found["read_at"]),
            since=datetime.fromisoformat(found["since"]) if found["since"] else None,
            order=TrialOrder(order[0], Decimal(order[1])) if order else None,
            credentials=found["credentials"],
            pairs=found["pairs"],
        )
