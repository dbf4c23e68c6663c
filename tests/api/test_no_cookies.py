"""The API goes past what pages need, and keeps what both need."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.api.clients import ApiClient, key_for

pytestmark = pytest.mark.django_db


def test_a_cookie_is_not_even_looked_up(client: Client, django_assert_num_queries: Any) -> None:
    anna = User.objects.create_user("anna@example.com", tier="premium")
    client.force_login(anna)
    with django_assert_num_queries(0):
        assert client.get("/api/v1/me").status_code == 401


def test_answers_carry_the_headers_of_every_answer() -> None:
    anna = User.objects.create_user("anna@example.com", tier="premium")
    answer = ApiClient(key_for(anna)).get("/me")
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert int(answer["Content-Length"]) == len(answer.content)
    assert answer["X-Request-ID"]
    assert not answer.cookies


def test_the_documentation_is_a_page(client: Client) -> None:
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    assert b"<html" in answer.content
