"""Many requests, each sent eight times at the same moment, have one effect each."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import ApiKey, IdempotentAnswer
from accounts.tiers import Tier
from tests.api.clients import ApiClient, key_for
from tests.factories import make_user

# REPEATED_KEYS=1000 is the long run; it takes two minutes of two cores.
KEYS = int(os.environ.get("REPEATED_KEYS", "100"))
DUPLICATES = 8


@pytest.fixture
def admin_key(transactional_db: None) -> str:
    """Of the tier that may send so much in a minute."""
    return key_for(make_user("root@example.com", tier=Tier.ADMIN))


def body_of(number: int) -> dict[str, object]:
    return {"name": f"report {number}", "scopes": ["read"]}


@pytest.mark.timeout(300)
def test_each_key_sent_eight_times_at_once_has_one_effect(admin_key: str) -> None:
    start = Barrier(DUPLICATES)

    def repeat(_: int) -> list[tuple[int, bytes]]:
        api = ApiClient(admin_key)
        found = []
        try:
            for number in range(KEYS):
                start.wait(60)
                answer = api.post("/api-keys", body_of(number), key=f"key-{number}")
                found.append((answer.status_code, answer.content))
        finally:
            connection.close()
        return found

    with ThreadPoolExecutor(DUPLICATES) as pool:
        answers = list(pool.map(repeat, range(DUPLICATES)))

    assert ApiKey.objects.filter(name__startswith="report ").count() == KEYS
    assert (
        ApiKey.objects.filter(name__startswith="report ").values("name").distinct().count() == KEYS
    )
    assert IdempotentAnswer.objects.count() == KEYS
    for number in range(KEYS):
        of_key = [found[number] for found in answers]
        assert {status for status, _ in of_key} <= {201, 409}, number
        assert len({content for status, content in of_key if status == 201}) == 1, number
    assert changed_bodies(admin_key) == {(422, "idempotency_key_reused"): KEYS}
    assert ApiKey.objects.filter(name__startswith="report ").count() == KEYS


def changed_bodies(key: str) -> Counter[tuple[int, str]]:
    api = ApiClient(key)
    answers = (
        api.post("/api-keys", body_of(KEYS + number), key=f"key-{number}") for number in range(KEYS)
    )
    return Counter((answer.status_code, answer.json()["code"]) for answer in answers)
