"""Signing in by way of an OpenID Connect provider, on a desk whose environment turns it on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.desk import LiveDesk
from tests.support.identity_provider import CODE, IdentityProvider

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(400),
]

BUTTON = "/accounts/oidc/oidc/login/"
CALLBACK = "/accounts/oidc/oidc/login/callback/"
CONNECTIONS = "/accounts/3rdparty/"
PASSWORD = "a-rather-long-pass-phrase"
_numbers = count(1)


@pytest.fixture
def person(idp: IdentityProvider) -> dict[str, object]:
    """Somebody the provider knows and the desk does not."""
    number = next(_numbers)
    idp.refusal = ""
    idp.person = {
        "sub": f"person-{number}",
        "email": f"person{number}@example.com",
        "email_verified": True,
    }
    return idp.person


@pytest.fixture
def visitor(live_desk: LiveDesk) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=live_desk.url, follow_redirects=False, timeout=30) as client:
        yield client


def send(client: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """Post a form of a page, with the token that the page carries."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page).text)
    assert found is not None
    form = {"csrfmiddlewaretoken": found[1], **fields}
    return client.post(action, data=form, headers={"Referer": str(client.base_url)})


def way_there(client: httpx.Client, *, process: str = "login") -> str:
    """Press the button; return where the page in between leads."""
    page = CONNECTIONS if process == "connect" else "/accounts/login/"
    answer = send(client, page, f"{BUTTON}?process={process}")
    assert answer.status_code == 200
    found = re.search(r'content="0;url=([^"]+)"', answer.text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def go_through(client: httpx.Client, *, process: str = "login") -> httpx.Response:
    back = httpx.get(way_there(client, process=process)).headers["Location"]
    return client.get(back)


def sign_up(client: httpx.Client, email: str) -> None:
    fields = {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    assert send(client, "/accounts/signup/", "/accounts/signup/", **fields).status_code == 302


def is_in(client: httpx.Client) -> bool:
    return client.get("/home").status_code == 200


def test_a_whole_sign_in(page: Page, live_desk: LiveDesk, person: dict[str, object]) -> None:
    page.goto(f"{live_desk.url}/accounts/login/")
    page.get_by_role("button", name="Go on with Keyring").click()
    page.wait_for_url("**/home")
    page.goto(f"{live_desk.url}/settings")
    expect(page.get_by_role("main").get_by_text(str(person["email"]))).to_be_visible()
    page.goto(f"{live_desk.url}{CONNECTIONS}")
    expect(page.get_by_role("button", name="Disconnect Keyring")).to_be_visible()
    page.goto(f"{live_desk.url}/accounts/2fa/")
    expect(page.get_by_role("heading", name="Connected sign-ins")).to_be_visible()


def test_the_same_person_comes_back_as_the_same_user(
    visitor: httpx.Client, live_desk: LiveDesk, person: dict[str, object]
) -> None:
    assert go_through(visitor).headers["Location"] == "/home"
    with httpx.Client(base_url=live_desk.url, timeout=30) as again:
        person["email"] = "moved@example.com"
        assert go_through(again).headers["Location"] == "/home"
        assert is_in(again)


def test_a_foreign_state_lets_nobody_in(
    visitor: httpx.Client, live_desk: LiveDesk, person: dict[str, object]
) -> None:
    there = way_there(visitor)
    back = httpx.get(there).headers["Location"]
    with httpx.Client(base_url=live_desk.url, timeout=30) as other:
        answer = other.get(back)
        assert "That did not work" in answer.text
        assert not is_in(other)
    answer = visitor.get(f"{CALLBACK}?code={CODE}&state=made-up")
    assert "That did not work" in answer.text
    assert not is_in(visitor)


def test_a_wrong_code_lets_nobody_in(visitor: httpx.Client, person: dict[str, object]) -> None:
    back = httpx.get(way_there(visitor)).headers["Location"]
    answer = visitor.get(back.replace(CODE, "another-code"))
    assert "That did not work" in answer.text
    assert not is_in(visitor)


def test_whoever_turns_back_is_not_signed_in(
    visitor: httpx.Client, idp: IdentityProvider, person: dict[str, object]
) -> None:
    idp.refusal = "access_denied"
    answer = go_through(visitor)
    assert answer.headers["Location"] == "/accounts/3rdparty/login/cancelled/"
    assert "You turned back" in visitor.get(answer.headers["Location"]).text
    assert not is_in(visitor)


def test_a_taken_address_is_not_taken_over(
    visitor: httpx.Client, live_desk: LiveDesk, person: dict[str, object]
) -> None:
    with httpx.Client(base_url=live_desk.url, timeout=30) as owner:
        sign_up(owner, str(person["email"]))
        answer = go_through(visitor)
        assert answer.headers["Location"] == "/accounts/3rdparty/signup/"
        assert not is_in(visitor)
        form = {"email": str(person["email"])}
        refused = send(visitor, "/accounts/3rdparty/signup/", "/accounts/3rdparty/signup/", **form)
        assert "An account already exists" in refused.text
        assert not is_in(visitor)


def test_its_owner_connects_and_disconnects(
    visitor: httpx.Client, live_desk: LiveDesk, person: dict[str, object]
) -> None:
    sign_up(visitor, str(person["email"]))
    send(visitor, "/accounts/reauthenticate/", "/accounts/reauthenticate/", password=PASSWORD)
    assert go_through(visitor, process="connect").headers["Location"] == CONNECTIONS
    with httpx.Client(base_url=live_desk.url, timeout=30) as elsewhere:
        assert go_through(elsewhere).headers["Location"] == "/home"
    listed = re.search(r'name="account" value="(\d+)"', visitor.get(CONNECTIONS).text)
    assert listed is not None
    assert send(visitor, CONNECTIONS, CONNECTIONS, account=listed[1]).status_code == 302
    assert "None is connected" in visitor.get(CONNECTIONS).text


def test_a_mere_session_connects_nothing(visitor: httpx.Client, person: dict[str, object]) -> None:
    sign_up(visitor, str(person["email"]))
    answer = go_through(visitor, process="connect")
    assert "/accounts/reauthenticate/" in answer.headers["Location"]
    assert "None is connected" in visitor.get(CONNECTIONS).text


def test_looking_at_the_button_starts_nothing(visitor: httpx.Client) -> None:
    assert "Go on with Keyring?" in visitor.get(BUTTON).text


def test_the_pages_fit(
    page: Page,
    live_desk: LiveDesk,
    check_accessibility: Callable[[Page], None],
    complaints: list[str],
) -> None:
    for path in ("/accounts/login/", BUTTON, "/accounts/3rdparty/login/error/"):
        page.goto(f"{live_desk.url}{path}")
        check_accessibility(page)
    # The last one answers 401, which Chromium notes on its console.
    assert all("401" in complaint for complaint in complaints)
    complaints.clear()
