"""No secret leaves in a log, whatever stands around it."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.api_keys import ALPHABET, PREFIX, checksum
from accounts.redaction import HIDDEN, is_secret_name, redact, redact_value
from config.logs import JsonFormatter, TerminalFormatter

WORD = st.text(ALPHABET, min_size=43, max_size=43)
LOOKUP = st.text(ALPHABET, min_size=12, max_size=12)
URL_SAFE = st.text(ALPHABET + "-_", min_size=40, max_size=60)
AROUND = st.text(max_size=30)


def api_key(lookup: str, secret: str) -> tuple[str, str]:
    return secret, f"{PREFIX}{lookup}_{secret}_{checksum(lookup, secret)}"


def jwt(secret: str) -> tuple[str, str]:
    return secret, f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{secret}"


SECRETS = st.one_of(
    st.builds(api_key, LOOKUP, WORD),
    st.builds(lambda s: (s, f"hf_refresh_{s}"), URL_SAFE),
    st.builds(jwt, URL_SAFE),
    st.builds(lambda s: (s, f"password={s}"), WORD),
    st.builds(lambda s: (s, f"{{'otp': '{s}', 'email': 'a@b.c'}}"), WORD),
    st.builds(lambda s: (s, f'{{"new_password": "{s}"}}'), WORD),
    st.builds(lambda s: (s, f"Authorization: Bearer {s}"), WORD),
    st.builds(lambda s: (s, f"Authorization: Token {s}"), WORD),
    st.builds(lambda s: (s, f"'HTTP_COOKIE': 'theme=dark; __Host-session={s}; a=b'"), WORD),
    st.builds(lambda s: (s, f"Cookie: __Host-csrf={s}"), WORD),
    st.builds(lambda s: (s, f"X-API-Key: {s}"), WORD),
    st.builds(lambda s: (s, f"postgresql://holdfast:{s}@db:5432/holdfast"), WORD),
    st.builds(lambda s: (s, f"redis://:{s}@valkey:6379/0"), WORD),
    st.builds(lambda s: (s, f"postgresql://u:p@{s}@db/x"), WORD),
    st.builds(lambda s: (s, f"https://hooks.slack.com/services/T0/B0/{s}"), WORD),
    st.builds(lambda s: (s, f"/accounts/login/?next=/&otp={s}&page=2"), WORD),
)


def record_of(message: str, *args: object, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("app", logging.ERROR, "app.py", 1, message, args, None)
    record.__dict__.update(extra)
    return record


FORMATTERS = [JsonFormatter(), TerminalFormatter()]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SECRETS, AROUND, AROUND)
def test_a_secret_is_hidden_wherever_it_stands(
    made: tuple[str, str], before: str, after: str
) -> None:
    secret, text = made
    assert secret not in redact(f"{before} {text} {after}")
    for formatter in FORMATTERS:
        assert secret not in formatter.format(record_of(f"{before} {text}".replace("%", "")))
        assert secret not in formatter.format(record_of("failed with %s", text))
        assert secret not in formatter.format(record_of("failed with %r", {"given": text}))
        assert secret not in formatter.format(record_of("failed", detail=f"{before} {text}"))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SECRETS)
def test_a_traceback_hides_it_too(made: tuple[str, str]) -> None:
    secret, text = made
    try:
        raise ValueError(text)
    except ValueError:
        record = record_of("crashed")
        record.exc_info = sys.exc_info()
    for formatter in FORMATTERS:
        shown = formatter.format(record)
        assert secret not in shown
        assert "ValueError" in shown
    assert secret not in FORMATTERS[1].format(record)  # formatted a second time


@given(WORD)
def test_fields_with_secret_names_are_hidden_whole(secret: str) -> None:
    record = record_of("x", otp=secret, user_password=secret, api_key=secret, session_key=secret)
    shown = json.loads(JsonFormatter().format(record))
    for name in ("otp", "user_password", "api_key", "session_key"):
        assert shown[name] == HIDDEN
    nested = {"body": [{"refresh_token": {"a": secret}}, {"X-API-Key": secret}]}
    assert secret not in str(redact_value(nested))


@pytest.mark.parametrize(
    "text",
    [
        "Matched 12 commands in 3.4 ms",
        "GET /api/v1/portfolios/{uuid:portfolio_id} 200",
        "https://example.com/path?page=2",
        "The key hf_live is unknown",
        "at 12:30:59 the task settle_due took 1.2 s",
        "asset: AAPL, price: 10.05",
    ],
)
def test_the_rest_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_hiding_twice_changes_nothing() -> None:
    once = redact("Authorization: Bearer abcdef123456 and password='x y'\nredis://:p@h/0")
    assert once == f"Authorization: {HIDDEN}\nredis://:{HIDDEN}@h/0"
    assert redact(once) == once


def test_a_keys_public_part_stays() -> None:
    _, text = api_key("abcdefABCDEF", "x" * 43)
    assert redact(f"key {text}.") == f"key hf_live_abcdefABCDEF_{HIDDEN}."


@pytest.mark.parametrize(
    "name", ["user_id", "key_id", "status", "route", "latency_ms", "request_id"]
)
def test_ordinary_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)
    assert redact_value(7, name=name) == 7
