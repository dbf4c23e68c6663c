"""The operations of the API as its document lists them, with names filled into their addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from config.api import api

NOBODYS: Final = "0198c0de-0000-7000-8000-000000000000"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str  # without the version, names filled in
    is_guarded: bool
    body_type: str  # empty where it takes none
    other_methods: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@cache
def all_operations() -> tuple[Operation, ...]:
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    return tuple(
        Operation(
            method=method.upper(),
            path=re.sub(r"{[^}]*}", NOBODYS, path.removeprefix("/api/v1")),
            is_guarded="security" in found,
            body_type=next(iter(found.get("requestBody", {}).get("content", {})), ""),
            other_methods=tuple(other for other in METHODS if other.lower() not in methods),
        )
        for path, methods in schema["paths"].items()
        for method, found in methods.items()
    )


def with_body() -> list[Any]:
    return [it for it in all_operations() if it.body_type]
