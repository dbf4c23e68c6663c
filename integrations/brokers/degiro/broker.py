"""DEGIRO over the interface of its own web page: read only.

User name, password and where it is set up a code of the moment open a session. It is kept for
whoever asks next, and ends when it likes; it is then opened again, once for a question.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from integrations.brokers.adapters import Adapter
from integrations.brokers.degiro import parsing
from integrations.brokers.degiro.parsing import TITLE, Product
from integrations.brokers.fields import Fields
from integrations.brokers.line import Line, read_json
from integrations.brokers.pacing import Pace
from integrations.brokers.windows import Window, pages, read_place, window_to
from integrations.http import Answer
from trading.broker_errors import BadBrokerAnswer, BrokerError, SignInNeeded
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

PACE: Final = Pace("all", 60, 60)
ZONE: Final = ZoneInfo("Europe/Amsterdam")
# It opened to everybody in that year; nobody tells when an account was opened.
FIRST_DAY: Final = date(2013, 1, 1)
CODE_DIGITS, CODE_SECONDS = 6, 30
LOGIN: Final = "/login/secure/login"
REPORTS: Final = "/portfolio-reports/secure"
# What the answer to a sign-in says where it is refused.
REFUSED: Final = frozenset({400, 401, 403})

Found = TypeVar("Found")


@dataclass(slots=True)
class Session(ReadOnlySession):
    line: Line
    credentials: Mapping[str, str] = field(repr=False)
    _session_id: str = field(default="", repr=False)
    _account_id: str = ""
    _products: dict[str, Product] = field(default_factory=dict)

    title: ClassVar[str] = TITLE

    def account(self) -> BrokerAccount:
        info = self._get(lambda: f"/trading/secure/v5/account/info/{self._place()}")
        return parsing.read_account(self._number(), info, self._update("cashFunds"))

    def positions(self) -> Sequence[BrokerPosition]:
        rows = parsing.held(self._update("portfolio"))
        self._learn(one.text("id") for one in rows)
        return [parsing.read_position(one, self._products) for one in rows]

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        """A year at a time, the newest first."""
        today = datetime.fromtimestamp(self.line.clock(), ZONE).date()
        floor = min(since.astimezone(ZONE).date() if since else FIRST_DAY, today)
        window: Window | None = window_to(today, floor)
        after = ""
        if resume:
            window, after = read_place(resume)
        while window is not None:
            found = [one for one in self._of(window) if since is None or one.occurred_at >= since]
            following = window.before(floor)
            yield from pages(found, window, after=after, following=following)
            window, after = following, ""

    def _of(self, window: Window) -> list[BrokerActivity]:
        """What happened in a window, oldest first."""
        days = {"fromDate": f"{window.first:%d/%m/%Y}", "toDate": f"{window.last:%d/%m/%Y}"}
        trades = self._rows("transactions", "v4/transactions", days)
        moves = self._rows("moves", "v6/accountoverview", days)
        self._learn(
            one.text("productId")
            for one in (*trades, *moves)
            if one.found.get("productId") is not None
        )
        found = [parsing.read_transaction(one, self._products) for one in trades]
        found += [made for one in moves for made in parsing.read_move(one, self._products)]
        return sorted(found, key=lambda one: (one.occurred_at, one.id))

    def _rows(self, name: str, path: str, days: Mapping[str, str]) -> list[Fields]:
        def asked() -> str:
            who = {"intAccount": self._number(), "sessionId": self._opened()}
            return f"{REPORTS}/{path}?{urlencode({**days, **who})}"

        return parsing.read_rows(self._get(asked), name=name)

    def _learn(self, ids: Iterable[str]) -> None:
        """What products those are of which nothing is known yet."""
        wanted = sorted({id_ for id_ in ids if id_ not in self._products})
        if not wanted:
            return
        content = json.dumps(wanted).encode()

        def ask() -> Answer:
            who = {"intAccount": self._number(), "sessionId": self._opened()}
            path = f"/product_search/secure/v5/products/info?{urlencode(who)}"
            headers = {**self._headers(), "Content-Type": "application/json"}
            return self.line.ask("POST", path, pace=PACE, headers=headers, body=content)

        answer = self._signed_in(lambda: self.line.again(ask))
        self._products |= parsing.read_products(read_json(answer, title=TITLE))

    def _update(self, section: str) -> Any:
        return self._get(lambda: f"/trading/secure/v5/update/{self._place()}?{section}=0")

    def _place(self) -> str:
        return f"{self._number()};jsessionid={self._opened()}"

    def _number(self) -> str:
        """Of the account; the session's owner has one."""
        if not self._account_id:
            found = self._get(lambda: f"/pa/secure/client?sessionId={self._opened()}")
            self._account_id = Fields(parsing.data_of(found, of="client"), of="client").text(
                "intAccount"
            )
        return self._account_id

    def _get(self, path: Callable[[], str]) -> Any:
        """``path`` is made anew for each session, as it holds its id."""
        answer = self._signed_in(lambda: self.line.read(path(), pace=PACE, headers=self._headers()))
        return read_json(answer, title=TITLE)

    def _signed_in(self, ask: Callable[[], Found]) -> Found:
        """Ask, and where the session has ended meanwhile open it and ask again."""
        self._session_id = self._session_id or self.line.kept.read()
        is_new = not self._session_id
        self._opened()
        try:
            return ask()
        except SignInNeeded:
            self._session_id = ""
            self.line.kept.forget()
            if is_new:
                raise
            self._opened()
            return ask()

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"JSESSIONID={self._opened()}"}

    def _opened(self) -> str:
        if not self._session_id:
            self._session_id = self._sign_in()
            self.line.kept.keep(self._session_id)
        return self._session_id

    def _sign_in(self) -> str:
        told: dict[str, Any] = {
            "username": self.credentials["username"],
            "password": self.credentials["password"],
            "isPassCodeReset": False,
            "isRedirectToMobile": False,
            "queryParams": {},
        }
        path = LOGIN
        if secret := self.credentials.get("totp_secret", ""):
            path = f"{LOGIN}/totp"
            told["oneTimePassword"] = code_of(secret, at=self.line.clock())
        answer = self.line.again(
            lambda: self.line.ask("POST", path, pace=PACE, headers={}, body=told, judge=judge)
        )
        return Fields(read_json(answer, title=TITLE), of="sign-in").text("sessionId")


def judge(answer: Answer) -> BrokerError | None:
    """Why nobody is let in; its word only, as the rest may repeat who asked."""
    if answer.status not in REFUSED:
        return None
    try:
        word = Fields(read_json(answer, title=TITLE), of="sign-in").text("statusText", default="")
    except BadBrokerAnswer:
        word = ""
    return SignInNeeded(f"{TITLE} refuses the sign-in: {word[:60] or answer.status}.")


def code_of(secret: str, *, at: float) -> str:
    """The code of that moment (RFC 6238: SHA-1, six digits, thirty seconds).

    Raises:
        SignInNeeded: the secret is not in base 32.
    """
    plain = secret.replace(" ", "").upper().rstrip("=")
    try:
        key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        raise SignInNeeded(f"{TITLE}: the secret of the codes is not in base 32.") from None
    # As the RFC says, and as they check it.
    hashing = SHA1()  # noqa: S303 # nosec B303
    totp = TOTP(key, CODE_DIGITS, hashing, CODE_SECONDS, enforce_key_length=False)
    return totp.generate(at).decode()


def sign_in(line: Line, credentials: Mapping[str, str]) -> Session:
    return Session(line, credentials)


ADAPTER: Final = Adapter(
    name="degiro",
    title=TITLE,
    capabilities=Capabilities(
        reads=frozenset({Reading.CASH, Reading.POSITIONS, Reading.ACTIVITIES}),
        signs_in_again=True,
    ),
    credentials=(
        CredentialField("username", "User name", is_secret=False),
        CredentialField("password", "Password"),
        CredentialField(
            "totp_secret",
            "Secret of the codes",
            is_required=False,
            hint="Where two-step sign-in is on: the text beside the QR code, not a code itself.",
        ),
    ),
    url="https://trader.degiro.nl",
    hidden=frozenset({"sessionId", "oneTimePassword"}),
    sign_in=sign_in,
    hint="What you sign in with on its own page. A user that may not trade is not to be had there,"
    " so a master password is well placed here.",
)
