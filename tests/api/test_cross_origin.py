"""Scripts of other origins use the API with a key where the operator lists them."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from config.env import BadEnvironment, Environment
from tests.api.clients import ApiClient

FRIEND = "https://charts.example"
STRANGER = "https://elsewhere.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, idempotency-key",
}


@pytest.fixture
def with_friend(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]
    settings.MIDDLEWARE = [
        settings.MIDDLEWARE[0],
        "corsheaders.middleware.CorsMiddleware",
        *settings.MIDDLEWARE[1:],
    ]


def test_nobody_is_listed_unless_the_operator_says_so(api: ApiClient, settings: Any) -> None:
    assert settings.CORS_ALLOWED_ORIGINS == []
    answer = api.client.get("/api/v1/me", headers=api.headers() | {"Origin": FRIEND})
    assert "Access-Control-Allow-Origin" not in answer
    preflight = api.client.options("/api/v1/me", headers=PREFLIGHT | {"Origin": FRIEND})
    assert preflight.status_code == 405


@pytest.mark.usefixtures("with_friend")
def test_a_preflight_is_answered_without_key_and_without_counting() -> None:
    answer = Client().options("/api/v1/orders", headers=PREFLIGHT | {"Origin": FRIEND})
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == FRIEND
    assert "idempotency-key" in answer["Access-Control-Allow-Headers"]
    assert "PATCH" in answer["Access-Control-Allow-Methods"]
    assert "RateLimit" not in answer
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.usefixtures("with_friend")
@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "http://charts.example", f"{FRIEND}:8443", f"{FRIEND}.evil.example"],
)
def test_nobody_else_is_let_across(api: ApiClient, origin: str) -> None:
    preflight = api.client.options("/api/v1/me", headers=PREFLIGHT | {"Origin": origin})
    assert "Access-Control-Allow-Origin" not in preflight
    answer = api.client.get("/api/v1/me", headers=api.headers() | {"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.usefixtures("with_friend")
def test_a_friend_reads_answers_failures_and_what_the_headers_tell(api: ApiClient) -> None:
    for path, status in (("/api/v1/me", 200), ("/api/v1/nothing", 404)):
        answer = api.client.get(path, headers=api.headers() | {"Origin": FRIEND})
        assert answer.status_code == status
        assert answer["Access-Control-Allow-Origin"] == FRIEND
        exposed = answer["Access-Control-Expose-Headers"]
        for name in ("X-Request-ID", "RateLimit", "Retry-After", "Idempotent-Replayed"):
            assert name in exposed
        assert "origin" in answer["Vary"]


@pytest.mark.usefixtures("with_friend")
def test_a_cookie_opens_nothing_and_pages_stay_closed(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/api/v1/me", headers={"Origin": FRIEND}).status_code == 401
    assert "Access-Control-Allow-Origin" not in client.get("/home", headers={"Origin": FRIEND})


@pytest.mark.parametrize(
    "text", ["*", "charts.example", "https://*.example", "https://a.example/", "null", "https://"]
)
def test_what_is_no_exact_origin_stops_the_start(text: str) -> None:
    with pytest.raises(BadEnvironment, match="CORS_ORIGINS"):
        Environment({"CORS_ORIGINS": text}).origins("CORS_ORIGINS")
    assert Environment({"X": "https://a.example, http://localhost:3000"}).origins("X") == [
        "https://a.example",
        "http://localhost:3000",
    ]
