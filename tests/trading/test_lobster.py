"""A recorded order flow, played through the book."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from trading.exchange.lobster import BadMessage, replay

# Two asks and a bid; one partly cancelled, one executed in two parts, one deleted; an order from
# before the file, a hidden execution and a halt change nothing.
FLOW = """\
34200.004241176,1,16113575,18,5853300,1
34200.004260640,1,16113584,18,5853200,1
34200.004447484,1,16113594,20,5859000,-1
34200.025551909,1,16120456,10,5859100,-1
34200.025579546,2,16120456,3,5859100,-1
34200.201517942,4,16113594,15,5859000,-1
34200.201735987,4,16113594,5,5859000,-1
34200.201744001,3,16113575,18,5853300,1
34200.300000000,3,1,100,5850000,1
34200.400000000,5,0,7,5856000,1
34200.500000000,7,0,0,-1,-1
"""


def test_it_says_the_best_levels_after_each_message() -> None:
    told = [(top.bids, top.asks) for top in replay(FLOW.splitlines(), depth=2)]
    after_four = ((5853300, 18), (5853200, 18)), ((5859000, 20), (5859100, 10))
    assert told[0] == (((5853300, 18),), ())
    assert told[3] == after_four
    assert told[4][1] == ((5859000, 20), (5859100, 7))
    assert told[5][1] == ((5859000, 5), (5859100, 7))
    assert told[6][1] == ((5859100, 7),)
    assert told[7:] == [(((5853200, 18),), ((5859100, 7),))] * 4


def test_the_command_prints_what_an_orderbook_file_has(tmp_path: Path) -> None:
    file, out = tmp_path / "messages.csv", StringIO()
    file.write_text(FLOW)
    call_command("replay_lobster", file, levels=2, stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "9999999999,0,5853300,18,9999999999,0,-9999999999,0"
    assert lines[3] == "5859000,20,5853300,18,5859100,10,5853200,18"
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("34200.1,1,5,10,100", "6 fields"),
        ("34200.1,1,5,ten,100,1", "no number"),
        ("34200.1,9,5,10,100,1", "no such type"),
        ("34200.1,1,5,10,100,0", "direction"),
        ("34200.1,1,5,0,100,1", "size"),
    ],
)
def test_a_line_that_is_no_message_is_named(line: str, reason: str) -> None:
    with pytest.raises(BadMessage, match=rf"line 2 .*{reason}"):
        list(replay([FLOW.splitlines()[0], line], depth=1))


def test_a_file_that_is_not_there_is_a_clear_message(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("replay_lobster", tmp_path / "none.csv")
    with pytest.raises(CommandError, match="must be 1 to 200"):
        call_command("replay_lobster", tmp_path / "none.csv", levels=0)
