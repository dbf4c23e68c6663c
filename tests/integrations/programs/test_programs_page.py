"""The page that shows how a program begins: what it shows is true, and the key is shown once."""

from __future__ import annotations

import html
import io
import re
import urllib.request
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, User
from integrations.programs.snippets import Snippet, snippets
from portfolio.models import Portfolio
from tests.factories import make_instrument, make_quote
from tests.trading.factories import make_portfolio, make_user
from trading.models import Order

pytestmark = pytest.mark.django_db

PAGE = "/settings/programs"
BASE = "http://testserver"


@pytest.fixture
def anna() -> User:
    return make_user("anna@example.com")


@pytest.fixture
def account(anna: User) -> Portfolio:
    return make_portfolio(anna, cash="10000")


@pytest.fixture
def page(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def made_key(page: Client, account: Portfolio, **fields: str) -> str:
    sent = {"name": "Robot", "portfolio_id": str(account.id), "may_trade": "on", **fields}
    answer = page.post(PAGE, sent)
    assert answer.status_code == 201, text_of(answer)
    keys = set(re.findall(r"hf_live_\w+", text_of(answer)))
    assert len(keys) == 1
    return str(keys.pop())


def beginning(name: str, key: str, account: Portfolio) -> Snippet:
    found = snippets(base=BASE, key=key, account=str(account.id))
    return next(snippet for snippet in found if snippet.name == name)


def test_it_shows_where_the_key_goes(page: Client, account: Portfolio) -> None:
    shown = text_of(page.get(PAGE))
    assert shown.count("YOUR_KEY") == 4
    assert f"{BASE}/alpaca" in shown
    assert "ws://testserver/ws/v1/quotes" in shown


def test_a_key_for_one_portfolio_is_filled_in_once(page: Client, account: Portfolio) -> None:
    key = made_key(page, account)
    row = ApiKey.objects.get()
    assert (row.portfolio_ids, sorted(row.scopes)) == ([account.id], ["read", "trade"])
    assert key not in text_of(page.get(PAGE))


def test_a_key_may_be_for_reading_only(page: Client, account: Portfolio) -> None:
    made_key(page, account, may_trade="")
    assert ApiKey.objects.get().scopes == ["read"]


def test_another_ones_portfolio_is_no_choice(page: Client, account: Portfolio) -> None:
    stranger = make_portfolio(make_user("ben@example.com"))
    answer = page.post(PAGE, {"name": "Robot", "portfolio_id": str(stranger.id)})
    assert answer.status_code == 422
    assert not ApiKey.objects.exists()


def test_without_a_portfolio_it_says_what_to_do(page: Client) -> None:
    assert "Open one" in text_of(page.get(PAGE))


def test_what_curl_asks_for_is_answered(page: Client, account: Portfolio) -> None:
    key = made_key(page, account)
    path = re.findall(rf"{BASE}(\S+)", beginning("curl", key, account).text)[0]
    answer = Client().get(path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200


def test_the_python_program_places_its_order(
    page: Client, account: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made_key(page, account)
    make_quote(make_instrument("AAPL"))

    def urlopen(request: urllib.request.Request) -> io.BytesIO:
        answer = Client().post(
            request.full_url.removeprefix(BASE),
            request.data,
            content_type="application/json",
            headers=dict(request.header_items()),
        )
        assert answer.status_code == 201, answer.content
        return io.BytesIO(answer.content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    exec(beginning("python", key, account).text, {})  # noqa: S102 (our own text)
    assert Order.objects.get().portfolio_id == account.id


@pytest.mark.parametrize("name", ["python", "socket", "alpaca"])
def test_each_is_a_program(name: str) -> None:
    found = {snippet.name: snippet.text for snippet in snippets(base="https://desk.example")}
    compile(found[name], name, "exec")
    assert "https://desk.example" in found[name] or "wss://desk.example" in found[name]
