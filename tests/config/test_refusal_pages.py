"""What is refused before any view sees it, is refused by a page of ours."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.factories import make_instrument, make_user

pytestmark = pytest.mark.django_db

STYLED = '<link rel="stylesheet"'


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def test_a_form_of_another_session_is_answered_by_a_page(browser: Client) -> None:
    answer = browser.post("/demo")
    assert answer.status_code == 403
    text = answer.content.decode()
    assert STYLED in text
    assert "That page was out of date" in text
    assert "CSRF" not in text


def test_a_foreign_host_is_answered_by_a_page(browser: Client) -> None:
    answer = browser.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert STYLED in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("limit", ["DATA_UPLOAD_MAX_MEMORY_SIZE", "DATA_UPLOAD_MAX_NUMBER_FIELDS"])
def test_a_form_that_is_too_large_is_answered_by_a_page(
    client: Client, settings: LazySettings, limit: str
) -> None:
    setattr(settings, limit, 1)
    form = "application/x-www-form-urlencoded"
    answer = client.post("/accounts/login/", "login=a&password=b", content_type=form)
    assert answer.status_code == 413
    assert "too much at once" in answer.content.decode()
    assert STYLED in answer.content.decode()


def test_the_wrong_method_is_answered_by_a_page(browser: Client) -> None:
    answer = browser.get("/demo")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert STYLED in answer.content.decode()
    assert browser.head("/demo").content == b""


@pytest.mark.parametrize(
    "path",
    ["{}", "{}/chart", "{}/corporate-actions", "{}/bars", "{}/desk", "XNAS:{}"],
)
def test_an_address_with_a_nul_means_nothing(client: Client, path: str) -> None:
    make_instrument("AAPL")
    client.force_login(make_user())
    assert client.get("/instruments/" + path.format("AA%00PL")).status_code in {404, 422}
