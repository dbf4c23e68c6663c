"""``kill -9`` of one process after another while programs race for the same portfolios.

Afterwards nothing that was acknowledged is lost, nothing was done twice, no bracket and no OCO is
half-alive, every probe is clean, the journal is what was sealed, and what is derived from it is
what is stored.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import redis

from tests.support.desk import ROOT, LiveDesk, clean_environment, wait_until
from tests.torture.group_trading import GroupTrader, groups_told, half_alive
from tests.torture.report import Finding
from tests.trading.test_kill import (
    VICTIMS,
    Trader,
    lost_or_doubled,
    rows,
    sign_up,
    wait_for_orders,
    wait_until_done,
)

HEAL_SECONDS: Final = 30
PORTFOLIOS: Final = 2
TRADERS_EACH: Final = 2  # of one portfolio, so that they race for its cash
KILLS_AT_LEAST: Final = 20  # however little time there is, each victim three times
STANDBY: Final = "standby"


@dataclass
class Saver(GroupTrader):
    """A trader who also pays in, each payment under a name of its own."""

    paid: list[str] = field(default_factory=list)

    def share(self, other: Trader) -> None:
        """Trade for another one's portfolio."""
        self.key, self.portfolio_id = other.key, other.portfolio_id

    def place(self, number: int) -> None:
        super().place(number)
        if number % 3 == 0:
            name = f"{self.name}-pays-{number}"
            body = {
                "kind": "deposit",
                "amount": "1",
                "occurred_at": "2026-01-05T12:00:00Z",
                "external_id": name,
            }
            path = f"/portfolios/{self.portfolio_id}/activities"
            answer = self.post(path, body, idempotency_key=name)
            if answer.status_code == 201:
                self.paid.append(name)
            else:
                self.refused.append(answer.text)


class StandbyMatcher:
    """A second matcher of the only shard; whoever of the two has the lock leads."""

    def __init__(self, desk: LiveDesk) -> None:
        self._desk = desk
        self._process: subprocess.Popen[bytes] | None = None

    def keep_running(self) -> None:
        """Start it where it does not run, as whoever supervises it would."""
        if self._process is None or self._process.poll() is not None:
            settings = {"DJANGO_SETTINGS_MODULE": "config.settings"}
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "matcher", "--shard", "0/1"],
                cwd=ROOT,
                env=clean_environment(self._desk.data) | settings,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)


def search(*, seconds: float, seed: int) -> Finding:
    """Kill until time is up; whatever is lost, doubled or left undone is a violation."""
    finding = Finding("faults", seed=seed, counted="kills")
    numbers = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="holdfast-torture-") as folder:
        Path(folder).chmod(0o711)
        desk = LiveDesk(Path(folder) / "data")
        standby = StandbyMatcher(desk)
        try:
            desk.start()
            standby.keep_running()
            traders = make_traders(desk)
            _storm(desk, standby, traders, numbers, finding, seconds=seconds)
            _look_at_what_is_left(desk, traders, finding)
        finally:
            standby.kill()
            desk.stop()
    return finding


def make_traders(desk: LiveDesk) -> list[Saver]:
    owners = [Saver(desk, f"trader{portfolio}") for portfolio in range(PORTFOLIOS)]
    sign_up(desk, owners)
    traders = []
    for owner in owners:
        traders.append(owner)
        for number in range(1, TRADERS_EACH):
            racer = Saver(desk, f"{owner.name}racer{number}")
            racer.share(owner)
            traders.append(racer)
    return traders


def _storm(
    desk: LiveDesk,
    standby: StandbyMatcher,
    traders: list[Saver],
    numbers: random.Random,
    finding: Finding,
    *,
    seconds: float,
) -> None:
    deadline = time.monotonic() + seconds
    for trader in traders:
        trader.start()
    killed: Counter[str] = Counter()
    healing: dict[str, float] = {}
    try:
        while time.monotonic() < deadline or finding.count < KILLS_AT_LEAST:
            left = [name for name in (*VICTIMS, STANDBY) if killed[name] == min_of(killed)]
            victim = numbers.choice(left)
            wait_for_orders(list(traders), more=numbers.randint(1, 20))
            started = time.monotonic()
            kill_and_heal(desk, standby, victim)
            # Healed is who takes and matches orders again, not who says that he is ready.
            wait_for_orders(list(traders), more=1)
            wait_for_matches(desk)
            took = time.monotonic() - started
            standby.keep_running()
            killed[victim] += 1
            finding.count += 1
            healing[victim] = max(healing.get(victim, 0.0), took)
    finally:
        for trader in traders:
            trader.stop()
    for name, took in sorted(healing.items()):
        finding.notes.append(f"{killed[name]} × {name}, healed within {took:.1f} s")
        if took > HEAL_SECONDS:
            finding.violations.append(f"{name} took {took:.1f} s, longer than {HEAL_SECONDS}")


def min_of(killed: Counter[str]) -> int:
    """How often the luckiest victim was killed."""
    return min(killed[name] for name in (*VICTIMS, STANDBY))


def wait_for_matches(desk: LiveDesk) -> None:
    """Let the matcher do a command that came after now."""
    newest = "SELECT coalesce(max(id), 0) FROM trading_ordercommand"
    ((since,),) = rows(desk, newest)
    query = f"{newest} WHERE done_at IS NOT NULL"
    wait_until(lambda: rows(desk, query)[0][0] > since, seconds=120, what="a command done")


def kill_and_heal(desk: LiveDesk, standby: StandbyMatcher, victim: str) -> None:
    """Until the desk says that it is ready again."""
    if victim == STANDBY:
        standby.kill()
    else:
        old_pid = desk.pids[victim]
        if victim == "valkey":
            redis.Redis.from_url(desk.connection.redis_url).flushall()
        desk.kill(victim)
        desk.wait_until_restarted(victim, old_pid=old_pid)
    desk.wait_until_ready()


def _look_at_what_is_left(desk: LiveDesk, traders: list[Saver], finding: Finding) -> None:
    wait_until_done(desk)
    finding.violations.extend(lost_or_doubled(desk, list(traders)))
    paid = {name for trader in traders for name in trader.paid}
    query = "SELECT external_id FROM portfolio_journalentry WHERE external_id LIKE 'trader%-pays-%'"
    entered = Counter(row[0] for row in rows(desk, query))
    finding.violations.extend(f"payment lost: {name}" for name in sorted(paid - entered.keys()))
    finding.violations.extend(f"paid twice: {name}" for name, n in entered.items() if n > 1)
    finding.violations.extend(half_alive(desk))
    finding.notes.append(groups_told(desk))
    orders = sum(len(trader.acknowledged) for trader in traders)
    finding.notes.append(f"{orders:,} orders and {len(paid):,} payments acknowledged")
    for words in (["check_books"], ["rebuild_positions", "--check"], ["verify_ledger", "--seal"]):
        try:
            finding.notes.append(desk.manage(*words).stdout.strip().splitlines()[-1])
        except AssertionError as error:
            finding.violations.append(f"{words[0]}: {error}")
