"""The same commands give the same bytes, whatever seed the interpreter hashes with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PLAY: Final = """
import random
import django
django.setup()
from tests.torture.matching import random_step
from tests.trading.test_matching_properties import Exchange
numbers = random.Random(20260304)
exchange = Exchange()
for _ in range(600):
    exchange.play(random_step(numbers))
print(exchange.log)
print(list(exchange.book.orders))
from tests.trading.test_pure_floor import play
print(play(4))
"""


def play(seed: str) -> bytes:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    played = subprocess.run(
        [sys.executable, "-c", PLAY], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    return played.stdout


def test_hash_seeds_change_nothing() -> None:
    told = {play(seed) for seed in ("0", "4242")}
    assert len(told) == 1
    assert len(told.pop()) > 10_000
