"""Files in a real Chromium: one with mistakes is taken in, mended, booked and undone; everything
goes out as one and comes back.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, check_every_look
from tests.browser.visiting import open_tracked_portfolio
from tests.support.desk import LiveDesk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

FILE = """Date;Type;Symbol;Shares;Price;Fees
02.01.2024;Kauf;AAPL;10;185,50;1,00
03.01.2024;Kauf;NOSUCH;1;2,00;0,00
04.01.2024;Kauf;AAPL;zehn;2,00;0,00
13.01.2024;Verkauf;AAPL;4;190,25;1,00
"""


def test_a_file_with_mistakes_is_mended_booked_and_undone(
    investor: Page, live_desk: LiveDesk, tmp_path: Path, check_accessibility: Check
) -> None:
    open_tracked_portfolio(investor, "Imported")
    investor.get_by_role("link", name="Activities").click()
    investor.get_by_role("link", name="Import a file").click()
    check_every_look(investor, investor.url.removeprefix(live_desk.url), check_accessibility)

    file = tmp_path / "depot.csv"
    file.write_text(FILE, encoding="cp1252")
    investor.get_by_label("File").set_input_files(file)
    investor.get_by_role("button", name="Look at it").click()
    expect(investor.get_by_role("heading", name="depot.csv")).to_be_visible()
    expect(investor.get_by_role("button", name="Book 2 activities")).to_be_visible()
    check_every_look(investor, investor.url.removeprefix(live_desk.url), check_accessibility)

    investor.get_by_label("NOSUCH").fill("MSFT")
    investor.get_by_role("button", name="Use these").click()
    investor.get_by_role("link", name="Mend row 3").click()
    investor.get_by_label("Quantity").fill("10")
    investor.get_by_role("button", name="Keep").click()
    investor.get_by_role("button", name="Leave row 1 out").click()
    investor.get_by_role("button", name="Book 3 activities").click()
    expect(investor.get_by_text("Booked 3 activities.")).to_be_visible()

    investor.get_by_role("button", name="Undo the import").click()
    investor.get_by_role("button", name="Yes").click()
    expect(investor.get_by_text("is undone")).to_be_visible()
    take_everything_out_and_back(investor, live_desk, tmp_path, check_accessibility)


def take_everything_out_and_back(
    investor: Page, live_desk: LiveDesk, tmp_path: Path, check_accessibility: Check
) -> None:
    """In the zip that comes back stands also what nobody knows here."""
    investor.goto(f"{live_desk.url}/exports")
    investor.get_by_role("button", name="Export everything").click()
    with investor.expect_download() as download:
        investor.get_by_role("link", name="Download").click(timeout=60_000)
    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(download.value.path()) as whole, zipfile.ZipFile(changed, "w") as file:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "watchlists.json":
                watched = json.loads(content)
                content = json.dumps([*watched, watched[0] | {"symbol": "NOSUCH"}]).encode()
            file.writestr(name, content)
    investor.get_by_label("Zip").set_input_files(changed)
    investor.get_by_role("button", name="Bring back").click()
    expect(investor.get_by_role("rowheader", name="NOSUCH")).to_be_visible()
    check_accessibility(investor)
    investor.goto(f"{live_desk.url}/inbox")
    told = investor.get_by_text("Your export of everything of mine is ready")
    expect(told.first).to_be_visible()
