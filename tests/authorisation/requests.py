"""Requests to the API that say something sensible, made from its own document."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from config.access.operations import PATH_PARAMETER, Operation
from config.access.slots import SLOTS
from config.api import api

ROOT: Final = "/api/v1"
CSV: Final = b"date,symbol,open,high,low,close,volume\n2025-01-02,AAPL,1,2,1,2,10\n"
# Where the document's example is for another kind of portfolio than everybody here has.
SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "POST /portfolios/{portfolio_id}/activities": {
        "kind": "deposit",
        "amount": "10",
        "currency": "USD",
        "occurred_at": "2026-01-31T15:30:00Z",
    },
    "POST /portfolios/{portfolio_id}/activities/batch": {
        "activities": [
            {"kind": "deposit", "amount": "10", "occurred_at": "2026-01-31T15:30:00Z"},
        ]
    },
    # Asked for his password, everybody here gives his own.
    "PUT /connections/{connection_id}/arming": {
        "password": "a-long-password",
        "order_value_maximum": "1000",
        "orders_a_day": 10,
    },
    # The one kind of alert that names a portfolio.
    "POST /alerts": {
        "symbol": "AAPL",
        "kind": "holding_gain_pct",
        "threshold": "700",
        "portfolio_id": "",
    },
    "PATCH /alerts/{alert_id}": {"threshold": "800", "portfolio_id": ""},
}

SALE: Final = {
    "kind": "sell",
    "occurred_at": "2026-01-31T15:30:00Z",
    "symbol": "AAPL",
    "quantity": "2",
    "unit_price": "120",
    "lots": [{"lot_id": "", "quantity": "2"}],
}
# What names a field deep within, which the sample above does not; and whose portfolio is for it.
DEEP: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST /portfolios/{portfolio_id}/activities", "lot_id"): SALE,
    ("POST /portfolios/{portfolio_id}/activities/batch", "lot_id"): {"activities": [SALE]},
    ("GET /portfolios/{portfolio_id}/explanations/{figure}", "lot_id"): {},
}
# Where a portfolio of the ledger's own market will not do.
FOR_TRACKED: Final = frozenset({"POST /connections"})
FOR_DEEP: Final = {"portfolio_id": "tracked portfolio"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, ready to be sent by whoever calls."""

    path: str
    body: bytes
    content_type: str


@cache
def document() -> dict[str, Any]:
    return dict(api.get_openapi_schema())


def described(operation: Operation) -> dict[str, Any]:
    path = address_of(operation).partition(" ")[2]
    # What the document leaves out takes nothing that it would describe.
    methods: dict[str, Any] = document()["paths"].get(ROOT + path, {})
    found: dict[str, Any] = methods.get(operation.method.lower(), {})
    return found


def ask(operation: Operation, values: dict[str, str], *, extra: str = "") -> Ask:
    """A request that should be well received from whoever owns the values.

    Args:
        values: by name of slot, for the path and for what the example's body names; and the
            kinds of ``FOR_DEEP``.
        extra: the name of a field of query or body to send as well.
    """
    if (address_of(operation), extra) in DEEP:
        values = values | {name: values[kind] for name, kind in FOR_DEEP.items()}
    path = PATH_PARAMETER.sub(lambda found: values[found[1]], operation.path)
    query = query_of(operation, values, extra)
    body, content_type = body_of(operation, values, extra)
    return Ask(ROOT + path + query, body, content_type)


def address_of(operation: Operation) -> str:
    """``POST /orders/{order_id}``, as the tables above name it."""
    return f"{operation.method} " + PATH_PARAMETER.sub(r"{\1}", operation.path)


def query_of(operation: Operation, values: dict[str, str], extra: str) -> str:
    parts = []
    for listed in described(operation).get("parameters", ()):
        found = resolve(listed)
        if found["in"] != "query":
            continue
        if found["name"] == extra:
            parts.append(f"{extra}={values[extra]}")
        elif found.get("required"):
            parts.append(f"{found['name']}={sample(found['schema'])}")
    return "?" + "&".join(parts) if parts else ""


def body_of(operation: Operation, values: dict[str, str], extra: str) -> tuple[bytes, str]:
    content = described(operation).get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        named = {"name": idempotency_key()} if "/indices" in operation.path else {}
        files = {"file": SimpleUploadedFile("prices.csv", CSV)} | named
        return encode_multipart(BOUNDARY, files), MULTIPART_CONTENT
    if not content:
        return b"", "application/json"
    schema = resolve(content["application/json"]["schema"])
    address = address_of(operation)
    known = DEEP.get((address, extra)) or SAMPLES.get(address)
    body = deepcopy(known or schema.get("example") or sample(schema))
    fill(body, values)
    if extra in schema.get("properties", {}):
        is_list = resolve(schema["properties"][extra]).get("type") == "array"
        body[extra] = [values[extra]] if is_list else values[extra]
    return json.dumps(body).encode(), "application/json"


def fill(body: Any, values: dict[str, str]) -> None:
    """Put what the caller means in place of the example's ids, however deep they stand."""
    if isinstance(body, list):
        for item in body:
            fill(item, values)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name not in SLOTS or SLOTS[name].is_coined:
                fill(value, values)
            else:
                body[name] = [values[name]] if isinstance(value, list) else values[name]


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        group, name = schema["$ref"].split("/")[-2:]
        found: dict[str, Any] = document()["components"][group][name]
        return resolve(found)
    for choice in schema.get("anyOf", schema.get("oneOf", ())):
        if choice.get("type") != "null":
            return resolve(choice)
    return schema


def sample(schema: dict[str, Any]) -> Any:
    """A value that fits: the example where there is one, else the least that is asked for."""
    schema = resolve(schema)
    if examples := schema.get("examples"):
        return examples[0]
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required") or list(properties)[:1]
            return {name: sample(properties[name]) for name in wanted if name in properties}
        case "array":
            return [sample(schema["items"])]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return "Sample"


def idempotency_key() -> str:
    return uuid4().hex
