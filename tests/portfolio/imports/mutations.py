"""Files that were fine once: cut, mixed, swollen, in the wrong encoding, with nonsense in cells."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from tests.portfolio.imports.samples import SAMPLES, typed_workbook, zipped

NONSENSE: Final = (
    *(
        b"",
        b"-",
        b"NaN",
        b"1e999",
        b"99999999999999999999999999999",
        b"0",
        b"-0",
        b"1.2.3",
        b"1,2,3",
    ),
    *(b"31/31/2024", b"0000-00-00", b"9999-12-31", b"10000-01-01", b"2024-02-30 25:61", b"\x00"),
    *(
        b'"',
        b'""',
        b"=1+1",
        b"\xff\xfe",
        "٣".encode(),
        "\u202e".encode(),
        b"buy",
        b"trade",
        b"split",
    ),
    *(b"A" * 5000, b"\r", b"\n", b"\t", b";", b"|", b"'", b"GBX", b"(1)", b"1-", b"EUR 1"),
)
ORIGINALS: Final = (
    *SAMPLES.values(),
    typed_workbook(),
    zipped(**{name: content for name, content in SAMPLES.items() if name in ("ibkr", "degiro")}),
)


def mutated(numbers: random.Random) -> bytes:
    """One of the samples after one to four mishaps."""
    content = numbers.choice(ORIGINALS)
    for _ in range(numbers.randint(1, 4)):
        content = numbers.choice(MISHAPS)(content, numbers)
    return content


def flip(content: bytes, numbers: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(numbers.randint(1, 8)):
        if changed:
            changed[numbers.randrange(len(changed))] = numbers.randrange(256)
    return bytes(changed)


def cut(content: bytes, numbers: random.Random) -> bytes:
    return content[: numbers.randint(0, len(content))]


def splice(content: bytes, numbers: random.Random) -> bytes:
    other = numbers.choice(ORIGINALS)
    return content[: numbers.randint(0, len(content))] + other[numbers.randint(0, len(other)) :]


def replace_cell(content: bytes, numbers: random.Random) -> bytes:
    separator = b";" if content.count(b";") > content.count(b",") else b","
    lines = content.split(b"\n")
    index = numbers.randrange(len(lines))
    cells = lines[index].split(separator)
    cells[numbers.randrange(len(cells))] = numbers.choice(NONSENSE)
    lines[index] = separator.join(cells)
    return b"\n".join(lines)


def shuffle_lines(content: bytes, numbers: random.Random) -> bytes:
    lines = content.split(b"\n")
    numbers.shuffle(lines)
    return b"\n".join(lines)


def repeat_lines(content: bytes, numbers: random.Random) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join(lines + [numbers.choice(lines)] * numbers.randint(1, 200))


def recode(content: bytes, numbers: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    encoding = numbers.choice(("utf-16", "utf-16-le", "utf-8-sig", "cp1252", "utf-32"))
    return text.encode(encoding, "replace")


def swap_separators(content: bytes, numbers: random.Random) -> bytes:
    one, other = numbers.sample((b",", b";", b"\t", b"|", b".", b":"), 2)
    return content.replace(one, other)


def pack(content: bytes, numbers: random.Random) -> bytes:
    return zipped(**{f"f{number}": content for number in range(numbers.randint(1, 3))})


MISHAPS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (
    *(flip, cut, splice, replace_cell, replace_cell, replace_cell),
    *(shuffle_lines, repeat_lines, recode, swap_separators, pack),
)
