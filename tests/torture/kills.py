"""``kill -9`` of one process after another while programs place orders."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from tests.support.desk import LiveDesk
from tests.torture.report import Finding
from tests.trading.test_kill import (
    TRADERS,
    VICTIMS,
    Trader,
    lost_or_doubled,
    wait_for_orders,
    wait_until_done,
)

HEAL_SECONDS = 30


def search(*, seconds: float, seed: int) -> Finding:
    """Kill until time is up; an order lost, doubled or left undone is a violation."""
    finding = Finding("kills", seed=seed, counted="kills")
    numbers = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="holdfast-torture-") as folder:
        Path(folder).chmod(0o711)
        desk = LiveDesk(Path(folder) / "data")
        try:
            desk.start()
            traders = [Trader(desk, f"trader{number}") for number in range(TRADERS)]
            _storm(desk, traders, numbers, finding, deadline=time.monotonic() + seconds)
        finally:
            desk.stop()
    return finding


def _storm(
    desk: LiveDesk,
    traders: list[Trader],
    numbers: random.Random,
    finding: Finding,
    *,
    deadline: float,
) -> None:
    for trader in traders:
        trader.sign_up()
        trader.start()
    healing = []
    try:
        while time.monotonic() < deadline or not finding.count:
            wait_for_orders(traders, more=numbers.randint(1, 20))
            victim = numbers.choice(VICTIMS)
            old_pid = desk.pids[victim]
            killed_at = time.monotonic()
            desk.kill(victim)
            desk.wait_until_restarted(victim, old_pid=old_pid)
            desk.wait_until_ready()
            healing.append(time.monotonic() - killed_at)
            finding.count += 1
    finally:
        for trader in traders:
            trader.stop()
    wait_until_done(desk)
    finding.violations.extend(lost_or_doubled(desk, traders))
    try:
        desk.manage("check_books")
    except AssertionError as error:
        finding.violations.append(f"the books do not balance: {error}")
    orders = sum(len(trader.acknowledged) for trader in traders)
    finding.notes.append(f"{orders:,} orders acknowledged")
    finding.notes.append(f"healed within {max(healing):.1f} s at worst")
    if max(healing) > HEAL_SECONDS:
        finding.violations.append(f"healing took longer than {HEAL_SECONDS} s")
