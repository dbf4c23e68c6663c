"""A tracked portfolio as a program keeps it, for tests of its figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from market.models import EuroRate, Instrument
from tests.api.clients import ApiClient
from tests.factories import make_daily_bars

FIRST = datetime.fromisoformat("2024-01-02T15:00:00+00:00")


class Book:
    """One tracked portfolio, told in few words: ``book("buy", 10, 100, fees="1")``."""

    def __init__(self, api: ApiClient, *, currency: str = "USD", **terms: str) -> None:
        body = {"name": "Book", "kind": "tracked", "currency": currency} | terms
        self.api = api
        self.id = api.post("/portfolios", body).json()["id"]
        self.path = f"/portfolios/{self.id}"
        self.day = 0

    def __call__(
        self, kind: str, quantity: Any = None, price: Any = None, *, day: int = -1, **more: Any
    ) -> dict[str, Any]:
        self.day = self.day + 1 if day < 0 else day
        body: dict[str, Any] = {
            "kind": kind,
            "occurred_at": (FIRST + timedelta(days=self.day)).isoformat(),
            **({} if quantity is None else {"quantity": str(quantity), "symbol": "AAPL"}),
            **({} if price is None else {"unit_price": str(price)}),
        }
        answer = self.api.post(f"{self.path}/activities", body | more, key=uuid4().hex)
        assert answer.status_code == 201, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def read(self, what: str, **query: str) -> Any:
        answer = self.api.get(f"{self.path}/{what}", **query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def position(self, symbol: str = "AAPL") -> dict[str, Any]:
        rows = [one for one in self.read("positions")["items"] if one["symbol"] == symbol]
        return dict(rows[0]) if rows else {}

    def cost(self) -> tuple[Decimal, Decimal]:
        found = self.position()
        return Decimal(found["quantity"]), Decimal(found["cost"])

    def realised(self, **query: str) -> Decimal:
        return Decimal(self.read("realized", **query)["realised_gain"])

    def performance(self, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = self.read("performance", **query)
        gap = found["identity_gap"]
        assert gap is None or abs(Decimal(gap)) < Decimal("0.000001"), found
        return found


def close_at(instrument: Instrument, *prices: Any) -> None:
    """One close a day, from the first day of the books."""
    make_daily_bars(instrument, prices, first_at=FIRST.replace(hour=5))


def near(value: Decimal, expected: str) -> bool:
    return value.quantize(Decimal(expected)) == Decimal(expected)


def load_rates(**per_euro: str) -> None:
    """One rate of each currency on every day from 2024 on."""
    for currency, rate in per_euro.items():
        EuroRate.objects.bulk_create(
            EuroRate(
                currency=currency,
                on_date=date(2024, 1, 1) + timedelta(days=number),
                per_euro=Decimal(rate),
            )
            for number in range((timezone.now().date() - date(2024, 1, 1)).days + 1)
        )
