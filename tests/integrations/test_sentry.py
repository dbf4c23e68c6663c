"""Errors in Sentry, where one is named: what arrives, and what never does."""

from __future__ import annotations

import os
import subprocess
import sys

import brotli

from config.sentry import without_secrets
from tests.integrations.fake_http import fake_http

CRASH = """
import django, logging, sys
django.setup()
import sentry_sdk
from django.test import RequestFactory
password = "local-value-hunter2"
try:
    raise ValueError("failed with password=hunter2 and hf_live_abcdefABCDEF_" + "s" * 43)
except ValueError:
    logging.getLogger("desk").exception("crash, Authorization: Bearer abcdef123456")
sentry_sdk.flush(5)
"""


def run(**environment: str) -> None:
    subprocess.run([sys.executable, "-c", CRASH], env=os.environ | environment, check=True)


def test_an_error_arrives_without_secrets() -> None:
    with fake_http() as sentry:
        run(SENTRY_DSN=sentry.address.replace("//", "//public@") + "/7")
    text = b"".join(brotli.decompress(body) for body in sentry.bodies).decode()
    assert sentry.paths[0].startswith("/api/7/envelope")
    assert "ValueError" in text
    for secret in ("hunter2", "sssss", "abcdef123456"):
        assert secret not in text


def test_nothing_is_sent_without_a_setting() -> None:
    with fake_http() as sentry:
        run()
    assert sentry.bodies == []


def test_cookies_bodies_and_most_headers_stay_here() -> None:
    event = without_secrets(
        {
            "message": "x",
            "request": {
                "url": "http://desk/api?token=abc",
                "cookies": {"session": "abc"},
                "data": {"note": "abc"},
                "headers": {"Cookie": "abc", "X-API-Key": "abc", "User-Agent": "tester"},
            },
        },
        {},
    )
    assert "abc" not in str(event)
    assert event["request"]["headers"] == {"User-Agent": "tester"}
