"""People of a desk, their keys, and what is brought to them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from tests.fuzzing.asking import TIMEOUT_SECONDS, Asking
from tests.support.desk import wait_until
from tests.support.people import PASSWORD, NewPerson, make_people

SCOPES: Final = {"standard": "read", "premium": "read,trade", "admin": "read,trade,admin"}
REFRESH_TOKENS: Final = 4


@dataclass
class People(Asking):
    """One of each tier, among them the administrator who asks, and more where they are wanted."""

    refresh_tokens: list[str] = field(default_factory=list)

    def settle_people(self) -> None:
        people = [NewPerson(self.email(tier), tier, scopes) for tier, scopes in SCOPES.items()]
        keys = make_people(self.desk, people)
        self.keys = {person.tier: keys[person.email] for person in people}
        self.refresh_tokens = [self.sign_in() for _ in range(REFRESH_TOKENS)]

    def email(self, tier: str) -> str:
        return f"fuzz-{tier}@example.com"

    def sign_in(self) -> str:
        body = {"email": self.email("admin"), "password": PASSWORD}
        return str(self.post("/auth/token", body)["refresh_token"])

    def new_refresh_token(self) -> str:
        """One of a few: so many guesses come from this address that it may soon not sign in."""
        return self.refresh_tokens.pop() if self.refresh_tokens else "hf_refresh_used-up"

    def user_body(self) -> dict[str, str]:
        return {"email": f"made-{self.number()}@example.com", "password": PASSWORD}

    def new_user(self) -> str:
        return str(self.post("/users", self.user_body())["id"])

    def new_key(self) -> str:
        body = {"name": f"fuzz {self.number()}", "scopes": ["read"]}
        return str(self.post("/api-keys", body)["id"])

    def new_notification(self) -> str:
        """What the desk tells of a new key, once the relay has taken it to the inbox."""
        self.new_key()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if found := self.get("/notifications", {"unread": "true"})["items"]:
                return str(found[0]["id"])
            time.sleep(0.1)
        raise AssertionError("The relay brought nothing to the inbox in time.")

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

    def new_delivery(self) -> str:
        if "webhook_id" not in self.shared:
            self.shared["webhook_id"] = self.new_webhook()
        return str(self.post(f"/webhooks/{self.shared['webhook_id']}/test")["id"])

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
