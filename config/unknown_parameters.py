"""Refuses parameters of an address that its operation does not know, as bodies refuse fields."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.params.models import QueryModel
from pydantic import ConfigDict

QUERY: Final = "query"


class NothingElse(QueryModel):
    """Reads of a query what no other model of the operation reads, and takes none of it."""

    model_config = ConfigDict(extra="forbid")
    __ninja_param_source__ = QUERY  # type: ignore[assignment]
    __ninja_flatten_map__: ClassVar[dict[str, tuple[str, ...]]] = {}
    __ninja_flatten_map_reverse__: ClassVar[dict[tuple[str, ...], tuple[str, ...]]] = {}
    known: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def get_request_data(
        cls,
        request: HttpRequest,
        api: NinjaAPI,  # noqa: ARG003 -- Ninja's signature
        path_params: dict[str, Any],  # noqa: ARG003
    ) -> dict[str, Any]:
        return {name: value for name, value in request.GET.items() if name not in cls.known}


def refuse_unknown_parameters(operation: Operation) -> None:
    """Have the operation name each parameter it does not know among what is wrong: 422.

    Asked together with its other parameters, so after who asks is known. Doing it again changes
    nothing.
    """
    if any(issubclass(model, NothingElse) for model in operation.models):
        return
    queries = [it for it in operation.models if it.__ninja_param_source__ == QUERY]
    known = frozenset(name for model in queries for name in model.__ninja_flatten_map__)
    model = type("NothingElse", (NothingElse,), {"known": known, "__module__": __name__})
    # A list of its own, because Ninja shares it with the same operation elsewhere.
    operation.models = [*operation.models, model]
