"""Portfolios, what is traded and booked there, and who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.fuzzing.people import People
from tests.support.desk import wait_until

SYMBOLS: Final = ("AAPL", "MSFT", "NVDA")
INDEX: Final = b"date,close\n2024-01-02,4000\n2024-01-03,4010.5\n"


@dataclass
class Books(People):
    """The administrator's."""

    def new_portfolio(self) -> str:
        name = f"Fuzz {self.number()}"
        body = {"name": name, "kind": "paper", "currency": "USD", "starting_cash": "100000000"}
        return str(self.post("/portfolios", body)["id"])

    def new_activity(self) -> str:
        body = {"kind": "deposit", "amount": "1"}
        return str(self.post(f"/portfolios/{self.new_portfolio()}/activities", body)["id"])

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
