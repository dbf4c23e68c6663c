"""What every answer carries, whatever it is and whoever asks."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from os import environ
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from config.servers.data_folder import DataFolder
from tests.factories import make_user

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>")
INLINE_STYLE = re.compile(r"<style[^>]*>|\sstyle=\"")
HANDLER = re.compile(r"\son[a-z]+=\"")


def pages() -> list[str]:
    """Every address without a part to fill in."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> list[str]:
        found = []
        for pattern in patterns:
            route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
            if isinstance(pattern, URLResolver):
                found += walk(pattern.url_patterns, route)
            elif not set(route) & set("<(*[\\?"):
                found.append(f"/{route}")
        return found

    return sorted(set(walk(get_resolver().url_patterns, "")))


OTHERS = ["/nothing-here", "/api/v1/nothing", "/static/css/base.css", "/static/nothing.css"]


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.com", "correct horse battery")


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_every_answer_is_guarded(is_signed_in: bool, admin: User) -> None:
    problems: list[str] = []
    for path in [*pages(), *OTHERS]:
        client = Client(raise_request_exception=False)
        if is_signed_in:
            client.force_login(admin)
        response = client.get(path)
        body = b"".join(response).decode(errors="replace")
        policy = response.get("Content-Security-Policy", "")
        if "default-src 'none'" not in policy or "unsafe" in policy or "*" in policy:
            problems.append(f"{path}: {policy}")
        for name, value in HEADERS.items():
            if response.get(name) != value:
                problems.append(f"{path}: {name} is {response.get(name)}")
        if "camera=()" not in response.get("Permissions-Policy", ""):
            problems.append(f"{path}: Permissions-Policy")
        if not response.get("X-Request-ID"):
            problems.append(f"{path}: X-Request-ID")
        # The admin is Django's own, and works under the same policy.
        if response.get("Content-Type", "").startswith("text/html") and "/admin" not in path:
            problems += [f"{path}: {found}" for found in inline_code(body, policy)]
    assert problems == []


def inline_code(body: str, policy: str) -> list[str]:
    """Code inside a page that the policy would let no browser run."""
    found = HANDLER.findall(body) + (["javascript:"] if "javascript:" in body else [])
    for tag in INLINE_SCRIPT.findall(body) + INLINE_STYLE.findall(body):
        nonce = re.search(r'nonce="([^"]+)"', tag)
        if nonce is None or f"'nonce-{nonce[1]}'" not in policy:
            found.append(tag)
    return found


def test_a_form_from_elsewhere_is_refused_with_htmx_too(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    for headers in ({}, {"HX-Request": "true"}):
        assert (
            client.post(reverse("accounts:look"), {"theme": "dark"}, headers=headers).status_code
            == 403
        )
    client.get(reverse("accounts:settings"))
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    for extra in ({"HX-Request": "true"}, {"HX-Request": "true", "Origin": "https://evil.example"}):
        answer = client.post(
            reverse("accounts:look"), {"theme": "dark"}, headers={"X-CSRFToken": token, **extra}
        )
        assert (answer.status_code == 403) is ("Origin" in extra)


def test_a_page_takes_no_larger_body_than_its_limit(db: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_user())
    limit = settings.LIMITS.request_body_bytes
    for size, is_refused in ((limit, False), (limit + 1, True)):
        answer = client.generic(
            "POST",
            reverse("accounts:look"),
            "x" * size,
            content_type="application/x-www-form-urlencoded",
        )
        assert (answer.status_code == 413) is is_refused


SETTINGS = """
from django.conf import settings
print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_SECURE,
      settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY,
      settings.SECURE_PROXY_SSL_HEADER, settings.SESSION_COOKIE_PATH,
      settings.SESSION_COOKIE_DOMAIN)
"""


@pytest.mark.parametrize("https", ["yes", "no"])
def test_cookies_belong_to_this_host_alone_under_https(https: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SETTINGS],
        env=environ | {"HTTPS": https, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    if https == "yes":
        assert done.stdout.startswith("__Host-session __Host-csrf True True True")
        assert done.stdout.strip().endswith("('HTTP_X_FORWARDED_PROTO', 'https') / None")
    else:
        # Nobody's word about the scheme is taken where no proxy stands in front.
        assert done.stdout.strip() == "holdfast_session holdfast_csrf False False True None / None"


def test_generated_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    secret = folder.secret("django_secret_key")
    assert len(secret) >= 50
    assert folder.secret("django_secret_key") == secret
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert files
    for path in files:
        if secret in path.read_text():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
