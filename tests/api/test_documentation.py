"""The OpenAPI document and its page."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from config.api import api


def test_the_document_is_openapi_3_1_and_names_every_path(anonymous: Client) -> None:
    document = anonymous.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/api/v1/orders", "/api/v1/me", "/api/v1/portfolios/{portfolio_id}/positions"} <= set(
        document["paths"]
    )
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    assert not [path for path in document["paths"] if path.endswith("/")]


def operations() -> list[tuple[str, str, dict[str, object]]]:
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
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
        assert operation["description"], (method, path)
        assert operation["tags"], (method, path)
        is_open = "/health/" in path or "/auth/" in path
        assert "security" in operation or is_open, (method, path)


def test_failures_are_documented_as_problems() -> None:
    for path, method, operation in operations():
        responses = operation["responses"]
        assert isinstance(responses, dict)
        assert "application/problem+json" in responses["default"]["content"], (method, path)


def test_bodies_carry_an_example() -> None:
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
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


def test_the_key_is_documented_in_both_headers() -> None:
    schemes = api.get_openapi_schema(path_prefix="/api/v1/")["components"]["securitySchemes"]
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
