"""How many requests a caller may make, and what he is told about it."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count as count_up
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import redis
from django.conf import settings
from django.test import Client

from accounts.models import ApiKey, User
from accounts.rate_limits import (
    LOCAL_SHARE,
    Budget,
    LocalBuckets,
    Verdict,
    count,
    key_of,
    limiter,
)
from accounts.tiers import Tier
from config.servers.child import Child
from config.servers.data_folder import DataFolder
from config.servers.valkey import Valkey
from tests.api.clients import Answer, ApiClient, key_for
from tests.factories import make_user

CALLERS = 50
ANONYMOUS_PER_MINUTE = 300


@pytest.fixture
def dora(db: None) -> User:
    """Of the standard tier: sixty requests a minute."""
    return make_user("dora@example.com", tier=Tier.STANDARD)


@pytest.fixture
def dora_api(dora: User) -> ApiClient:
    return ApiClient(key_for(dora))


def budget_of(user: User) -> Budget:
    return Budget(f"user:{user.id}", user.tier, user.allowance.requests_per_minute)


def use_up(user: User) -> None:
    while count(budget_of(user)).is_allowed:
        pass


def make_key(api: ApiClient) -> Answer:
    return api.post("/api-keys", {"name": "report", "scopes": ["read"]})


def test_every_answer_tells_the_limit_and_what_is_left(dora_api: ApiClient) -> None:
    answers = [
        dora_api.get("/me"),
        dora_api.get("/nothing"),
        dora_api.post("/me", {}),
        dora_api.post("/api-keys", {"name": 1}),
        dora_api.post("/api-keys", "no json"),
        dora_api.get("/instruments", limit=0),
        dora_api.get("/me\0"),
    ]
    assert [it.status_code for it in answers] == [200, 404, 405, 422, 400, 422, 400]
    for used, answer in enumerate(answers, 1):
        assert answer["RateLimit-Policy"] == '"standard";q=60;w=60'
        assert answer["RateLimit"].startswith(f'"standard";r={60 - used};t=')


def test_whoever_shows_no_live_key_shares_the_limit_of_his_address(
    anonymous: Client, db: None
) -> None:
    answers = [
        anonymous.get("/api/v1/me"),
        anonymous.get("/api/v1/me", headers={"X-API-Key": "hf_live_no"}),
        anonymous.get("/api/v1/openapi.json"),
        anonymous.post("/api/v1/auth/token", {}, content_type="application/json"),
    ]
    left = [answer["RateLimit"].split(";")[1] for answer in answers]
    assert left == ["r=299", "r=298", "r=297", "r=296"]
    other = anonymous.get("/api/v1/me", headers={"X-Forwarded-For": "203.0.113.7"})
    assert ";r=299;" in other["RateLimit"]


def test_probes_are_not_counted(anonymous: Client, db: None) -> None:
    assert "RateLimit" not in anonymous.get("/api/v1/health/live").headers


def test_beyond_the_limit_nothing_is_done(dora: User, dora_api: ApiClient) -> None:
    use_up(dora)
    answer = make_key(dora_api)
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert answer["RateLimit"].startswith('"standard";r=0;t=')
    assert ApiKey.objects.count() == 1


def test_all_keys_of_a_user_share_his_limit_and_nobody_elses(
    dora: User, dora_api: ApiClient, stranger_api: ApiClient
) -> None:
    use_up(dora)
    assert ApiClient(key_for(dora)).get("/me").status_code == 429
    assert stranger_api.get("/me").status_code == 200


def test_requests_older_than_a_minute_are_forgotten(dora: User, dora_api: ApiClient) -> None:
    now = int(time.time())
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.hset(key_of(f"user:{dora.id}"), mapping={str(now - 65): 60, str(now - 30): 10})
        answer = dora_api.get("/me")
        assert answer["RateLimit"].startswith('"standard";r=49;t=3')
        assert valkey.hlen(key_of(f"user:{dora.id}")) == 2


def test_exactly_the_limit_passes_under_50_concurrent_callers() -> None:
    start = Barrier(CALLERS)

    def call(_: int) -> list[int]:
        client = Client()
        start.wait(30)
        return [client.get("/api/v1/nothing").status_code for _ in range(8)]

    with ThreadPoolExecutor(CALLERS) as pool:
        found = Counter(
            status for statuses in pool.map(call, range(CALLERS)) for status in statuses
        )
    assert found == {404: 300, 429: 100}


@pytest.fixture
def doomed_valkey(settings: Any) -> Iterator[Child]:
    """A Valkey of this test's own, in use and about to be killed."""
    path = Path(tempfile.mkdtemp(prefix="holdfast-doomed-"))
    folder = DataFolder(path)
    folder.create()
    folder.sockets_path.mkdir(exist_ok=True)
    valkey = Valkey(folder)
    child = valkey.prepare()
    child.start()
    deadline = time.monotonic() + 20
    while not valkey.is_ready():
        assert time.monotonic() < deadline, child.log_tail()
        time.sleep(0.02)
    shared, settings.REDIS_URL = settings.REDIS_URL, folder.connection().redis_url
    yield child
    settings.REDIS_URL = shared
    limiter.forget()
    child.stop(timeout_seconds=5)
    shutil.rmtree(path, ignore_errors=True)


def test_without_valkey_reads_pass_and_a_few_writes(
    doomed_valkey: Child, dora_api: ApiClient, dora: User
) -> None:
    use_up(dora)
    assert dora_api.get("/me").status_code == 429
    assert doomed_valkey.process is not None
    doomed_valkey.process.kill()
    doomed_valkey.process.wait(10)

    reads = [dora_api.get("/me") for _ in range(70)]
    assert {answer.status_code for answer in reads} == {200}
    assert reads[-1]["RateLimit-Policy"] == '"standard";q=60;w=60'
    writes = [make_key(dora_api) for _ in range(8)]
    assert [answer.status_code for answer in writes] == [201] * 6 + [429] * 2
    assert 1 <= int(writes[-1]["Retry-After"]) <= 10
    assert ApiKey.objects.count() == 1 + 6


class WatchedBuckets(LocalBuckets):
    """Buckets in which no time passes, and that remember what they said."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0.0)
        self.verdicts: list[bool] = []

    def take(self, budget: Budget) -> Verdict:
        verdict = super().take(budget)
        self.verdicts.append(verdict.is_allowed)
        return verdict


def test_50_concurrent_callers_are_held_exactly_while_valkey_is_killed(
    doomed_valkey: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets, start, answered = WatchedBuckets(), Barrier(CALLERS), count_up(1)
    monkeypatch.setattr(limiter, "buckets", buckets)
    process = doomed_valkey.process
    assert process is not None

    def call(_: int) -> Counter[tuple[str, int]]:
        client, found = Client(), Counter[tuple[str, int]]()
        start.wait(30)
        for ask in (client.get, client.post) * 3:
            found[ask.__name__, ask("/api/v1/nothing").status_code] += 1
            if next(answered) == 2 * CALLERS:
                process.kill()
        return found

    with ThreadPoolExecutor(CALLERS) as pool:
        found = sum(pool.map(call, range(CALLERS)), Counter[tuple[str, int]]())
    # All 300 together are the minute's requests of an address, so Valkey refused none of them.
    assert found["get", 404] == 3 * CALLERS
    refused = found["post", 429]
    assert found["post", 404] + refused == 3 * CALLERS
    assert len(buckets.verdicts) > ANONYMOUS_PER_MINUTE // LOCAL_SHARE
    assert sum(buckets.verdicts) == ANONYMOUS_PER_MINUTE // LOCAL_SHARE
    assert refused == buckets.verdicts.count(False)


def test_a_local_bucket_fills_again_with_time() -> None:
    now = [0.0]
    buckets = LocalBuckets(clock=lambda: now[0])
    budget = Budget("user:1", "standard", 60)
    assert [buckets.take(budget).is_allowed for _ in range(7)] == [True] * 6 + [False]
    assert buckets.take(Budget("user:2", "standard", 60)).is_allowed
    now[0] = 9.0
    assert not buckets.take(budget).is_allowed
    now[0] = 10.0
    assert buckets.take(budget).is_allowed
