"""Who reads slowly, acknowledges or stops: what it costs, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from market.live.consumers import write
from market.live.hub_socket import CloseCode, HubSocket, SocketClose
from tests.market.hub_desk import Desk, prices, read


@pytest.fixture
def desk() -> Desk:
    return Desk()


def receive_and_flush(desk: Desk, socket: HubSocket, numbers: Iterable[int]) -> None:
    for number in numbers:
        desk.price("AAPL", str(number))
        desk.flush()
        read(socket)


def test_a_client_that_never_acknowledged_is_left_alone(desk: Desk) -> None:
    socket = desk.open("AAPL")
    receive_and_flush(desk, socket, range(3))
    desk.clock.seconds += 3600
    desk.hub.sweep()
    assert not socket.is_closing


def test_a_client_that_stops_acknowledging_is_closed_after_15_seconds(desk: Desk) -> None:
    socket = desk.open("AAPL")
    (snapshot,) = read(socket)
    socket.acknowledge(snapshot["seq"])
    receive_and_flush(desk, socket, range(3))
    desk.clock.seconds += 14.9
    desk.hub.sweep()
    assert not socket.is_closing
    desk.clock.seconds += 0.1
    desk.hub.sweep()
    assert socket.is_closing


def test_who_takes_no_bytes_either_is_dropped_instead(desk: Desk) -> None:
    socket = desk.open("AAPL", is_stuck=True)
    (snapshot,) = read(socket)
    socket.acknowledge(snapshot["seq"])
    receive_and_flush(desk, socket, [1])
    desk.clock.seconds += 14.9
    desk.hub.sweep()
    assert desk.aborted == []
    desk.clock.seconds += 0.1
    desk.hub.sweep()
    assert desk.aborted == [socket]
    assert not socket.is_closing


def test_a_client_that_is_not_behind_owes_no_acknowledgement(desk: Desk) -> None:
    socket = desk.open("AAPL")
    (snapshot,) = read(socket)
    socket.acknowledge(snapshot["seq"])
    desk.clock.seconds += 3600
    desk.hub.sweep()
    assert not socket.is_closing


def test_each_step_forward_renews_the_patience(desk: Desk) -> None:
    socket = desk.open("AAPL")
    socket.acknowledge(read(socket)[0]["seq"])
    frames = []
    for number in range(4):
        desk.price("AAPL", str(number))
        desk.flush()
        frames += read(socket)
    for frame in frames[:3]:
        desk.clock.seconds += 10
        socket.acknowledge(frame["seq"])
        desk.hub.sweep()
    assert not socket.is_closing


def test_acknowledging_the_future_counts_as_the_present(desk: Desk) -> None:
    socket = desk.open("AAPL")
    read(socket)
    socket.acknowledge(10**12)
    receive_and_flush(desk, socket, [1])
    desk.clock.seconds += 15
    desk.hub.sweep()
    assert socket.is_closing


def test_answers_nobody_reads_end_the_socket(desk: Desk) -> None:
    socket = desk.open()
    for _ in range(33):
        socket.notify("{}")
    assert socket.is_closing


# The writer.


def test_the_writer_sends_in_order_and_closes_with_the_reason(desk: Desk) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def converse() -> None:
        socket = desk.open("AAPL")
        writer = asyncio.create_task(socket.write(send))
        for number in range(3):
            await asyncio.sleep(0)
            desk.price("AAPL", str(number))
            desk.flush()
            await asyncio.sleep(0)
        socket.close(SocketClose(CloseCode.SIGNED_OUT, "access was withdrawn"))
        await asyncio.wait_for(writer, 1)

    asyncio.run(converse())
    frames = [orjson.loads(message["text"]) for message in sent[:-1]]
    assert [prices(frame) for frame in frames] == [{}, {"AAPL": "0"}, {"AAPL": "1"}, {"AAPL": "2"}]
    assert sent[-1] == {"type": "websocket.close", "code": 4401, "reason": "access was withdrawn"}


def test_a_send_that_stalls_is_dropped_and_delays_nobody(desk: Desk) -> None:
    received: list[str] = []

    async def stall(message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    async def take(message: dict[str, Any]) -> None:
        received.append(message["text"])

    async def converse() -> None:
        stalled, healthy = desk.open("AAPL"), desk.open("AAPL")
        writers = [
            asyncio.create_task(stalled.write(stall)),
            asyncio.create_task(healthy.write(take)),
        ]
        for number in range(20):
            desk.price("AAPL", str(number))
            desk.flush()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        desk.clock.seconds += 11.9
        desk.hub.sweep()
        assert desk.aborted == []
        desk.clock.seconds += 0.1
        desk.hub.sweep()
        assert desk.aborted == [stalled]
        for writer in writers:
            writer.cancel()

    asyncio.run(converse())
    assert len(received) >= 20


@pytest.mark.parametrize(
    ("failure", "is_logged"),
    [
        (ConnectionResetError(), False),
        (RuntimeError("Unexpected ASGI message, after sending 'websocket.close'."), False),
        (RuntimeError("something else"), True),
        (KeyError("a bug"), True),
    ],
)
def test_a_failing_send_ends_its_own_socket_only(
    desk: Desk, failure: Exception, is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(message: dict[str, Any]) -> None:
        raise failure

    socket = desk.open("AAPL")
    asyncio.run(write(socket, fail))
    assert bool(caplog.records) is is_logged
    assert desk.aborted == ([socket] if is_logged else [])
