"""Alerts in a real Chromium: made beside the chart and from a watchlist, fired while one looks.

With ``HOLDFAST_SCREENSHOTS`` naming a folder the pages are also kept there as pictures.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Check, check_every_look, go, keep_picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

# Twice as far as a trade is from the next one, so near that the price is soon there.
REACH = 0.03
ATTEMPTS = 20
FIRES_MS = 40_000  # prices move a few times a second, and the badge looks by itself once a minute

# As when an alert fires; done when the list that stood there is gone.
RENEW_THE_LIST = """
async () => {
  const form = document.querySelector("#alerts form[data-confirms]");
  document.body.dispatchEvent(new CustomEvent("alerts-changed"));
  while (form.isConnected) await new Promise((go) => setTimeout(go, 20));
}
"""


def last_price(page: Page) -> float:
    return float(page.locator(".quote-head [data-field=last]").get_attribute("data-value") or 0)


def test_an_alert_is_made_beside_the_chart_and_fires_while_one_looks(
    investor: Page, check_accessibility: Check, complaints: list[str]
) -> None:
    go(investor, "/instruments/AAPL")
    expect(investor.locator("[data-plot][data-drawn]")).to_be_visible()
    # Near enough to be drawn, too far to be reached meanwhile.
    far = round(last_price(investor) * 1.006)
    investor.get_by_role("link", name="Alert", exact=True).click()
    dialog = investor.get_by_role("dialog", name="Alert")
    expect(dialog.get_by_label("Instrument")).to_have_value("AAPL")
    expect(dialog.get_by_label("Portfolio")).to_be_hidden()
    check_accessibility(investor)
    keep_picture(investor, "alert-dialog")
    dialog.get_by_role("button", name="Watch").click()
    expect(dialog.get_by_text("Give a threshold.")).to_be_visible()
    complaints.clear()  # of the refusal just provoked
    dialog.get_by_label("Threshold").fill(str(far))
    dialog.get_by_role("button", name="Watch").click()
    expect(dialog.get_by_role("status")).to_contain_text("You will be told about AAPL")
    investor.keyboard.press("Escape")
    expect(investor.locator("[data-plot]")).to_contain_text(f"at or above {far}")
    keep_picture(investor, "alert-chart")

    go(investor, "/alerts")
    row = investor.locator("tr[data-alert]")
    expect(row).to_contain_text("armed")
    distance = row.locator("[data-figure^=distance]").first
    expect(distance).not_to_have_text(distance.inner_text(), timeout=FIRES_MS)
    row.get_by_role("link", name="Change").click()
    # Whatever the next tick is, it is at or below this.
    investor.get_by_label("Threshold").fill("1")
    investor.get_by_role("button", name="Save").click()
    expect(investor.get_by_text("The alert is changed.")).to_be_visible()
    go(investor, "/alerts")
    expect(row).to_contain_text("waiting")


def watch_both_sides(page: Page) -> None:
    """An alert above the price of MSFT and one below, neither of which has met it so far.

    One that is met as it is made waits until the price has gone far away, perhaps for minutes; and
    what has fired until the list is looked at is no news.
    """
    armed = page.locator("tr[data-alert]").filter(has_text="armed")
    for _ in range(ATTEMPTS):
        go(page, "/instruments/MSFT")
        price = last_price(page)
        for kind, level in (("price_above", price + REACH), ("price_below", price - REACH)):
            go(page, f"/alerts/new?symbol=MSFT&kind={kind}")
            page.get_by_label("Threshold").fill(f"{level:.2f}")
            page.get_by_role("button", name="Watch").click()
            expect(page.get_by_role("status")).to_contain_text("MSFT")
        go(page, "/alerts")
        if armed.count() == 2:
            return
        while left := page.get_by_role("button", name="Delete the alert").count():
            page.get_by_role("button", name="Delete the alert").first.click()
            page.get_by_role("dialog").get_by_role("button", name="Yes").click()
            expect(page.get_by_role("button", name="Delete the alert")).to_have_count(left - 1)
    pytest.fail("Each time the price was there before the alert was.")


def test_a_crossing_shows_by_itself(investor: Page, check_accessibility: Check) -> None:
    watch_both_sides(investor)
    go(investor, "/instruments/MSFT")
    # One of the two is crossed within seconds; the badge and the page hear of it by themselves.
    expect(investor.locator(".nav__badge .badge")).to_be_visible(timeout=FIRES_MS)
    go(investor, "/home")
    expect(investor.locator("#triggered-title")).to_be_visible()
    expect(investor.get_by_text("MSFT at").first).to_be_visible()
    keep_picture(investor, "alert-home")
    go(investor, "/alerts")
    expect(investor.get_by_role("heading", name="Fired for good")).to_be_visible()
    check_every_look(investor, "/alerts", check_accessibility, name="alerts")
    check_every_look(investor, "/alerts/new?kind=sma_cross", check_accessibility, name="alert-new")
    go(investor, "/alerts")
    before = investor.get_by_role("button", name="Delete the alert").count()
    investor.get_by_role("button", name="Delete the alert").first.click()
    # The other fires while one reads the question: the list is made anew behind it.
    investor.evaluate(RENEW_THE_LIST)
    investor.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(investor.get_by_role("button", name="Delete the alert")).to_have_count(before - 1)


def test_a_watchlist_row_makes_one(investor: Page, check_accessibility: Check) -> None:
    go(investor, "/watchlists")
    row = investor.locator("#watchlist tbody tr").first
    row.get_by_role("link", name="New alert on").click()
    dialog = investor.get_by_role("dialog", name="Alert")
    dialog.get_by_label("When", exact=True).select_option("change_pct")
    dialog.get_by_label("Threshold").fill("-50")
    dialog.get_by_role("button", name="Watch").click()
    expect(dialog.get_by_role("status")).to_be_visible()
    investor.keyboard.press("Escape")
    investor.reload()
    expect(row.get_by_role("link", name="the nearest is")).to_be_visible()
    check_every_look(investor, "/watchlists", check_accessibility, name="alert-watchlist")
