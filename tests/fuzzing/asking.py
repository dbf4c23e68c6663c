"""An administrator's requests to a running desk, each of which must succeed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import requests

from tests.support.desk import LiveDesk

TIMEOUT_SECONDS: Final = 60


@dataclass
class Asking:
    """What ``shared`` names is there to stay; everything else may be destroyed."""

    desk: LiveDesk
    keys: dict[str, str] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    shared: dict[str, str] = field(default_factory=dict)

    def number(self) -> int:
        return next(self.numbers)

    def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.keys['admin']}",
            "Idempotency-Key": f"world-{self.number()}",
        }
        answer = self.session.post(
            f"{self.desk.url}/api/v1{path}",
            json=body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            **more,
        )
        assert answer.ok, f"POST {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        answer = self.session.get(
            f"{self.desk.url}/api/v1{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.keys['admin']}"},
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.ok, f"GET {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def remove(self, name: str, path: str) -> None:
        if spare := self.shared.pop(name, None):
            self.session.delete(
                f"{self.desk.url}/api/v1{path}/{spare}",
                headers={"Authorization": f"Bearer {self.keys['admin']}"},
                timeout=TIMEOUT_SECONDS,
            )
