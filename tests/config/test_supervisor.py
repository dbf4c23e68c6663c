import io
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.servers.child import Child
from config.supervision.backoff import Backoff
from config.supervision.output import Output
from config.supervision.records import ProcessRecords, start_of
from config.supervision.supervisor import Program, Supervisor
from tests.support.desk import is_alive

QUICK = Backoff(first_seconds=0.05, ceiling_seconds=0.2)


def script(name: str, code: str) -> Child:
    return Child(name=name, command=[sys.executable, "-c", code])


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, output: io.StringIO) -> Iterator[Supervisor]:
    supervisor = Supervisor(
        [], output=Output(output), records_path=tmp_path / "processes.json", backoff=QUICK
    )
    yield supervisor
    supervisor.stop()


def watch(supervisor: Supervisor, condition: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    supervisor.watch(until=lambda: condition() or time.monotonic() > deadline)
    assert condition()


@pytest.mark.parametrize(
    ("failures", "delay_seconds"),
    [(1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (7, 10.0), (10_000, 10.0)],
)
def test_waits_double_up_to_a_ceiling(failures: int, delay_seconds: float) -> None:
    assert Backoff().delay_seconds(failures) == delay_seconds


def test_a_process_that_ran_well_starts_over() -> None:
    assert Backoff().failures_after(6, ran_seconds=19.9) == 7
    assert Backoff().failures_after(6, ran_seconds=20) == 1


def test_what_dies_is_started_again(supervisor: Supervisor, output: io.StringIO) -> None:
    child = script("sleeper", "import time; time.sleep(60)")
    supervisor.add([Program(child)])
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    watch(supervisor, lambda: child.pid not in {None, first})
    assert supervisor.records.pids() == {"sleeper": child.pid}
    assert "was ended by SIGKILL; starting it again in 0.05 s" in output.getvalue()


def test_what_dies_at_once_is_tried_ever_more_slowly(
    supervisor: Supervisor, output: io.StringIO
) -> None:
    program = Program(script("failing", "raise SystemExit(3)"))
    supervisor.add([program])
    watch(supervisor, lambda: program.failures >= 3)
    assert "ended with code 3; starting it again in 0.2 s" in output.getvalue()


def test_what_hangs_is_killed(supervisor: Supervisor) -> None:
    supervisor.check_seconds = 0.01
    supervisor.silences_allowed = 2
    child = script("hanging", "import time; time.sleep(60)")
    answers = iter([True])
    supervisor.add([Program(child, answers=lambda: next(answers, False))])
    first = child.pid
    watch(supervisor, lambda: child.pid not in {None, first})


def test_what_starts_slowly_is_given_time(supervisor: Supervisor) -> None:
    supervisor.check_seconds = 0.01
    supervisor.silences_allowed = 2
    child = script("slow", "import time; time.sleep(60)")
    questions = itertools.count()
    supervisor.add([Program(child, answers=lambda: next(questions) < 0)])
    first = child.pid
    watch(supervisor, lambda: next(questions) > 10)
    assert child.pid == first
    supervisor.start_patience_seconds = 0
    watch(supervisor, lambda: child.pid not in {None, first})


def test_lines_carry_the_name_of_their_process(supervisor: Supervisor, output: io.StringIO) -> None:
    supervisor.add([Program(script("talker", "print('one'); print('two')"))])
    watch(supervisor, lambda: "talker    | two\n" in output.getvalue())
    assert "talker    | one\n" in output.getvalue()


def test_later_stages_stop_first(
    supervisor: Supervisor, output: io.StringIO, tmp_path: Path
) -> None:
    code = (
        "import signal, sys, time, pathlib\n"
        "def stop(*_):\n"
        "    log = pathlib.Path(sys.argv[1]).open('a'); log.write(sys.argv[2]); log.close()\n"
        "    raise SystemExit\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "stops"
    children = {
        name: Child(name=name, command=[sys.executable, "-c", code, str(log), name])
        for name in ("database", "web")
    }
    supervisor.add([Program(children["database"], stage=0), Program(children["web"], stage=1)])
    watch(supervisor, lambda: output.getvalue().count("ready") == 2)
    supervisor.stop()
    assert log.read_text() == "webdatabase"
    assert not supervisor.records.path.exists()


def test_stopping_leaves_no_grandchildren(supervisor: Supervisor, output: io.StringIO) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('pid', child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    supervisor.add([Program(script("parent", code))])
    watch(supervisor, lambda: "pid" in output.getvalue())
    grandchild = int(output.getvalue().split("pid")[1].split()[0])
    supervisor.stop()
    deadline = time.monotonic() + 10
    while is_alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(grandchild)


def test_a_stop_asked_for_ends_the_watch(supervisor: Supervisor) -> None:
    threading.Timer(0.1, supervisor.stop_asked.set).start()
    started_at = time.monotonic()
    supervisor.watch()
    assert time.monotonic() - started_at < 5


def test_leftovers_of_a_killed_desk_are_ended(tmp_path: Path) -> None:
    child = script("left", "import time; time.sleep(60)")
    child.start()
    records = ProcessRecords(tmp_path / "processes.json")
    records.write([child])
    # Somebody has to take note of its end, or it stays as a zombie.
    reaper = threading.Thread(target=lambda: child.wait(timeout_seconds=20))
    reaper.start()
    assert records.stop_leftovers() == ["left"]
    reaper.join()
    assert not child.is_running
    assert child.process is not None
    child.process.communicate()


def test_a_stranger_with_an_old_process_id_is_left_alone(tmp_path: Path) -> None:
    records = ProcessRecords(tmp_path / "processes.json")
    records.path.write_text(f'{{"left": {{"pid": {os.getpid()}, "started": "1"}}}}')
    assert records.stop_leftovers() == []
    assert start_of(os.getpid()) != "1"
