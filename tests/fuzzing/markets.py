"""Instruments, their prices and actions, and what is watched of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tests.fuzzing.asking import TIMEOUT_SECONDS, Asking
from tests.fuzzing.books import SYMBOLS

PRICES: Final = b"symbol,date,open,high,low,close,volume\nAAPL,2020-01-02,74,75,73,75,135480400\n"
WRONG_PRICES: Final = b"symbol,date,open,high,low,close,volume\nAAPL,2014-01-02,74,7,73,75,1\n"
DIVIDENDS: Final = b"symbol,ex_date,amount_per_share\nAAPL,1999-02-05,0.05\n"


@dataclass
class Markets(Asking):
    """As an administrator keeps them."""

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

    def action_body(self) -> dict[str, str]:
        """A dividend of a day of its own."""
        ex_date = date(2000, 1, 1) + timedelta(days=self.number())
        return {"kind": "dividend", "ex_date": str(ex_date), "amount_per_share": "0.5"}

    def new_corporate_action(self) -> str:
        return str(self.post("/instruments/MSFT/corporate-actions", self.action_body())["id"])

    def new_import(self) -> str:
        return str(self.post("/prices/imports", files={"file": ("prices.csv", PRICES)})["id"])

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

    def new_watchlist(self) -> str:
        """One with the symbols that everybody knows."""
        made = str(self.post("/watchlists", {"name": f"Fuzz {self.number()}"})["id"])
        self.post(f"/watchlists/{made}/items", {"symbols": list(SYMBOLS)})
        return made

    def new_alert(self) -> str:
        body = {"symbol": "AAPL", "kind": "price_above", "threshold": str(9_000 + self.number())}
        return str(self.post("/alerts", body)["id"])
