"""The page's price socket in a real Chromium comes back by itself and finds its place."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

PATIENCE_MS = 30_000


@dataclass
class Wire:
    """Sits between the page and the server, hears both, and may cut or repeat what they say."""

    page: Page
    said: list[list[dict[str, Any]]] = field(default_factory=list)  # by connection, by the page
    heard: list[list[dict[str, Any]]] = field(default_factory=list)  # by connection, by the page
    sockets: list[WebSocketRoute] = field(default_factory=list)
    is_cut: bool = False

    def __post_init__(self) -> None:
        self.page.route_web_socket("**/ws/v1/quotes", self.serve)

    def serve(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close()
            return
        server = socket.connect_to_server()
        said: list[dict[str, Any]] = []
        heard: list[dict[str, Any]] = []
        self.said.append(said)
        self.heard.append(heard)
        self.sockets.append(socket)

        def from_page(text: str | bytes) -> None:
            said.append(json.loads(text))
            server.send(text)

        def from_server(text: str | bytes) -> None:
            heard.append(json.loads(text))
            socket.send(text)

        socket.on_message(from_page)
        server.on_message(from_server)

    @property
    def count(self) -> int:
        """How many connections there were until now."""
        return len(self.heard)

    def wait_for(self, kind: str, *, since: int = 0) -> tuple[int, dict[str, Any]]:
        """The first frame of a kind on the connections from one on, and on which it came.

        A page on a slow machine may have begun anew by itself, so the first may be no more.
        """
        for _ in range(PATIENCE_MS // 100):
            for number, heard in enumerate(self.heard[since:], start=since):
                for frame in heard:
                    if frame["type"] == kind:
                        return number, frame
            self.page.wait_for_timeout(100)
        kinds = [Counter(frame["type"] for frame in heard) for heard in self.heard]
        raise AssertionError(f"no {kind} came from connection {since} on: {kinds}")


@pytest.fixture
def wire(onlooker: Page) -> Wire:
    dot = onlooker.locator("[data-connection]")
    # A socket that this visit opens only now would count as the first of those that follow.
    expect(dot).to_have_attribute("data-state", "live")
    wire = Wire(onlooker)
    onlooker.reload()
    expect(dot).to_have_attribute("data-state", "live")
    return wire


def symbol_of_a_row(page: Page) -> str:
    """Of what is held; lists of movers come and go."""
    return page.locator("tr[data-symbol]").first.get_attribute("data-symbol") or ""


def test_a_lost_socket_comes_back_with_all_it_had_and_prices_move_again(
    onlooker: Page, wire: Wire
) -> None:
    dot, row = onlooker.locator("[data-connection]"), onlooker.locator("tr[data-symbol]").first
    symbol = symbol_of_a_row(onlooker)
    wire.wait_for("update")
    wire.is_cut = True
    cut = wire.count
    wire.sockets[-1].close()
    expect(dot).not_to_have_attribute("data-state", "live")
    expect(row).to_have_attribute("data-stale", "", timeout=PATIENCE_MS)
    before = row.inner_text()
    wire.is_cut = False
    expect(dot).to_have_attribute("data-state", "live", timeout=2 * PATIENCE_MS)
    number, snapshot = wire.wait_for("snapshot", since=cut)
    assert symbol in wire.said[number][0]["subscribe"]
    first = next(frame for frame in wire.heard[number] if "seq" in frame)
    assert first == snapshot
    expect(row).not_to_have_attribute("data-stale", "", timeout=PATIENCE_MS)
    expect(row).not_to_have_text(before, timeout=PATIENCE_MS)
    assert {frame["ack"] for frame in wire.said[number] if "ack" in frame} >= {snapshot["seq"]}


def test_a_frame_out_of_its_place_makes_the_page_begin_anew_from_a_snapshot(
    onlooker: Page, wire: Wire
) -> None:
    symbol = symbol_of_a_row(onlooker)
    number, update = wire.wait_for("update", since=wire.count - 1)
    known = wire.count
    wire.sockets[number].send(json.dumps(update))
    number, snapshot = wire.wait_for("snapshot", since=known)
    assert symbol in wire.said[number][0]["subscribe"]
    assert snapshot["quotes"]
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
