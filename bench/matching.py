"""The pure core over a million commands, against a book of dicts and deques without checks.

The same seeded flow for both: limit orders around a price that wanders, one command in seven a
cancellation. The plain book keeps orders by price and time and trades them, and does nothing else:
no owners, no street, no time in force, no tidying of what was cancelled, and no outcomes.
"""

from __future__ import annotations

import gc
import random
import time
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, NamedTuple
from uuid import UUID

import config  # noqa: F401 - as in the matcher's process, garbage is looked for seldom
from bench.harness import Options, Report, alternate, peak_memory_mib
from trading.matching import submit
from trading.order_book import BookOrder, OrderBook

COMMANDS: Final = 1_000_000
CANCELS: Final = 0.15
OWNERS: Final = 1_000
PRICE: Final = 10_000  # ticks
SPREAD: Final = 12  # ticks, the standard deviation of limits


class Command(NamedTuple):
    """A new order, or with ``cancels`` the end of an earlier one."""

    id: UUID
    owner: UUID
    is_buy: bool
    limit: int
    quantity: int
    cancels: UUID | None


def run(options: Options) -> Report:
    report = Report(case="matching", seed=options.seed, rounds=options.rounds)
    commands = make_commands(max(1_000, int(COMMANDS * options.scale)), seed=options.seed)

    def ours() -> float:
        return rate(commands, play_ours)

    def limit() -> float:
        return rate(commands, play_plain)

    lots_ours, lots_plain = play_ours(commands), play_plain(commands)
    if lots_ours != lots_plain:
        raise RuntimeError(f"ours traded {lots_ours} lots, the plain book {lots_plain}")
    results = alternate(options.rounds, {"ours": ours, "limit": limit})
    report.add(
        "commands through the pure core",
        unit="commands a CPU second",
        ours=results["ours"],
        limit=results["limit"],
        at_least=0.5,
    )
    report.add(
        "the same, by itself", unit="commands a CPU second", ours=results["ours"], at_least=200_000
    )
    report.memory_mib = peak_memory_mib()
    report.notes.append(f"{len(commands):,} commands, {lots_ours:,} lots traded by both")
    return report


def rate(commands: list[Command], play: Callable[[list[Command]], int]) -> float:
    gc.collect()
    started = time.process_time()  # others on the machine cost none of it
    play(commands)
    return len(commands) / (time.process_time() - started)


def make_commands(count: int, *, seed: int) -> list[Command]:
    numbers = random.Random(seed)
    owners = [UUID(int=number + 1) for number in range(OWNERS)]
    middle = float(PRICE)
    commands: list[Command] = []
    placed: list[UUID] = []
    for number in range(count):
        if placed and numbers.random() < CANCELS:
            # The newest are likeliest to work still, and to be thought better of.
            place = len(placed) - 1 - min(int(numbers.expovariate(1 / 200)), len(placed) - 1)
            commands.append(Command(placed[place], owners[0], True, 0, 0, placed[place]))
            continue
        middle += numbers.gauss(0, 0.2)
        order_id = UUID(int=number + 1_000_000)
        limit = max(1, round(numbers.gauss(middle, SPREAD)))
        is_buy = numbers.random() < 0.5
        # An owner of an even number buys and one of an odd number sells, so nobody meets himself.
        owner = owners[numbers.randrange(OWNERS // 2) * 2 + (0 if is_buy else 1)]
        commands.append(Command(order_id, owner, is_buy, limit, numbers.randint(1, 50), None))
        placed.append(order_id)
    return commands


def play_ours(commands: list[Command]) -> int:
    """Lots traded."""
    book, lots = OrderBook(), 0
    for order_id, owner, is_buy, limit, quantity, cancels in commands:
        if cancels is not None:
            book.remove(cancels)
            continue
        order = BookOrder(order_id, owner, is_buy, limit, quantity)
        trades, _ = submit(book, order, None)
        for _, _, _, traded, _ in trades:
            lots += traded
    return lots


def play_plain(commands: list[Command]) -> int:
    """Lots traded."""
    levels: tuple[dict[int, deque[list[int]]], dict[int, deque[list[int]]]] = ({}, {})
    heaps: tuple[list[int], list[int]] = ([], [])
    orders: dict[UUID, list[int]] = {}
    lots = 0
    for order_id, _, is_buy, limit, quantity, cancels in commands:
        if cancels is not None:
            gone = orders.pop(cancels, None)
            if gone is not None:
                gone[0] = 0
            continue
        side = 0 if is_buy else 1
        other_levels, other_heap = levels[1 - side], heaps[1 - side]
        left, worst = quantity, limit if is_buy else -limit
        while left and other_heap and other_heap[0] <= worst:
            queue = other_levels[other_heap[0]]
            while left and queue:
                resting = queue[0]
                taken = min(left, resting[0])
                resting[0] -= taken
                left -= taken
                lots += taken
                if not resting[0]:
                    queue.popleft()
            if not queue:
                del other_levels[heappop(other_heap)]
        if left:
            key = -limit if is_buy else limit
            own = levels[side].get(key)
            if own is None:
                own = levels[side][key] = deque()
                heappush(heaps[side], key)
            orders[order_id] = kept = [left]
            own.append(kept)
    return lots
