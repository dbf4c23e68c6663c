"""Interactive Brokers over its Flex Web Service: read only, as of the latest close.

A statement is asked for, made, and fetched under its reference code. One tells at most a year, so
a history is read a year at a time, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar, Final

from integrations.brokers.adapters import Adapter
from integrations.brokers.ibkr_flex import parsing, statements
from integrations.brokers.ibkr_flex.statements import TITLE, Statement
from integrations.brokers.line import Line
from integrations.brokers.pacing import Pace
from integrations.brokers.windows import Window, pages, read_place, window_to
from integrations.http import Answer
from trading.broker_errors import BrokerBusy, BrokerError
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

PACE: Final = Pace("flex", 10, 60)
POLLS, POLL_SECONDS, AGAIN_SECONDS = 8, 2.0, 60.0


@dataclass(slots=True)
class Session(ReadOnlySession):
    line: Line
    token: str = field(repr=False)
    query: str
    _newest: Statement | None = None

    title: ClassVar[str] = TITLE

    def account(self) -> BrokerAccount:
        return parsing.read_account(self._current())

    def positions(self) -> Sequence[BrokerPosition]:
        return parsing.read_positions(self._current())

    def activities(self, *, since: datetime | None, resume: str = "") -> Iterator[ActivityPage]:
        """``resume`` is the window, and the latest thing read of it."""
        floor = self._floor(since)
        window: Window | None = window_to(self._today(), floor)
        after = ""
        if resume:
            window, after = read_place(resume)
        while window is not None:
            following = window.before(floor)
            found = self._of(window, since)
            yield from pages(found, window, after=after, following=following)
            window, after = following, ""

    def _of(self, window: Window, since: datetime | None) -> list[BrokerActivity]:
        """What happened in a window, oldest first."""
        statement = self._newest_in(window) or self._statement(window)
        found = parsing.read_activities(statement) if statement else ()
        fresh = [one for one in found if since is None or one.occurred_at >= since]
        return sorted(fresh, key=lambda one: (one.occurred_at, one.id))

    def _newest_in(self, window: Window) -> Statement | None:
        """The statement in hand, where it tells of all these days."""
        newest = self._newest_window()
        is_in = newest.first <= window.first and window.last == newest.last
        return self._newest if is_in else None

    def _current(self) -> Statement:
        """Of the days up to yesterday; it tells cash and positions too."""
        if self._newest is None:
            found = self._statement(self._newest_window())
            if found is None:
                raise BrokerBusy(
                    f"{TITLE}: there is no statement yet.", retry_after_seconds=AGAIN_SECONDS
                )
            self._newest = found
        return self._newest

    def _newest_window(self) -> Window:
        return window_to(self._today(), self._today() - statements.HISTORY)

    def _floor(self, since: datetime | None) -> date:
        """The first day of what is read: none before the account was opened."""
        if since is not None:
            return since.astimezone(parsing.ZONE).date()
        oldest = self._today() - statements.HISTORY
        return max(parsing.opened_on(self._current()) or oldest, oldest)

    def _today(self) -> date:
        """The latest day of which statements tell, yesterday's in New York."""
        now = datetime.fromtimestamp(self.line.clock(), parsing.ZONE)
        return now.date() - timedelta(days=1)

    def _statement(self, window: Window) -> Statement | None:
        """None where there is none of those days.

        Raises:
            BrokerBusy: it is still being made.
        """
        days = {"fd": f"{window.first:%Y%m%d}", "td": f"{window.last:%Y%m%d}"}
        asked = self._get("/SendRequest", self.query, **days)
        if statements.code_of(asked) == statements.NOT_THERE:
            return None
        reference = statements.reference_of(asked)
        for _ in range(POLLS):
            told = self._get("/GetStatement", reference)
            code = statements.code_of(told)
            if code == statements.NOT_THERE:
                return None
            if code != statements.IN_PROGRESS:
                return statements.read_statement(told)
            self.line.pacing.sleep(POLL_SECONDS)
        raise BrokerBusy(
            f"{TITLE}: the statement is still being made.", retry_after_seconds=AGAIN_SECONDS
        )

    def _get(self, path: str, query: str, **more: str) -> bytes:
        answer = self.line.read(
            path,
            pace=PACE,
            query={"t": self.token, "q": query, "v": "3", **more},
            headers={"Accept": "application/xml", "User-Agent": "Holdfast/1"},
            judge=judge,
        )
        return answer.body


def judge(answer: Answer) -> BrokerError | None:
    """A refusal comes with the status of a success."""
    return statements.refusal_of(answer.body) if answer.status < 300 else None


def sign_in(line: Line, credentials: Mapping[str, str]) -> Session:
    return Session(line, credentials["token"], credentials["query_id"])


ADAPTER: Final = Adapter(
    name="ibkr_flex",
    title=TITLE,
    capabilities=Capabilities(
        reads=frozenset({Reading.CASH, Reading.POSITIONS, Reading.ACTIVITIES})
    ),
    credentials=(
        CredentialField("token", "Flex token"),
        CredentialField(
            "query_id",
            "Id of the query",
            is_secret=False,
            hint="An activity query of one account with Account Information, Cash Report, Open"
            " Positions, Trades (executions), Cash Transactions (detail) and Corporate Actions.",
        ),
    ),
    url="https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
    sign_in=sign_in,
    hint="Client Portal, Performance & Reports, Flex Queries: the query, and the token of the web"
    " service beside it.",
)
