"""Examples for the OpenAPI document: the author's where a schema has one, else made from it.

A field's name says what to show, wherever it appears; a field without an entry here gets a value of
its type. A test holds every example to its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

ID: Final = "0198c0de-0000-7000-8000-000000000000"
MOMENT: Final = "2026-01-05T14:30:00Z"
DAY: Final = "2026-01-05"
DEPTH_MAXIMUM: Final = 8

FORMATS: Final[dict[str, Any]] = {
    "uuid": ID,
    "date-time": MOMENT,
    "date": DAY,
    "decimal": "101.25",
    "binary": "date,symbol,close\n2026-01-05,AAPL,101.25\n",
    "email": "you@example.com",
    "uri": "https://desk.example/",
}
# By name of field or parameter; a list's elements are looked up by the list's own name.
NAMED: Final[dict[str, Any]] = {
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "account_kind": "cash",
    "accrued": "26.40",
    "amount": "1012.50",
    "ask": "100.01",
    "ask_size": "1000",
    "asset_class": "equity",
    "average_fill_price": None,
    "base_currency": "USD",
    "bid": "99.99",
    "bid_size": "1000",
    "buying_power": "100000",
    "cash": "100000",
    "change": "1.25",
    "change_pct": "1.27",
    "client_order_id": "my-order-1",
    "close": "101.25",
    "closed_at": None,
    "code": "invalid",
    "commodity": "USD",
    "count": 120,
    "counterparty": "street",
    "country": "US",
    "currency": "USD",
    "cursor": None,
    "detail": "quantity was -5, must be > 0.",
    "display_name": "Alice",
    "email": "you@example.com",
    "error": "",
    "exchange": "XNAS",
    "exchange_rate": "1",
    "expires_at": None,
    "expires_in": 300,
    "external_id": "2026-01-05/1",
    "fees": "0",
    "field": "quantity",
    "figure": "twr",
    "filled_quantity": "0",
    "finished_at": None,
    "format": "json",
    "high": "102.50",
    "history_days": 30,
    "Idempotency-Key": "my-first-order",
    "industry": "Consumer Electronics",
    "instance": "5f2b8c0e9d6f4f0f8a3d4c2b1a098765",
    "isin": "US0378331005",
    "key": "hf_live_…",
    "kind": "deposit",
    "last": "100.00",
    "last_size": "10",
    "legs": None,
    "limit": 100,
    "limit_price": "100.50",
    "line": 17,
    "lookup": "k3x9q2",
    "lot_size": "1",
    "low": "99.50",
    "message": "quantity was -5, must be > 0.",
    "name": "Mine",
    "next_cursor": None,
    "note": "",
    "notional": None,
    "parent_id": None,
    "open": "100.00",
    "otp": "123456",
    "outcome": "added",
    "page_requests_per_minute": 3_000,
    "password": "correct horse battery staple",
    "previous_close": "98.75",
    "quantity": "10",
    "refresh_token": "hf_refresh_…",
    "requests_per_minute": 600,
    "reverses_id": None,
    "revoked_at": None,
    "scopes": "read",
    "search": "apple",
    "sector": "Technology",
    "settled_at": None,
    "settled_cash": "100000",
    "side": "buy",
    "source": "simulated",
    "source_name": "prices.csv",
    "starting_cash": "100000",
    "status": "accepted",
    "status_reason": "",
    "stop_price": None,
    "symbol": "AAPL",
    "symbols": "AAPL",
    "taxes": "0",
    "tick_size": "0.01",
    "tier": "premium",
    "time_in_force": "day",
    "title": "Unprocessable Entity",
    "total_value": "100000",
    "trail_amount": None,
    "trail_pct": None,
    "triggered_at": None,
    "type": "limit",
    "unpriced": "ZZZZ",
    "volume": "125000",
    "vwap": "100.87",
    "water_mark": None,
}

# Where a name means something else in one model.
WITHIN: Final[dict[tuple[str, str], Any]] = {
    ("PortfolioOut", "kind"): "paper",
    ("OrderEventOut", "kind"): "accepted",
    ("PriceImportOut", "status"): "running",
    ("LotOut", "status"): "open",
}


def example_of(schema: Schema, models: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that the schema allows.

    Args:
        models: ``components/schemas`` of the document, which references lead into.
        name: of the field, where it is one.
    """
    if "$ref" in schema:
        schema = models[schema["$ref"].rpartition("/")[2]]
    if "example" in schema:
        return schema["example"]
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            return example_of_choice(schema, schema[key], models, name, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        wanted = NAMED.get(name)
        return wanted if wanted in schema["enum"] else schema["enum"][0]
    if schema.get("type") == "object" or "properties" in schema:
        return example_of_object(schema, models, depth)
    if schema.get("type") == "array":
        items = [example_of(schema.get("items", {}), models, name, depth + 1)]
        return [] if depth > DEPTH_MAXIMUM else items
    return example_of_value(schema, name)


def example_of_choice(
    schema: Schema, choices: list[Schema], models: Mapping[str, Schema], name: str, depth: int
) -> Any:
    """Of what may also be nothing, something; of numbers that may be text, text."""
    if name in NAMED and NAMED[name] is None and {"type": "null"} in choices:
        return None
    something = [choice for choice in choices if choice.get("type") != "null"]
    texts = [choice for choice in something if choice.get("type") == "string"]
    chosen = (texts or something or choices)[0]
    if "format" in schema:
        chosen = {**chosen, "format": schema["format"]}
    return example_of(chosen, models, name, depth + 1)


def example_of_object(schema: Schema, models: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    if "properties" not in schema:
        inner = schema.get("additionalProperties")
        return {"name": example_of(inner, models, "", depth + 1)} if isinstance(inner, dict) else {}
    title = schema.get("title", "")
    return {
        field: WITHIN.get((title, field)) or example_of(found, models, field, depth + 1)
        for field, found in schema["properties"].items()
        if depth <= DEPTH_MAXIMUM
    }


def example_of_value(schema: Schema, name: str) -> Any:
    kind = schema.get("type")
    wanted = NAMED.get(name)
    if kind in {"integer", "number"}:
        if isinstance(wanted, int):
            return wanted
        return schema.get("default", schema.get("minimum", 1))
    if kind == "boolean":
        return schema.get("default", False)
    if kind == "null":
        return None
    if isinstance(wanted, str):
        return wanted
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    return schema.get("examples", [schema.get("default", "text")])[0]
