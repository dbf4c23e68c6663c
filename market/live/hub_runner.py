"""What drives the hub of a process: the feeds' messages, the flush, the sweep of each second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accounts import metrics
from accounts.socket_access import SocketHolder, shut_out, tiers_of
from accounts.tiers import allowance_of, better_tier
from market.depth.depth_runner import DepthRunner
from market.instruments.instrument_directory import InstrumentDirectory, Listing
from market.live.hub_socket import CloseCode, HubSocket, Line, SocketClose, SocketPatience
from market.live.price_hub import FLUSH_PHASES, PriceHub
from market.live.price_listener import PriceListener, Quotes, Ticks
from market.models import Instrument

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 1.0
# Access withdrawn is to end a socket within a second, the query included.
ACCESS_SECONDS: Final = 0.5
PAUSE_SECONDS: Final = (0.1, 0.3, 1.0, 2.0)
STEADY_SECONDS: Final = 5.0  # a task that ran this long begins anew without a pause
ALERTS_FRAME: Final = '{"type":"alerts"}'
INBOX_FRAME: Final = '{"type":"inbox"}'
DIRECTORY_SECONDS: Final = 15.0
DIRECTORY_REST_SECONDS: Final = 1.0
BEGIN_SECONDS: Final = 2.0


class PriceTap(Protocol):
    """What else in this process hears prices; called on the event loop, before any flush."""

    def take_quotes(self, quotes: Quotes) -> None:
        """Quotes in wire form, in the order published."""

    def take_ticks(self, ticks: Ticks) -> None:
        """Ticks in wire form, in the order published."""


class HubRunner:
    """One hub and its tasks on the running event loop."""

    def __init__(self) -> None:
        limits = settings.LIMITS
        self.patience = SocketPatience(
            ack_timeout_seconds=limits.socket_ack_timeout_seconds,
            stall_timeout_seconds=limits.socket_stall_timeout_seconds,
        )
        self.directory = InstrumentDirectory()
        self.hub = PriceHub(
            directory=self.directory,
            wall_clock=time.time,
            fresh_seconds=limits.quote_fresh_seconds,
        )
        self.depth = DepthRunner(self.hub)
        self.taps: set[PriceTap] = set()
        self.flush_seconds = limits.quote_flush_ms / 1000
        self._frames_counted = 0
        self._directory_read_at: float | None = None  # monotonic
        self._directory_lock = asyncio.Lock()
        self.loop = asyncio.get_running_loop()
        self._listener = PriceListener(self)
        self._tasks: list[asyncio.Task[None]] = []
        self._tiers: dict[UUID, str] = {}  # of the users of open sockets, at the last look

    def start(self) -> None:
        self._listener.start()
        works = (self._flush, self._sweep, self._check, *self.depth.works)
        for work in works:
            name = f"price hub {work.__name__}"
            self._tasks.append(asyncio.create_task(_keep_going(work), name=name))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        metrics.sockets_open.labels("quotes").set(0)
        await asyncio.to_thread(self._listener.stop)

    def make_socket(self, *, holder: SocketHolder, line: Line) -> HubSocket:
        """A socket of this hub, not yet joined."""
        return HubSocket(
            holder=holder,
            maker=self.hub,
            patience=self.patience,
            monotonic=time.monotonic,
            line=line,
        )

    async def begin(self) -> None:
        """Make sure that instruments and standing quotes were read once, for a first snapshot."""
        await self.refresh_directory(rest_seconds=float("inf"))
        if not self._listener.has_begun.is_set():
            await asyncio.to_thread(self._listener.has_begun.wait, BEGIN_SECONDS)

    async def refresh_directory(self, *, rest_seconds: float = DIRECTORY_REST_SECONDS) -> None:
        """Read the instruments anew, unless that was done a moment ago."""
        async with self._directory_lock:
            read_at = self._directory_read_at
            if read_at is not None and time.monotonic() - read_at < rest_seconds:
                return
            self.directory.replace(await database_sync_to_async(read_listings)())
            self._directory_read_at = time.monotonic()

    # Called in the listener's thread; what matters is handed to the loop's.

    def hear_quotes(self, quotes: Quotes) -> None:
        self._hand_over(self.hub.apply, quotes)
        for tap in list(self.taps):
            self._hand_over(tap.take_quotes, quotes)

    def hear_ticks(self, ticks: Ticks) -> None:
        followed = self.depth.hub.traded
        if followed and (wanted := [it for it in ticks if it.get("instrument_id") in followed]):
            self._hand_over(self.depth.hub.take_in_ticks, wanted)
        for tap in list(self.taps):
            self._hand_over(tap.take_ticks, ticks)

    def hear_books(self, instrument_ids: Sequence[int]) -> None:
        self._hand_over(self.depth.note_changed, instrument_ids)

    def hear_anew(self) -> None:
        self._hand_over(self.depth.begin_anew)

    def hear_fired(self, user_ids: Collection[UUID]) -> None:
        self._hand_over(self.hub.tell_users, user_ids, ALERTS_FRAME)

    def hear_news(self, user_ids: Collection[UUID]) -> None:
        self._hand_over(self.hub.tell_users, user_ids, INBOX_FRAME)

    def _hand_over(self, take: Callable[..., None], *heard: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and the process with it
            self.loop.call_soon_threadsafe(take, *heard)

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        step = self.flush_seconds / FLUSH_PHASES
        due, phase = loop.time(), 0
        while True:
            # Late by more than a step: go on from now, for there is nothing to catch up.
            due = max(due + step, loop.time())
            await asyncio.sleep(due - loop.time())
            self.hub.flush(phase)
            if phase == 0:
                self.depth.hub.flush()
            phase = (phase + 1) % FLUSH_PHASES

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.hub.mark_stale()
            self.hub.sweep()
            self._count()

    def _count(self) -> None:
        """Keep the metrics of all sockets at once, which would cost too much frame by frame."""
        metrics.sockets_open.labels("quotes").set(len(self.hub.sockets))
        metrics.frames.labels("quotes").inc(self.hub.frames_made - self._frames_counted)
        self._frames_counted = self.hub.frames_made

    async def _check(self) -> None:
        """Ask the database what changed; apart from the sweep, which must not wait for it."""
        while True:
            await asyncio.sleep(ACCESS_SECONDS)
            if self.hub.sockets:
                await self.refresh_directory(rest_seconds=DIRECTORY_SECONDS)
                await self._close_shut_out()
                await self._follow_tiers()

    async def _close_shut_out(self) -> None:
        """Close the sockets whose key or user lost access; one look for all of them."""
        sockets = list(self.hub.sockets)
        holders = {socket.holder for socket in sockets}
        lost = await database_sync_to_async(shut_out)(holders, at=timezone.now())
        for socket in sockets:
            if socket.holder in lost:
                socket.close(SocketClose(CloseCode.SIGNED_OUT, "access was withdrawn"))

    async def _follow_tiers(self) -> None:
        """Let a change of tier count for open sockets too, and close what now watches too much."""
        sockets = list(self.hub.sockets)
        user_ids = {socket.holder.user_id for socket in sockets}
        self._tiers = await database_sync_to_async(tiers_of)(user_ids)
        for socket in sockets:
            tier = self._tiers.get(socket.holder.user_id)
            if tier is not None and len(socket.symbols) > symbols_allowed(tier):
                socket.close(too_many_symbols(tier))

    def tier_of(self, user_id: UUID, *, at_first: str) -> str:
        """The user's tier now; ``at_first`` is what it was when his socket was opened."""
        return self._tiers.get(user_id, at_first)


async def _keep_going(work: Callable[[], Awaitable[None]]) -> None:
    """Run one of the hub's tasks again after whatever ended it, with a growing pause."""
    failures = 0
    while True:
        started_at = time.monotonic()
        try:
            await work()
        except DatabaseError as error:
            logger.warning("The price hub cannot ask the database: %s", error)
        except Exception:
            logger.exception("The price hub stumbled and goes on")
        failures = 0 if time.monotonic() - started_at > STEADY_SECONDS else failures + 1
        await asyncio.sleep(PAUSE_SECONDS[min(failures, len(PAUSE_SECONDS) - 1)])


def symbols_allowed(tier: str) -> int:
    return allowance_of(tier).symbols_per_socket


def too_many_symbols(tier: str) -> SocketClose:
    """Why a socket is closed that asks for more than the tier includes."""
    reason = f"the {tier} tier includes {symbols_allowed(tier)} symbols"
    if better := better_tier(tier, "symbols_per_socket"):
        reason += f"; the {better} tier includes {symbols_allowed(better)}"
    return SocketClose(CloseCode.TOO_MANY_SYMBOLS, reason)


def read_listings() -> list[Listing]:
    rows = Instrument.objects.values_list("id", "symbol", "exchange_id", "is_active")
    return [Listing(*row) for row in rows]


_runners: WeakKeyDictionary[asyncio.AbstractEventLoop, HubRunner] = WeakKeyDictionary()


def hub_runner() -> HubRunner:
    """The hub of the running event loop, started at the first call."""
    loop = asyncio.get_running_loop()
    runner = _runners.get(loop)
    if runner is None:
        runner = _runners[loop] = HubRunner()
        runner.start()
    return runner


async def stop_hub() -> None:
    """Stop the running loop's hub, if it has one."""
    if runner := _runners.pop(asyncio.get_running_loop(), None):
        await runner.stop()
