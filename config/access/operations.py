"""Every operation of the API, with the scope it asks for and the fields that name something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ninja import NinjaAPI

from accounts.api_keys import Scope
from accounts.auth import KeyAuth
from accounts.policies import reason_of
from accounts.roles import Role
from config.access.slots import names_a_row

PATH_PARAMETER: Final = re.compile(r"\{(?:\w+:)?(\w+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. Its guard is a scope, or a reason why it has none."""

    method: str
    path: str  # below the API's root, as Ninja writes it
    view: Callable[..., Any]
    scope: Scope | None
    role: Role | None  # the least one needed in what is shared
    open_because: str
    parameters: tuple[str, ...]  # in the path
    fields: tuple[str, ...]  # of query, form and body, those that name something

    @property
    def is_declared(self) -> bool:
        return self.scope is not None or bool(self.open_because)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations(api: NinjaAPI) -> Iterator[Operation]:
    """Every operation, those of routers within routers too."""
    for router in api._get_bound_routers():  # Ninja lists them nowhere else
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield read_operation(method, router.prefix + path, operation)


def read_operation(method: str, path: str, operation: Any) -> Operation:
    guards = operation.auth_callbacks
    is_key = len(guards) == 1 and isinstance(guards[0], KeyAuth)
    return Operation(
        method=method,
        path=path,
        view=operation.view_func,
        scope=guards[0].scope if is_key else None,
        role=guards[0].role if is_key else None,
        open_because="" if guards else reason_of(operation.view_func),
        parameters=tuple(PATH_PARAMETER.findall(path)),
        fields=tuple(sorted(filter(names_a_row, field_names(operation)))),
    )


def field_names(operation: Any) -> set[str]:
    """The names of all fields in query, form and body, however deep they stand."""
    names: set[str] = set()
    for model in operation.models:
        if model.__ninja_param_source__ in {"path", "header", "cookie"}:
            continue
        schema = model.model_json_schema()
        for part in (schema, *schema.get("$defs", {}).values()):
            names |= set(part.get("properties", {}))
    return names
