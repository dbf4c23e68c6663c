"""The OpenAPI document and its page."""

import json
import re
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import jsonschema_rs
import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pydantic import BaseModel

from config.api import api


def test_the_document_is_openapi_3_1_and_names_every_path(anonymous: Client) -> None:
    document = anonymous.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/orders", "/api/v1/me", "/api/v1/portfolios/{portfolio_id}/positions"} <= set(
        document["paths"]
    )
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert not [path for path in document["paths"] if path.endswith("/")]


@cache
def the_document() -> dict[str, Any]:
    """As programs read it."""
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    found: dict[str, Any] = json.loads(json.dumps(schema))
    return found


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    schema = the_document()
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_is_described_guarded_and_named_once() -> None:
    found = operations()
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names))
    for path, method, operation in found:
        # What programs made from the document call it: a verb and a noun.
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), (method, path)
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert operation["tags"], (method, path)
        is_open = any(part in path for part in ("/health/", "/auth/", "/shared/"))
        assert "security" in operation or is_open, (method, path)


def test_failures_are_documented_as_problems() -> None:
    document = the_document()
    for path, method, operation in operations():
        found = {
            str(status): resolved(document, response)
            for status, response in operation["responses"].items()
        }
        assert {"default", "400", "500", "503", "504"} <= set(found), (method, path)
        if "security" in operation:
            assert {"401", "403", "429"} <= set(found), (method, path)
        for status, response in found.items():
            if status == "default" or (status >= "400" and "/health/" not in path):
                assert list(response["content"]) == ["application/problem+json"], (method, path)


def resolved(document: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to."""
    while "$ref" in found:
        target: Any = document
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found = target
    return found


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Where an example stands, its schema, and the example."""
    document = the_document()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            place = f"{method} {path}"
            for found in operation["parameters"]:
                parameter = resolved(document, found)
                if parameter["name"] != "cursor":  # nobody can make one up
                    yield f"{place} {parameter['name']}", parameter["schema"], parameter["example"]
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{place} {kind}", body["schema"], body["example"]
            for status, found in operation["responses"].items():
                response = resolved(document, found)
                for header in map(partial(resolved, document), response["headers"].values()):
                    yield f"{place} {status} header", header["schema"], header["example"]
                for kind, content in response.get("content", {}).items():
                    if "schema" in content:
                        yield f"{place} {status} {kind}", content["schema"], content["example"]


def test_every_example_is_what_its_schema_says() -> None:
    document = the_document()
    # The same failures are answered everywhere; each is looked at once.
    different = {
        json.dumps([schema, example], sort_keys=True): (place, schema, example)
        for place, schema, example in examples()
    }
    for place, schema, example in different.values():
        root = {**schema, "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
        wrong = [error.message for error in validator.iter_errors(example)]
        assert wrong == [], (place, example)
    assert len(different) > 100


def test_every_operation_shows_an_example_of_its_success() -> None:
    for path, method, operation in operations():
        for status, response in operation["responses"].items():
            if str(status) < "300" and str(status) != "204":
                assert response["content"], (method, path)
                for content in response["content"].values():
                    assert "example" in content or "schema" not in content, (method, path)


def test_every_parameter_is_described() -> None:
    document = the_document()
    for path, method, operation in operations():
        names = []
        for found in operation["parameters"]:
            parameter = resolved(document, found)
            names.append(parameter["name"])
            assert parameter["description"], (method, path, parameter["name"])
        assert "X-Request-ID" in names
        assert len(names) == len(set(names))


def test_the_key_of_a_repeatable_request_is_said_to_be_needed() -> None:
    needed = {
        operation["operationId"]
        for _, _, operation in operations()
        for parameter in operation["parameters"]
        if parameter.get("name") == "Idempotency-Key" and parameter["required"]
    }
    assert {"place_order", "record_activity"} <= needed
    assert "create_watchlist" not in needed


def test_bodies_carry_an_example() -> None:
    schema = the_document()
    for name in (
        "OrderIn",
        "PortfolioIn",
        "ActivityIn",
        "SymbolsIn",
        "ApiKeyIn",
        "WatchlistIn",
        "SignInIn",
    ):
        assert schema["components"]["schemas"][name]["example"], name


OTHERS = "integrations.alpaca_api."  # it has no document of ours
OWN = ("accounts.", "market.", "portfolio.", "trading.", "integrations.", "config.")


def test_every_schema_has_a_name_of_its_own() -> None:
    """Of two with one name the document would show one, for both."""
    the_document()  # loads them all
    modules: dict[str, set[str]] = {}
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.startswith(OWN) and not found.__module__.startswith(OTHERS):
            modules.setdefault(found.__name__, set()).add(found.__module__)
    assert len(modules) > 100
    assert {name: of for name, of in modules.items() if len(of) > 1} == {}


def test_the_key_is_documented_in_both_headers() -> None:
    schemes = the_document()["components"]["securitySchemes"]
    assert {("http", "bearer"), ("apiKey", "header")} == {
        (scheme["type"], scheme.get("scheme") or scheme["in"]) for scheme in schemes.values()
    }


@pytest.mark.django_db
def test_the_page_needs_nothing_from_elsewhere_and_no_inline_script(anonymous: Client) -> None:
    response = anonymous.get("/api/v1/docs")
    assert response.status_code == 200
    page = response.content.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/static/")
        assert finders.find(address.removeprefix("/static/")), address
    for attributes in re.findall(r"<script([^>]*)>", page):
        assert "src=" in attributes or 'type="application/json"' in attributes
    assert "unsafe" not in response["Content-Security-Policy"]
