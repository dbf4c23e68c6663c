"""The home page of portfolios with many activities, against an empty Django view.

Both are asked for within this process, through every middleware, by somebody who is signed in; one
after the other, so that a round is not a queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tiers import Tier
from bench.desk import make_instruments, make_publisher, quote_of
from bench.harness import Options, Report, alternate, peak_memory_mib
from market.intake.providers import PriceBatch
from market.models import Instrument
from portfolio.activities import Touched, follow_activities, post_activities
from portfolio.bookkeeping.bulk import copy_rows
from portfolio.portfolios import open_portfolio
from portfolio.recording.activity_rules import ActivityDraft
from portfolio.valuation import refresh_valuations

# Activities, and the milliseconds within which 95 of 100 pages are to come.
SIZES: Final = {2_000: 100, 15_000: 150, 50_000: 300}
YEARS: Final = 10
REQUESTS: Final = 60
BATCH: Final = 2_000
BAR_COLUMNS: Final = (
    *("instrument_id", "interval", "opened_at", "open", "high", "low", "close", "volume"),
    "source",
)


def run(options: Options) -> Report:
    report = Report("dashboard", options.seed, options.rounds)
    now = datetime.now(UTC)
    call_command("collectstatic", interactive=False, verbosity=0)
    instruments = make_instruments()
    store_closes(instruments, now=now)
    publish_quotes(instruments)
    requests = max(20, int(REQUESTS * options.scale))
    counts = {}
    for size, most_ms in SIZES.items():
        count = max(100, int(size * options.scale))
        client = browser_of(count, instruments, now=now)
        counts[count] = queries_of_home(client)
        ours, limit = side_by_side(client, requests=requests, rounds=options.rounds)
        report.add(f"{count:,} activities, p95 of /home", unit="ms", ours=ours, at_most=most_ms)
        report.add("  beside an empty view", unit="ms", ours=ours, limit=limit)
    spread = max(counts.values()) - min(counts.values())
    report.add("queries more for more activities", unit="", ours=[spread], at_most=0)
    report.notes.append(f"queries of the page: {counts}")
    report.memory_mib = peak_memory_mib()
    return report


def side_by_side(
    client: Client, *, requests: int, rounds: int
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds that 95 of 100 answers take at most, a round each."""

    def empty() -> float:
        with override_settings(ROOT_URLCONF="bench.empty_view"):
            return p95_ms(client, "/empty", requests)

    results = alternate(rounds, {"ours": lambda: p95_ms(client, "/home", requests), "limit": empty})
    return results["ours"], results["limit"]


def p95_ms(client: Client, path: str, requests: int) -> float:
    taken = []
    for _ in range(requests):
        started = time.perf_counter()
        answer = client.get(path)
        taken.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return sorted(taken)[int(len(taken) * 0.95)] * 1000


def queries_of_home(client: Client) -> int:
    """How often a page asks the database; the first of a process is not counted."""
    client.get("/home")
    with CaptureQueriesContext(connection) as captured:
        client.get("/home")
    return len(captured)


def browser_of(count: int, instruments: Sequence[Instrument], *, now: datetime) -> Client:
    """Somebody signed in whose one portfolio has that many activities."""
    owner = User.objects.create_user(f"home{count}@example.com", tier=Tier.PREMIUM)
    portfolio = open_portfolio(
        owner=owner,
        name="Depot",
        kind="tracked",
        currency="USD",
        starting_cash=None,
        opened_at=now,
    )
    told = list(activities(count, instruments, now=now))
    with transaction.atomic():
        touched = Touched()
        for start in range(0, len(told), BATCH):
            post_activities(
                portfolio=portfolio,
                activities=told[start : start + BATCH],
                recorded_at=now,
                touched=touched,
            )
        follow_activities(portfolio, touched, recorded_at=now)
    refresh_valuations(portfolio.id, (now - timedelta(days=1)).date())
    client = Client(SERVER_NAME="localhost")
    client.force_login(owner)
    return client


def activities(
    count: int, instruments: Sequence[Instrument], *, now: datetime
) -> Iterator[ActivityDraft]:
    """A deposit, then purchases, dividends, and smaller sales, over ten years, oldest first."""
    first = now - timedelta(days=YEARS * 365)
    step = timedelta(days=YEARS * 365 - 2) / count
    yield ActivityDraft(kind="deposit", occurred_at=first, amount=Decimal(10**9))
    for number in range(1, count):
        facts: dict[str, Any] = {"quantity": Decimal(10 + number % 7), "unit_price": Decimal(100)}
        kind = "buy"
        if number % 4 == 3:
            kind, facts["quantity"] = "sell", Decimal(2)
        elif number % 16 == 8:
            kind, facts = "dividend", {"amount": Decimal(7)}
        yield ActivityDraft(
            kind=kind,
            occurred_at=first + step * number,
            instrument=instruments[number // 4 % len(instruments)],
            **facts,
        )


def store_closes(instruments: Sequence[Instrument], *, now: datetime) -> None:
    """A bar a day of each, over the years."""
    midnight = now.replace(hour=5, minute=0, second=0, microsecond=0)

    def rows() -> Iterator[tuple[object, ...]]:
        for place, instrument in enumerate(instruments):
            for ago in range(1, YEARS * 365 + 10):
                close = Decimal(100 + (ago + place) % 17)
                day = midnight - timedelta(days=ago)
                yield (instrument.id, "1d", day, close, close, close, close, 1000, "sample")

    copy_rows("market_bar", BAR_COLUMNS, rows())


def publish_quotes(instruments: Sequence[Instrument]) -> None:
    quotes = tuple(quote_of(instrument) for instrument in instruments)
    make_publisher().publish(PriceBatch(quotes=quotes, ticks=()), at=datetime.now(UTC))
