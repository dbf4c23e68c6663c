"""What a request must name to succeed: people, keys, and things that exist in a running desk."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import requests

from tests.support.desk import LiveDesk, wait_until

PASSWORD: Final = "correct horse battery staple"
SYMBOLS: Final = ("AAPL", "MSFT", "NVDA")
SCOPES: Final = {"standard": "read", "premium": "read,trade", "admin": "read,trade,admin"}
TIMEOUT_SECONDS: Final = 60
REFRESH_TOKENS: Final = 4
# In one process, because each start of one takes seconds.
MAKE_PEOPLE: Final = """
import json
from django.core.management import call_command
from io import StringIO
keys = {{}}
for tier, email, scopes in {people!r}:
    call_command("create_user", email, password={word!r}, tier=tier, stdout=StringIO())
    said = StringIO()
    call_command("create_api_key", email, scopes=scopes, stdout=said)
    keys[tier] = said.getvalue().strip().splitlines()[-1]
print(json.dumps(keys))
"""
# As a violation that was mended since would leave the desk.
STOP_ORDER_ENTRY: Final = """
from datetime import timedelta
from django.utils import timezone
from portfolio.bookkeeping.probes import record_failed_probes
from trading.models import OrderEntryStop
now = timezone.now()
OrderEntryStop.objects.create(reason="Tried", stopped_at=now - timedelta(minutes=1))
print(record_failed_probes(checked_at=now))
"""
QUERIES: Final = {
    "list_quotes": {"symbols": "AAPL,MSFT"},
    "list_exchange_rates": {"base": "EUR", "quote": "USD"},
}
# A connection as if its broker had let us in once, and an order of unknown outcome there.
ARM: Final = """
from decimal import Decimal
from django.utils import timezone
from integrations.connections.arming import ArmingTerms, arm_connection
from integrations.live_orders.placing import place_live_order
from integrations.live_orders.tickets import LiveTicket
from integrations.models import Connection, LiveOrder
from trading.states import OrderType, Side, TimeInForce
now = timezone.now()
made = Connection.objects.select_related("owner").get(id="{connection_id}")
Connection.objects.filter(id=made.id).update(account_id="FUZZ")
terms = ArmingTerms(order_value_maximum=Decimal(1_000_000), orders_a_day=1_000)
arm_connection(owner=made.owner, connection_id=made.id, terms=terms, armed_at=now)
size = dict(quantity=Decimal(1), limit_price=Decimal(1), client_order_id="fuzz")
market = dict(side=Side.BUY, type=OrderType.LIMIT, time_in_force=TimeInForce.DAY)
ticket = LiveTicket(symbol="AAPL", **market, **size)
order = place_live_order(
    owner=made.owner, connection_id=made.id, ticket=ticket, placed_at=now
)
LiveOrder.objects.filter(id=order.id).update(status="unknown", finished_at=None)
print(order.id)
"""
PRICES: Final = b"symbol,date,open,high,low,close,volume\nAAPL,2020-01-02,74,75,73,75,135480400\n"
WRONG_PRICES: Final = b"symbol,date,open,high,low,close,volume\nAAPL,2014-01-02,74,7,73,75,1\n"
INDEX: Final = b"date,close\n2024-01-02,4000\n2024-01-03,4010.5\n"
DIVIDENDS: Final = b"symbol,ex_date,amount_per_share\nAAPL,1999-02-05,0.05\n"


@dataclass
class World:
    """Three people of a desk, and what the administrator among them owns."""

    desk: LiveDesk
    keys: dict[str, str] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    refresh_tokens: list[str] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Make the people, and one of each thing that all may share."""
        people = [(tier, self.email(tier), scopes) for tier, scopes in SCOPES.items()]
        made = self.desk.manage("shell", "-c", MAKE_PEOPLE.format(people=people, word=PASSWORD))
        self.keys = dict(json.loads(made.stdout.strip().splitlines()[-1]))
        self.refresh_tokens = [self.sign_in() for _ in range(REFRESH_TOKENS)]
        for name, make in self.makers().items():
            if name not in {"symbol", "refresh_token"}:
                self.shared[name] = make()

    def email(self, tier: str) -> str:
        return f"fuzz-{tier}@example.com"

    def makers(self) -> dict[str, Callable[[], str]]:
        """By name of a parameter, how to make another one of what it names."""
        return {
            "portfolio_id": self.new_portfolio,
            "activity_id": self.new_activity,
            "order_id": lambda: str(self.new_order()["id"]),
            "client_order_id": lambda: str(self.new_order()["client_order_id"]),
            "watchlist_id": self.new_watchlist,
            "key_id": self.new_key,
            "run_id": self.new_import,
            "import_id": self.new_file_import,
            "row_id": self.new_quarantined_row,
            "user_id": self.new_user,
            "action_id": self.new_corporate_action,
            "alert_id": self.new_alert,
            "notification_id": self.new_notification,
            "member_id": self.new_member,
            "link_id": lambda: str(self.new_share_link()["id"]),
            "index_id": self.new_index,
            "figure": lambda: "xirr",
            "benchmark_index_id": self.new_index,
            "benchmark_portfolio_id": self.new_portfolio,
            "share_token": lambda: str(self.new_share_link()["token"]),
            "webhook_id": self.new_webhook,
            "delivery_id": self.new_delivery,
            "export_id": self.new_export,
            "night_id": self.new_night,
            "connection_id": self.new_connection,
            "sync_id": self.new_sync,
            "live_order_id": self.new_live_order,
            "symbol": self.new_instrument,
            "refresh_token": self.new_refresh_token,
        }

    def new(self, name: str) -> str | None:
        """Another one, which may be destroyed; ``None`` for a name that is none of ours."""
        make = self.makers().get(name)
        return make() if make else None

    def known(self, name: str) -> str | None:
        """The shared one, which is there to stay."""
        if name in {"symbol", "symbols"}:
            return SYMBOLS[next(self.numbers) % len(SYMBOLS)]
        return self.shared.get(name)

    def prepare(self, operation: str) -> None:
        """Bring the desk to where the operation can succeed, where it is not there by itself."""
        if operation == "reopen_order_entry":
            self.desk.manage("shell", "-c", STOP_ORDER_ENTRY)

    def number(self) -> int:
        return next(self.numbers)

    def post(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.keys['admin']}",
            "Idempotency-Key": f"world-{self.number()}",
        }
        answer = self.session.post(
            f"{self.desk.url}/api/v1{path}",
            json=body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            **more,
        )
        assert answer.ok, f"POST {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        answer = self.session.get(
            f"{self.desk.url}/api/v1{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.keys['admin']}"},
            timeout=TIMEOUT_SECONDS,
        )
        assert answer.ok, f"GET {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def new_activity(self) -> str:
        body = {"kind": "deposit", "amount": "1"}
        return str(self.post(f"/portfolios/{self.new_portfolio()}/activities", body)["id"])

    def new_portfolio(self) -> str:
        name = f"Fuzz {self.number()}"
        body = {"name": name, "kind": "paper", "currency": "USD", "starting_cash": "100000000"}
        return str(self.post("/portfolios", body)["id"])

    def holder(self) -> str:
        """A portfolio that holds some of everything, so that there is something to sell."""
        if "holder_id" not in self.shared:
            holder = self.new_portfolio()
            order = {"portfolio_id": holder, "side": "buy", "type": "market", "quantity": "5"}
            for symbol in SYMBOLS:
                self.post("/orders", order | {"symbol": symbol})
            path = f"{self.desk.url}/api/v1/portfolios/{holder}/positions"
            headers = {"Authorization": f"Bearer {self.keys['admin']}"}
            wait_until(
                lambda: (
                    len(self.session.get(path, headers=headers, timeout=60).json()["items"])
                    == len(SYMBOLS)
                ),
                seconds=60,
                what="something held",
            )
            self.shared["holder_id"] = holder
        return self.shared["holder_id"]

    def order_body(self) -> dict[str, Any]:
        """An order that rests: nobody sells at that price."""
        return {
            "portfolio_id": self.shared.get("portfolio_id") or self.new_portfolio(),
            "symbol": "AAPL",
            "side": "buy",
            "type": "limit",
            "time_in_force": "gtc",
            "quantity": "1",
            "limit_price": "1.00",
        }

    def new_order(self) -> dict[str, Any]:
        return self.post("/orders", self.order_body())

    def new_watchlist(self) -> str:
        """One with the symbols that everybody knows."""
        made = str(self.post("/watchlists", {"name": f"Fuzz {self.number()}"})["id"])
        self.post(f"/watchlists/{made}/items", {"symbols": list(SYMBOLS)})
        return made

    def user_body(self) -> dict[str, str]:
        return {"email": f"made-{self.number()}@example.com", "password": PASSWORD}

    def new_user(self) -> str:
        return str(self.post("/users", self.user_body())["id"])

    def action_body(self) -> dict[str, str]:
        """A dividend of a day of its own."""
        ex_date = date(2000, 1, 1) + timedelta(days=self.number())
        return {"kind": "dividend", "ex_date": str(ex_date), "amount_per_share": "0.5"}

    def new_corporate_action(self) -> str:
        return str(self.post("/instruments/MSFT/corporate-actions", self.action_body())["id"])

    def new_alert(self) -> str:
        body = {"symbol": "AAPL", "kind": "price_above", "threshold": str(9_000 + self.number())}
        return str(self.post("/alerts", body)["id"])

    def new_notification(self) -> str:
        """What the desk tells of a new key, once the relay has taken it to the inbox."""
        self.new_key()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if found := self.get("/notifications", {"unread": "true"})["items"]:
                return str(found[0]["id"])
            time.sleep(0.1)
        raise AssertionError("The relay brought nothing to the inbox in time.")

    def member_body(self) -> dict[str, str]:
        made = self.user_body()
        self.post("/users", made)
        return {"email": str(made["email"]), "role": "viewer"}

    def new_member(self) -> str:
        """Of a portfolio that stays; the one before leaves, as there are only so many."""
        path = f"/portfolios/{self.shared['portfolio_id']}/members"
        self.remove("spare member", path)
        made = str(self.post(path, self.member_body())["id"])
        if "member_id" in self.shared:
            self.shared["spare member"] = made
        return made

    def new_share_link(self) -> dict[str, Any]:
        """The same of links: those that requests made end first."""
        path = f"/portfolios/{self.shared['portfolio_id']}/share-links"
        kept = {self.shared.get("link_id"), self.shared.get("link of the token")}
        for link in self.get(path, {})["items"]:
            if link["is_live"] and link["id"] not in kept:
                self.shared["spare link"] = link["id"]
                self.remove("spare link", path)
        made = self.post(path, {"label": f"Fuzz {self.number()}"})
        if "share_token" not in self.shared:
            self.shared["link of the token"] = str(made["id"])
        return made

    def index_body(self) -> dict[str, Any]:
        return {"name": f"Fuzz {self.number()}", "file": INDEX}

    def new_index(self) -> str:
        """Beside the shared ones the others go first: a user may have only so many."""
        for found in self.get("/indices", {})["items"]:
            if found["id"] not in self.shared.values():
                self.shared["spare index"] = found["id"]
                self.remove("spare index", "/indices")
        body = {"name": f"Fuzz {self.number()}"}
        files = {"file": ("index.csv", INDEX)}
        return str(self.post("/indices", files=files, data=body)["id"])

    def remove(self, name: str, path: str) -> None:
        if spare := self.shared.pop(name, None):
            self.session.delete(
                f"{self.desk.url}/api/v1{path}/{spare}",
                headers={"Authorization": f"Bearer {self.keys['admin']}"},
                timeout=TIMEOUT_SECONDS,
            )

    def webhook_body(self) -> dict[str, str]:
        """Where nobody is, and each time somewhere else."""
        return {"url": f"https://hooks-{self.number()}.invalid/"}

    def new_webhook(self) -> str:
        """Beside the shared one the others go first: a user may have only so many."""
        for found in self.get("/webhooks", {})["items"]:
            if found["id"] != self.shared.get("webhook_id"):
                self.session.delete(
                    f"{self.desk.url}/api/v1/webhooks/{found['id']}",
                    headers={"Authorization": f"Bearer {self.keys['admin']}"},
                    timeout=TIMEOUT_SECONDS,
                )
        return str(self.post("/webhooks", self.webhook_body())["id"])

    def connection_body(self) -> dict[str, Any]:
        """To a broker that is not there."""
        if "tracked_id" not in self.shared:
            body = {"name": f"Fuzz {self.number()}", "kind": "tracked", "currency": "USD"}
            self.shared["tracked_id"] = str(self.post("/portfolios", body)["id"])
        return {
            "broker": "alpaca",
            "portfolio_id": self.shared["tracked_id"],
            "credentials": {"api_key": "AKFUZZ", "api_secret": "fuzz"},
            "is_scheduled": False,
        }

    def new_connection(self) -> str:
        """Beside the shared one there is one at a time: a user may have only so many."""
        if spare := self.shared.pop("spare connection", None):
            self.session.delete(
                f"{self.desk.url}/api/v1/connections/{spare}",
                headers={"Authorization": f"Bearer {self.keys['admin']}"},
                timeout=TIMEOUT_SECONDS,
            )
        made = str(self.post("/connections", self.connection_body())["id"])
        if "connection_id" in self.shared:
            self.shared["spare connection"] = made
        return made

    def new_sync(self) -> str:
        if "connection_id" not in self.shared:
            self.shared["connection_id"] = self.new_connection()
        return str(self.post(f"/connections/{self.shared['connection_id']}/syncs")["id"])

    def new_live_order(self) -> str:
        """Through the shared connection, which is armed from then on."""
        made = self.desk.manage(
            "shell", "-c", ARM.format(connection_id=self.shared["connection_id"])
        )
        return made.stdout.strip().splitlines()[-1]

    def live_order_body(self) -> dict[str, str]:
        """It reaches nobody, as its broker is not there."""
        return {
            "symbol": "AAPL",
            "side": "buy",
            "type": "limit",
            "quantity": "1",
            "limit_price": str(self.number()),
        }

    def export_body(self) -> dict[str, Any]:
        return {
            "dataset": "bars",
            "symbols": ["AAPL"],
            "interval": "1d",
            "start": "2026-01-01",
            "end": "2026-01-10",
        }

    def new_export(self) -> str:
        """One that the worker has written, so that it may be deleted."""
        made = str(self.post("/exports", self.export_body())["id"])
        wait_until(
            lambda: self.get(f"/exports/{made}", {})["status"] == "completed",
            seconds=TIMEOUT_SECONDS,
            what="an export written",
        )
        return made

    def takeout(self) -> bytes:
        """Everything of somebody who has one portfolio, without activities."""
        facts = {"currency": "USD", "lot_method": "fifo", "booked_actions": "none"}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            told = json.dumps([facts | {"name": f"Fuzz {self.number()}"}])
            archive.writestr("portfolios/01-fuzz/portfolio.json", told)
        return packed.getvalue()

    def new_night(self) -> str:
        """Of a day that nobody writes by himself."""
        found = self.get("/exports/nights", {})["items"]
        if not found:
            found = self.post("/exports/nights", {"day": self.finished_day()})["items"]
        return str(found[0]["id"])

    def finished_day(self) -> str:
        """Another one each time, of the last four weeks."""
        return str(date.today() - timedelta(days=2 + self.number() % 27))  # noqa: DTZ011

    def new_delivery(self) -> str:
        if "webhook_id" not in self.shared:
            self.shared["webhook_id"] = self.new_webhook()
        return str(self.post(f"/webhooks/{self.shared['webhook_id']}/test")["id"])

    def new_key(self) -> str:
        body = {"name": f"fuzz {self.number()}", "scopes": ["read"]}
        return str(self.post("/api-keys", body)["id"])

    def new_import(self) -> str:
        return str(self.post("/prices/imports", files={"file": ("prices.csv", PRICES)})["id"])

    def new_file_import(self) -> str:
        portfolio = self.shared.get("portfolio_id") or self.new_portfolio()
        return str(self.post(f"/portfolios/{portfolio}/imports", {"text": self.deposits()})["id"])

    def new_booked_import(self) -> str:
        made = self.new_file_import()
        self.post(f"/imports/{made}/commit")
        return made

    def deposits(self) -> str:
        """A table with one deposit, never the same."""
        return f"Date,Type,Amount\n2024-01-02,deposit,{self.number()}\n"

    def new_quarantined_row(self) -> str:
        """A row whose high is too low, once the worker has refused it."""
        run = self.post("/prices/imports", files={"file": ("prices.csv", WRONG_PRICES)})
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            found = self.get("/quarantined-rows", {"run_id": run["id"]})["items"]
            if found:
                return str(found[0]["id"])
            time.sleep(0.1)
        raise AssertionError("The worker refused no row in time.")

    def instrument_body(self) -> dict[str, str]:
        symbol = f"FZ{self.number()}"
        return {"symbol": symbol, "name": "Fuzz", "exchange": "XNAS", "currency": "USD"}

    def instrument_file(self) -> bytes:
        facts = self.instrument_body() | {"exchange_mic": "XNAS"}
        del facts["exchange"]
        return f"{','.join(facts)}\n{','.join(facts.values())}\n".encode()

    def new_instrument(self) -> str:
        return str(self.post("/instruments", self.instrument_body())["symbol"])

    def new_halted_instrument(self) -> str:
        symbol = self.new_instrument()
        self.post(f"/instruments/{symbol}/halt", {"reason": "News pending"})
        return symbol

    def new_refresh_token(self) -> str:
        """One of a few: so many guesses come from this address that it may soon not sign in."""
        return self.refresh_tokens.pop() if self.refresh_tokens else "hf_refresh_used-up"

    def sign_in(self) -> str:
        body = {"email": self.email("admin"), "password": PASSWORD}
        return str(self.post("/auth/token", body)["refresh_token"])

    def good_query(self, operation_id: str) -> dict[str, str]:
        """What must be asked for; everything else may be left out."""
        return QUERIES.get(operation_id, {})

    def good_body(self, operation_id: str, example: Any) -> Any:
        """A body with which the operation succeeds; the document's example where that will do."""
        made: dict[str, Callable[[], Any]] = {
            "place_order": self.order_body,
            "place_orders": lambda: {"orders": [self.order_body(), self.order_body()]},
            "replace_order": lambda: {"limit_price": "1.05"},
            "record_activity": lambda: {"kind": "deposit", "amount": "100", "currency": "USD"},
            "record_activities": lambda: {"activities": [{"kind": "deposit", "amount": "1"}]},
            "create_instrument": self.instrument_body,
            "change_instrument": lambda: {"name": "Fuzzed"},
            "open_portfolio": lambda: {"name": f"Fuzz {self.number()}", "kind": "tracked"},
            "create_alert": lambda: {
                "symbol": "MSFT",
                "kind": "price_above",
                "threshold": str(9_000 + self.number()),
            },
            "change_alert": lambda: {"threshold": str(9_000 + self.number())},
            "add_member": self.member_body,
            "create_share_link": lambda: {"label": f"Fuzz {self.number()}"},
            "create_watchlist": lambda: {"name": f"Fuzz {self.number()}"},
            "rename_watchlist": lambda: {"name": f"Fuzz {self.number()}"},
            "change_portfolio": lambda: {"name": f"Fuzz {self.number()}"},
            "create_tokens": lambda: {"email": self.email("admin"), "password": PASSWORD},
            "sign_up": lambda: {"email": f"new-{self.number()}@example.com", "password": PASSWORD},
            "refresh_tokens": lambda: {"refresh_token": self.new_refresh_token()},
            "revoke_tokens": lambda: {"refresh_token": self.new_refresh_token()},
            "release_quarantined_row": lambda: {"high": "80"},
            "create_import": lambda: {"text": self.deposits()},
            "change_import": lambda: {"rows": [{"position": 1, "decision": "import"}]},
            "add_connection": self.connection_body,
            "arm_connection": lambda: {
                "password": PASSWORD,
                "order_value_maximum": "1000000",
                "orders_a_day": 1000,
            },
            "place_live_order": self.live_order_body,
            "request_export": self.export_body,
            "restore_export": lambda: {"file": self.takeout()},
            "write_night": lambda: {"day": self.finished_day()},
            "create_price_import": lambda: {"file": PRICES},
            "create_user": self.user_body,
            "change_user": lambda: {"tier": "premium"},
            "create_corporate_action": self.action_body,
            "correct_corporate_action": lambda: {"amount_per_share": f"0.{self.number()}"},
            "create_instrument_import": lambda: {"file": self.instrument_file()},
            "create_corporate_action_import": lambda: {"file": DIVIDENDS},
            "add_index": self.index_body,
            "add_index_closes": lambda: {"file": INDEX},
            "change_item": lambda: {"note": f"Fuzz {self.number()}"},
        }
        return made[operation_id]() if operation_id in made else example
