"""What Prometheus is told, and who may read it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts import metrics
from config import metrics_api
from market.intake.providers import PriceBatch
from market.live.broadcasts import PricePublisher
from market.live.shard_leader import Shard
from portfolio.models import Portfolio
from tests.api.clients import Answer, ApiClient
from tests.market.factories import make_instrument, make_quote

PATH = "/api/v1/metrics"


def read(client: Client, **extra: str) -> Answer:
    return client.get(PATH, **extra)  # type: ignore[arg-type]


def values(text: str, name: str) -> dict[str, float]:
    """The samples of that name: labels → value."""
    found = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def counted(client: Client, name: str, *labels: str) -> float:
    text = read(client).content.decode()
    return sum(
        value
        for found, value in values(text, name).items()
        if all(label in found for label in labels)
    )


def test_requests_are_counted_by_route_and_never_by_id(
    api: ApiClient, client: Client, paper: Portfolio
) -> None:
    route = 'route="/api/v1/portfolios/{portfolio_id}"'
    before = counted(client, "holdfast_requests_total", route, 'status="200"')
    seconds = counted(client, "holdfast_request_seconds_count", route)
    for _ in range(3):
        assert api.get(f"/portfolios/{paper.id}").status_code == 200
    client.get("/api/v1/nothing/here?token=abc")
    assert counted(client, "holdfast_requests_total", route, 'status="200"') == before + 3
    assert counted(client, "holdfast_request_seconds_count", route) == seconds + 3
    text = read(client).content.decode()
    assert str(paper.id) not in text
    assert "nothing/here" not in text
    assert "abc" not in text


def test_a_request_is_under_way_until_it_is_answered(client: Client, db: None) -> None:
    own = metrics.requests_under_way
    before = own._value.get()
    assert counted(client, "holdfast_requests_under_way") >= before + 1
    assert own._value.get() == before


def test_the_age_of_prices_is_told(client: Client, settings: LazySettings, db: None) -> None:
    before = counted(client, "holdfast_price_lag_seconds_sum", 'place="feed"')
    quote = make_quote(make_instrument("AAPL"))
    publisher = PricePublisher(shard=Shard(0, 1))
    publisher.publish(PriceBatch((quote,), ()), at=quote.occurred_at + timedelta(seconds=3))
    publisher.close()
    after = counted(client, "holdfast_price_lag_seconds_sum", 'place="feed"')
    assert after - before == pytest.approx(3)


def test_unheard_of_methods_share_one_label(client: Client, db: None) -> None:
    for method in ("BREW", "WHEN"):
        client.generic(method, "/api/v1/me")
    text = read(client).content.decode()
    assert 'method="OTHER"' in text
    assert "BREW" not in text


def test_refusals_of_the_rate_limit_are_counted(
    client: Client, settings: LazySettings, db: None
) -> None:
    settings.LIMITS = replace(settings.LIMITS, anonymous_requests_per_minute=1)
    before = counted(client, "holdfast_rate_limit_refusals_total", 'policy="anonymous"')
    assert [client.get("/api/v1/me").status_code for _ in range(2)] == [401, 429]
    assert counted(client, "holdfast_rate_limit_refusals_total", "anonymous") == before + 1


def test_the_moment_is_asked(client: Client, settings: LazySettings, db: None) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.set(f"{settings.VALKEY_PREFIX}feed:0:heartbeat", timezone.now().isoformat())
        valkey.rpush(f"{settings.VALKEY_PREFIX}celery:money", "task")
    text = read(client).content.decode()
    assert values(text, "holdfast_queue_tasks")['{queue="money"}'] == 1
    assert 0 <= values(text, "holdfast_heartbeat_age_seconds")['{part="feed"}'] < 60
    assert values(text, "holdfast_matcher_waiting_commands") == {"": 0}
    assert sum(values(text, "holdfast_database_connections").values()) >= 1


def test_without_valkey_the_rest_is_told(
    client: Client, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(metrics_api, "valkey", lambda: away)
    text = read(client).content.decode()
    assert "holdfast_queue_tasks" not in text
    assert "holdfast_database_connections" in text


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("203.0.113.9", 404), ("10.1.2.3", 404)],
)
def test_only_our_networks_may_read(
    client: Client, settings: LazySettings, address: str, status: int, db: None
) -> None:
    settings.METRICS_NETWORKS = ["127.0.0.0/8", "::1/128"]
    answer = read(client, REMOTE_ADDR=address)
    assert answer.status_code == status
    if status == 404:
        assert answer["Content-Type"] == "application/problem+json"
        assert b"holdfast_" not in answer.content


def test_with_a_token_only_the_token_counts(
    client: Client, api: ApiClient, settings: LazySettings
) -> None:
    settings.METRICS_TOKEN = "a-long-random-token"
    assert read(client).status_code == 404
    assert client.get(PATH, headers={"Authorization": f"Bearer {api.key}"}).status_code == 404
    good = {"Authorization": "Bearer a-long-random-token"}
    assert client.get(PATH, headers=good, REMOTE_ADDR="203.0.113.9").status_code == 200


COUNTING = """
import django, sys
django.setup()
from accounts import metrics
metrics.orders_accepted.labels("test").inc(2)
metrics.sockets_open.labels("test").set(5)
"""


def test_processes_are_added_up_and_dead_ones_hold_no_socket(client: Client, db: None) -> None:
    before = counted(client, "holdfast_orders_accepted_total", 'type="test"')
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTING], check=True)
    assert counted(client, "holdfast_orders_accepted_total", 'type="test"') == before + 4
    assert counted(client, "holdfast_sockets_open", 'kind="test"') == 0
    metrics.sockets_open.labels("test").set(1)
    assert counted(client, "holdfast_sockets_open", 'kind="test"') == 1
    metrics.sockets_open.labels("test").set(0)


def test_a_start_begins_with_an_empty_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(metrics, "folder", tmp_path)
    (tmp_path / "counter_old-17.db").write_bytes(b"")
    metrics.forget_ended_processes()
    assert list(tmp_path.iterdir()) == []
