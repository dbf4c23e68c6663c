"""The processes of a desk on one machine."""

import sys
from pathlib import Path

from config.run import ROOT
from config.servers.child import Child
from config.supervision.addresses import Address
from config.supervision.supervisor import Program


def desk_programs(address: Address, *, data: Path) -> list[Program]:
    """Return web, matcher, feed, worker, brokers, relay and scheduler, not started."""
    listening = {"HOST": address.host, "PORT": str(address.port)}
    return [
        Program(build_child("web", data=data, **listening), answers=address.is_alive),
        Program(build_child("matcher", data=data)),
        Program(build_child("feed", data=data)),
        Program(build_child("worker", data=data)),
        Program(build_child("brokers", data=data)),
        Program(build_child("relay", data=data)),
        Program(build_child("scheduler", data=data)),
    ]


def build_child(name: str, *, data: Path, **environment: str) -> Child:
    """Return the process that ``python -m config.run NAME`` becomes, not started."""
    return Child(
        name=name,
        command=[sys.executable, "-m", "config.run", name],
        environment={"HOLDFAST_DATA": str(data), "PYTHONUNBUFFERED": "1", **environment},
        folder=ROOT,
    )
