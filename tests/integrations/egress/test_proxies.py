"""Brokers behind the operator's own proxies: sticky, looked after, by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from config.env import BadEnvironment, Environment
from integrations import http
from integrations.brokers.line import Line
from integrations.brokers.pacing import AccountPacing, Pace
from integrations.egress import proxy_pool
from integrations.egress.proxies import Proxy, choose, read_proxy
from market.live.live_quotes import prefixed, valkey
from tests.integrations.egress.fake_proxy import FakeProxy, fake_proxy
from tests.integrations.fake_http import FakeHttp, fake_http
from trading.broker_errors import BrokerUnavailable

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
POOL = [Proxy(f"10.0.0.{number}", 3128) for number in range(1, 6)]


@pytest.fixture
def server(settings: LazySettings) -> Iterator[FakeHttp]:
    with fake_http() as found:
        settings.OWN_NETWORKS = [found.address.removeprefix("http://")]
        yield found


@pytest.fixture
def proxy(settings: LazySettings) -> Iterator[FakeProxy]:
    with fake_proxy("desk:se cret") as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    valkey().delete(prefixed(proxy_pool.KEY))


def use(settings: LazySettings, *proxies: FakeProxy) -> None:
    settings.BROKER_PROXIES = [one.address.replace(" ", "%20") for one in proxies]


def line_of(server: FakeHttp, key: str = "one") -> Line:
    pacing = AccountPacing(uuid4(), patience_seconds=1)
    return Line("The broker", server.address, pacing, connection_key=key)


def ask(server: FakeHttp, key: str = "one") -> http.Answer:
    return line_of(server, key).ask("POST", "/orders", pace=PACE, headers={}, body={})


PACE = Pace("any", questions=1_000, seconds=1)


def test_a_request_goes_through_the_proxy_by_the_checked_address(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings
) -> None:
    use(settings, proxy)
    server.address = server.address.replace("127.0.0.1", "localhost")
    settings.OWN_NETWORKS = ["127.0.0.1", "[::1]"]
    assert ask(server).status == 200
    assert proxy.asked == [f"127.0.0.1:{server.address.rpartition(':')[2]}"]
    assert server.paths == ["/orders"]


def test_without_proxies_it_goes_straight(server: FakeHttp, proxy: FakeProxy) -> None:
    assert ask(server).status == 200
    assert proxy.asked == []


def test_refused_networks_stay_refused_behind_a_proxy(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings
) -> None:
    use(settings, proxy)
    settings.OWN_NETWORKS = []
    server.address = server.address.replace("127.0.0.1", "localhost")
    with pytest.raises(BrokerUnavailable, match="refused network"):
        ask(server)
    assert proxy.asked == []


@pytest.mark.parametrize("status", [0, 403, 407])
def test_one_that_fails_is_passed_over_until_it_is_well(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings, status: int
) -> None:
    with fake_proxy() as other:
        use(settings, proxy, other)
        key = next(key for key in map(str, range(99)) if chosen(key) == proxy.port)
        proxy.status = status
        with pytest.raises(BrokerUnavailable):
            ask(server, key)
        assert server.paths == []
        assert ask(server, key).status == 200
        assert other.asked
        proxy.status = 200
        proxy_pool.look_at_all(at=NOW)
        assert chosen(key) == proxy.port


def chosen(key: str) -> int:
    found = proxy_pool.proxy_for(key)
    assert found is not None
    return found.port


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_broker_that_is_away_is_not_the_proxys_fault(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings, status: int
) -> None:
    use(settings, proxy)
    proxy.status = status
    with pytest.raises(BrokerUnavailable):
        ask(server)
    assert proxy_pool.healths()[0].error == ""


def test_where_none_works_nothing_goes_straight(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings
) -> None:
    use(settings, proxy)
    proxy.status = 403
    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            ask(server)
    assert len(proxy.asked) == 1
    assert server.paths == []


def test_a_refusal_of_the_broker_changes_no_proxy(
    server: FakeHttp, proxy: FakeProxy, settings: LazySettings
) -> None:
    use(settings, proxy)
    server.answers = [(403, {})]
    with pytest.raises(Exception, match="403"):
        ask(server)
    assert proxy_pool.healths()[0].error == ""


def test_a_look_tells_who_is_away_and_who_wants_other_credentials(
    proxy: FakeProxy, settings: LazySettings
) -> None:
    use(settings, proxy, replace(proxy, credentials="desk:other"), FakeProxy(port=1))
    well, other, away = proxy_pool.look_at_all(at=NOW)
    assert well.error == ""
    assert "407" in other.error
    assert away.error


@given(st.text(max_size=40), st.sampled_from(POOL))
def test_when_one_goes_only_its_own_connections_move(key: str, gone: Proxy) -> None:
    before = choose(POOL, key)
    after = choose([one for one in POOL if one != gone], key)
    assert before in {after, gone}
    assert choose([], key) is None


def test_connections_spread_over_all() -> None:
    counts: dict[Any, int] = {}
    for number in range(1_000):
        found = choose(POOL, str(number))
        counts[found] = counts.get(found, 0) + 1
    assert len(counts) == len(POOL)
    assert min(counts.values()) > 140


@pytest.mark.parametrize(
    "word",
    ["10.0.0.8:3128", "https://10.0.0.8", "http://", "http://a/b", "http://a:x", "socks5://a"],
)
def test_what_names_no_proxy_is_refused_and_not_repeated(word: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_proxy(word)
    with pytest.raises(BadEnvironment) as refusal:
        Environment({"BROKER_PROXIES": f"http://u:hush@h, {word}"}).proxies("BROKER_PROXIES")
    assert "hush" not in str(refusal.value)


def test_a_proxy_shows_no_password() -> None:
    proxy = read_proxy("http://desk:se%20cret@10.0.0.8")
    assert (proxy.host, proxy.port, proxy.credentials) == ("10.0.0.8", 3128, "desk:se cret")
    assert "cret" not in repr(proxy)


@pytest.mark.django_db
def test_staff_sees_how_they_are(client: Client, proxy: FakeProxy, settings: LazySettings) -> None:
    client.force_login(User.objects.create_user("staff@example.com", tier="admin", is_staff=True))
    assert b"reached straight" in client.get("/operations/proxies").content
    use(settings, proxy, FakeProxy(port=1))
    assert b"not looked at yet" in client.get("/operations/proxies").content
    shown = client.post("/operations/proxies").content
    assert b"well" in shown
    assert b"fails" in shown
    assert b"cret" not in shown
