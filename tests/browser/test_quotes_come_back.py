"""The page's price socket in a real Chromium comes back by itself and finds its place."""

from __future__ import annotations

import json
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

    def wait_for(self, kind: str, *, connection: int) -> dict[str, Any]:
        """The first frame of a kind that the page has heard on a connection."""
        for _ in range(PATIENCE_MS // 100):
            found = self.heard[connection] if len(self.heard) > connection else []
            if frames := [frame for frame in found if frame["type"] == kind]:
                return frames[0]
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no {kind} came on connection {connection}")


@pytest.fixture
def wire(onlooker: Page) -> Wire:
    wire = Wire(onlooker)
    onlooker.reload()
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
    return wire


def symbol_of_a_row(page: Page) -> str:
    """Of what is held; lists of movers come and go."""
    return page.locator("tr[data-symbol]").first.get_attribute("data-symbol") or ""


def test_a_lost_socket_comes_back_with_all_it_had_and_prices_move_again(
    onlooker: Page, wire: Wire
) -> None:
    dot, row = onlooker.locator("[data-connection]"), onlooker.locator("tr[data-symbol]").first
    symbol = symbol_of_a_row(onlooker)
    wire.wait_for("update", connection=0)
    wire.is_cut = True
    wire.sockets[0].close()
    expect(dot).not_to_have_attribute("data-state", "live")
    expect(row).to_have_attribute("data-stale", "", timeout=PATIENCE_MS)
    before = row.inner_text()
    wire.is_cut = False
    expect(dot).to_have_attribute("data-state", "live", timeout=2 * PATIENCE_MS)
    snapshot = wire.wait_for("snapshot", connection=1)
    assert symbol in wire.said[1][0]["subscribe"]
    first = next(frame for frame in wire.heard[1] if "seq" in frame)
    assert first == snapshot
    expect(row).not_to_have_attribute("data-stale", "", timeout=PATIENCE_MS)
    expect(row).not_to_have_text(before, timeout=PATIENCE_MS)
    assert {frame["ack"] for frame in wire.said[1] if "ack" in frame} >= {snapshot["seq"]}


def test_a_frame_out_of_its_place_makes_the_page_begin_anew_from_a_snapshot(
    onlooker: Page, wire: Wire
) -> None:
    symbol = symbol_of_a_row(onlooker)
    update = wire.wait_for("update", connection=0)
    wire.sockets[0].send(json.dumps(update))
    snapshot = wire.wait_for("snapshot", connection=1)
    assert symbol in wire.said[1][0]["subscribe"]
    assert snapshot["quotes"]
    expect(onlooker.locator("[data-connection]")).to_have_attribute("data-state", "live")
