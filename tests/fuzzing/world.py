"""What a request must name to succeed: people, keys, and things that exist in a running desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.fuzzing.books import INDEX, SYMBOLS, Books
from tests.fuzzing.brokers import Brokers
from tests.fuzzing.markets import DIVIDENDS, PRICES, Markets
from tests.support.people import PASSWORD

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


@dataclass
class World(Books, Brokers, Markets):
    """Three people of a desk, and what the administrator among them owns."""

    def settle(self) -> None:
        """Make the people, and one of each thing that all may share."""
        self.settle_people()
        for name, make in self.makers().items():
            if name not in {"symbol", "refresh_token"}:
                self.shared[name] = make()

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
        if operation == "replace_live_order":  # the one before is being cancelled
            self.shared["live_order_id"] = self.new_live_order()

    def good_query(self, operation_id: str) -> dict[str, str]:
        """What must be asked for; everything else may be left out."""
        return QUERIES.get(operation_id, {})

    def good_body(self, operation_id: str, example: Any) -> Any:
        """A body with which the operation succeeds; the document's example where that will do."""
        made: dict[str, Callable[[], Any]] = {
            "place_order": self.order_body,
            "estimate_order": self.order_body,
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
            "replace_live_order": lambda: {"limit_price": f"{self.number()}.5"},
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
