"""Calls to Valkey on a connection of the thread's own."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import pytest
import redis
from django.conf import settings

from accounts.valkey_calls import ValkeyCalls, ValkeyMessages
from config.servers.child import Child
from config.servers.data_folder import DataFolder
from config.servers.valkey import Valkey

SECONDS = 20.0


def test_an_answer_comes_back() -> None:
    assert ValkeyCalls(timeout_seconds=5).call(settings.REDIS_URL, "ECHO", "hello") == b"hello"


def test_a_refusal_is_said_and_the_next_call_goes_through() -> None:
    calls = ValkeyCalls(timeout_seconds=5)
    with pytest.raises(redis.ResponseError):
        calls.call(settings.REDIS_URL, "NONSENSE")
    assert calls.call(settings.REDIS_URL, "ECHO", "hello") == b"hello"


def test_a_message_is_heard_though_nobody_answers_it() -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        pubsub.subscribe("said")
        pubsub.get_message(timeout=5)
        messages = ValkeyMessages(timeout_seconds=5)
        for word in ("one", "two"):
            messages.call(settings.REDIS_URL, "PUBLISH", "said", word)
        heard = [pubsub.get_message(timeout=5) for _ in range(2)]
        pubsub.close()
    assert [message and message["data"] for message in heard] == [b"one", b"two"]


def start(valkey: Valkey, child: Child) -> None:
    child.start()
    deadline = time.monotonic() + SECONDS
    while not valkey.is_ready():
        assert time.monotonic() < deadline, child.log_tail()
        time.sleep(0.02)


@pytest.mark.parametrize("kind", [ValkeyCalls, ValkeyMessages])
def test_a_connection_that_died_is_replaced(kind: type[ValkeyCalls]) -> None:
    path = Path(tempfile.mkdtemp(prefix="holdfast-own-"))
    folder = DataFolder(path)
    folder.create()
    folder.sockets_path.mkdir(exist_ok=True)
    url = folder.connection().redis_url
    valkey = Valkey(folder)
    calls = kind(timeout_seconds=5)
    for _ in range(2):
        child = valkey.prepare()
        start(valkey, child)
        calls.call(url, "SET", "name", "value")
        with redis.Redis.from_url(url) as client:
            deadline = time.monotonic() + SECONDS
            while client.get("name") != b"value":
                assert time.monotonic() < deadline
        child.stop(timeout_seconds=5)
    with pytest.raises(redis.ConnectionError):
        calls.call(url, "SET", "name", "value")
    shutil.rmtree(path, ignore_errors=True)
