"""Trading 212 over its public API v0: read only."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode

from django.conf import settings

from integrations.brokers.adapters import Adapter
from integrations.brokers.fields import Fields
from integrations.brokers.line import Line, read_json
from integrations.brokers.pacing import Pace
from integrations.brokers.trading212 import parsing
from integrations.brokers.trading212.parsing import TITLE, Listing
from trading.broker_errors import BadBrokerAnswer
from trading.brokers import (
    ActivityPage,
    BrokerAccount,
    BrokerActivity,
    BrokerPosition,
    Capabilities,
    CredentialField,
    Reading,
    ReadOnlySession,
)

PAGE_ITEMS: Final = 50
# As its documentation says of each address.
INFO, CASH = Pace("info", 1, 30), Pace("cash", 1, 2)
POSITIONS, INSTRUMENTS = Pace("positions", 1, 5), Pace("instruments", 1, 50)
HISTORIES: Final = {
    "transactions": ("/api/v0/history/transactions", Pace("transactions", 6, 60)),
    "orders": ("/api/v0/equity/history/orders", Pace("orders", 6, 60)),
    "dividends": ("/api/v0/history/dividends", Pace("dividends", 6, 60)),
}


@dataclass(slots=True)
class Session(ReadOnlySession):
    line: Line
    headers: Mapping[str, str] = field(repr=False)
    _account: BrokerAccount | None = None
    _listings: Mapping[str, Listing] | None = None

    title: ClassVar[str] = TITLE

    def account(self) -> BrokerAccount:
        if self._account is None:
            info = self._get("/api/v0/equity/account/info", INFO)
            cash = self._get("/api/v0/equity/account/cash", CASH)
            self._account = parsing.read_account(info, cash)
        return self._account

    def positions(self) -> Sequence[BrokerPosition]:
        found = self._get("/api/v0/equity/portfolio", POSITIONS)
        return parsing.read_positions(found, self._known()) if found else []

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        """One history after another. ``resume`` is the history and the query of its next page."""
        names = list(HISTORIES)
        name, _, text = resume.partition("?")
        start = names.index(name) if name in names else 0
        for place in range(start, len(names)):
            query = dict(parse_qsl(text)) if place == start else {}
            following = names[place + 1] if place + 1 < len(names) else ""
            yield from self._history(names[place], query, since=since, following=following)

    def _history(
        self, name: str, query: dict[str, str], *, since: datetime | None, following: str
    ) -> Iterator[ActivityPage]:
        """Newest first; a page whose all is older ends it."""
        path, pace = HISTORIES[name]
        query = query or {"limit": str(PAGE_ITEMS)}
        for _ in range(settings.LIMITS.broker_pages):
            page = Fields(self._get(path, pace, query), of=name)
            found = [one for item in page.objects("items") for one in self._parse(name, item)]
            fresh = [one for one in found if since is None or one.occurred_at >= since]
            more = parsing.next_query(page)
            is_last = more is None or bool(found and not fresh)
            yield ActivityPage(fresh, following if is_last else f"{name}?{urlencode(more or {})}")
            if more is None or is_last:
                return
            if more == query:
                raise BadBrokerAnswer(f"{TITLE}: the next page of {name} is the same again.")
            query = more
        raise BadBrokerAnswer(f"{TITLE}: {name} has more pages than are read.")

    def _parse(self, name: str, item: Fields) -> Iterator[BrokerActivity]:
        currency = self.account().currency
        if name == "transactions":
            return parsing.read_transaction(item, account_currency=currency)
        read = parsing.read_order if name == "orders" else parsing.read_dividend
        return read(item, self._known(), account_currency=currency)

    def _known(self) -> Mapping[str, Listing]:
        if self._listings is None:
            found = self._get("/api/v0/equity/metadata/instruments", INSTRUMENTS)
            self._listings = parsing.read_listings(found)
        return self._listings

    def _get(self, path: str, pace: Pace, query: Mapping[str, str] | None = None) -> Any:
        answer = self.line.read(path, pace=pace, query=query, headers=self.headers)
        return read_json(answer, title=TITLE)


def sign_in(line: Line, credentials: Mapping[str, str]) -> Session:
    key, secret = credentials["api_key"], credentials.get("api_secret", "")
    said = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return Session(line, {"Authorization": f"Basic {said}" if secret else key})


ADAPTER: Final = Adapter(
    name="trading212",
    title=TITLE,
    capabilities=Capabilities(
        reads=frozenset({Reading.CASH, Reading.POSITIONS, Reading.ACTIVITIES}), has_sandbox=True
    ),
    credentials=(
        CredentialField("api_key", "API key"),
        CredentialField(
            "api_secret", "API secret", is_required=False, hint="Keys made before 2025 have none."
        ),
    ),
    url="https://live.trading212.com",
    sandbox_url="https://demo.trading212.com",
    sign_in=sign_in,
    hint="Trading 212, Settings, API: a key that may read account, history, metadata, portfolio.",
)
