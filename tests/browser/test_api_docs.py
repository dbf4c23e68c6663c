"""The API's interactive documentation works under the site's content policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer


@pytest.fixture(autouse=True, scope="session")
def database_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django takes for asynchronous code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.mark.django_db(transaction=True)
def test_the_documentation_lists_operations_without_a_complaint(
    live_server: LiveServer, page: Page
) -> None:
    page.goto(f"{live_server.url}/api/v1/docs")
    expect(page.get_by_text("/api/v1/orders", exact=True).first).to_be_visible()
    page.get_by_role("button", name="POST /api/v1/orders", exact=False).first.click()
    expect(page.get_by_text("Idempotency-Key").first).to_be_visible()
