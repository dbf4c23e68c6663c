"""What an operation does not know in its address is told, and not passed over."""

from __future__ import annotations

import pytest
from django.test import Client

from config.access.operations import operations
from config.api import api as our_api
from config.unknown_parameters import NothingElse
from tests.api.clients import ApiClient, all_items, fields_in
from tests.api.test_failures_are_problems import assert_problem


@pytest.mark.parametrize(
    "path", ["/me", "/portfolios", "/quotes?symbols=AAPL", "/fills?format=json", "/health/live"]
)
def test_an_unknown_parameter_is_named(api: ApiClient, path: str) -> None:
    sign = "&" if "?" in path else "?"
    problem = assert_problem(api.get(f"{path}{sign}stauts=new"), 422, "invalid")
    assert [it for it in problem["errors"] if it["field"] == "stauts"] == [
        {
            "field": "stauts",
            "code": "extra_forbidden",
            "message": "Extra inputs are not permitted",
        }
    ]


def test_it_is_named_among_all_else_that_is_wrong(api: ApiClient) -> None:
    answer = api.get("/portfolios?limit=0&Limit=5")
    assert fields_in(answer) == {"limit": "greater_than_equal", "Limit": "extra_forbidden"}


def test_a_body_and_an_unknown_parameter_are_refused_together(api: ApiClient) -> None:
    answer = api.post("/watchlists?colour=red", {"name": "Mine", "size": 3})
    assert fields_in(answer) == {"colour": "extra_forbidden", "size": "extra_forbidden"}
    assert api.get("/watchlists").json()["items"] == []


def test_who_asks_comes_first(anonymous: Client) -> None:
    assert_problem(anonymous.get("/api/v1/me?nothing=1"), 401, "unauthenticated")


def test_known_parameters_are_all_taken(api: ApiClient) -> None:
    assert api.get("/instruments", limit=2, search="a", sector="x").status_code == 200
    assert api.get("/fills", format="csv", limit=2).status_code == 200


def test_a_cursor_goes_on_with_its_own_parameters(api: ApiClient) -> None:
    for name in ("One", "Two"):
        assert api.post("/watchlists", {"name": name}).status_code == 201
    assert len(all_items(api, "/watchlists", limit=1)) == 2


def test_every_operation_has_it() -> None:
    assert our_api.urls
    lists = [
        operation.models
        for router in our_api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    assert len(lists) == sum(1 for _ in operations(our_api))
    assert all(sum(issubclass(it, NothingElse) for it in models) == 1 for models in lists)
