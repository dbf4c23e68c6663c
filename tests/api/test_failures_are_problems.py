from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import api_keys
from tests.api.clients import ApiClient

BODY = '{"name": "report", "scopes": ["read"]}'


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"].endswith(code)
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == response["X-Request-ID"]
    assert "Traceback" not in response.content.decode()
    return body


@pytest.mark.parametrize("path", ["/nothing", "/me/", "/portfolios/not-an-id", "/", ""])
def test_an_unknown_path_is_404_without_a_redirect(api: ApiClient, path: str) -> None:
    assert_problem(api.get(path), 404, "not_found")


def test_an_unknown_path_beside_the_version_is_404(anonymous: Client) -> None:
    assert_problem(anonymous.get("/api/v2/me"), 404, "not_found")
    assert_problem(anonymous.get("/api/"), 404, "not_found")


def test_the_wrong_method_is_405_and_names_the_right_ones(api: ApiClient) -> None:
    response = api.send("PUT", "/me")
    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET"


def test_head_is_answered_like_get_without_a_body(api: ApiClient) -> None:
    response = api.client.head("/api/v1/me", headers=api.headers())
    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "{'name': 1}",
        "[1,",
        '{"name": "a\\u0000b", "scopes": []}',
        '{"name": "\\ud800"}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_malformed_json_is_400(api: ApiClient, body: str) -> None:
    assert_problem(api.post("/api-keys", body), 400, "malformed_body")


def test_bytes_that_are_no_text_are_400(api: ApiClient) -> None:
    response = api.client.post(
        "/api/v1/api-keys", b"\xff\xfe{", "application/json", headers=api.headers()
    )
    assert_problem(response, 400, "malformed_body")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain"])
def test_another_media_type_is_415(api: ApiClient, content_type: str) -> None:
    response = api.client.post("/api/v1/api-keys", BODY, content_type, headers=api.headers())
    assert_problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "{}"])
def test_a_body_of_another_shape_is_422(api: ApiClient, body: str) -> None:
    problem = assert_problem(api.post("/api-keys", body), 422, "invalid")
    assert problem["errors"]


def test_a_body_too_large_is_413(api: ApiClient) -> None:
    body = '{"name": "' + "x" * (3 * 1024 * 1024) + '"}'
    assert_problem(api.post("/api-keys", body), 413, "request_entity_too_large")


def test_a_nul_in_the_address_is_400(api: ApiClient) -> None:
    assert_problem(api.get("/me", search="\0"), 400, "bad_request")


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "1e400", "NaN"])
def test_a_page_size_out_of_bounds_is_422(api: ApiClient, limit: str) -> None:
    problem = assert_problem(api.get("/api-keys", limit=limit), 422, "invalid")
    assert problem["errors"][0]["field"] == "limit"


def test_a_crash_is_500_and_says_only_the_request_id(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(**_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(api_keys, "issue_key", crash)
    response = api.post("/api-keys", BODY)
    assert_problem(response, 500, "internal_server_error")
    assert "secret" not in response.content.decode()


def test_a_host_that_is_not_ours_is_400(anonymous: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["desk.example"]
    answer = anonymous.get("/api/v1/me", headers={"Host": "evil.example"})
    assert_problem(answer, 400, "bad_request")
    page = anonymous.get("/accounts/login/", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert page["Content-Type"].startswith("text/html")


def test_a_crash_before_the_endpoint_is_500(settings: Any) -> None:
    first, *others = settings.MIDDLEWARE
    settings.MIDDLEWARE = [first, "tests.api.test_failures_are_problems.crashing", *others]
    client = Client(raise_request_exception=False)
    assert_problem(client.get("/api/v1/me"), 500, "internal_server_error")
    page = client.get("/accounts/login/")
    assert page.status_code == 500
    assert page["Content-Type"].startswith("text/html")


def crashing(get_response: object) -> Callable[[object], None]:
    """A middleware that fails."""

    def crash(request: object) -> None:
        raise RuntimeError("secret detail")

    return crash


def test_a_database_that_is_away_is_503(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused at 10.0.0.7")

    monkeypatch.setattr(api_keys, "authenticate_key", refuse)
    response = api.get("/me")
    assert_problem(response, 503, "service_unavailable")
    assert int(response["Retry-After"]) > 0
    assert "10.0.0.7" not in response.content.decode()


def test_a_sane_request_id_is_kept_and_another_replaced(api: ApiClient) -> None:
    kept = api.client.get("/api/v1/nothing", headers={"X-Request-ID": "my-request-1"})
    assert kept.json()["instance"] == kept["X-Request-ID"] == "my-request-1"
    replaced = api.client.get("/api/v1/nothing", headers={"X-Request-ID": "a b\tc"})
    assert replaced.json()["instance"] == replaced["X-Request-ID"] != "a b\tc"
