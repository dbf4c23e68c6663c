"""Everybody who might open a page, with the cookie or the key he comes with."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings
from django.test import Client

from tests.api.clients import key_for
from tests.authorisation.api_callers import cookie_of
from tests.authorisation.person import Person


@dataclass(frozen=True)
class PageCaller:
    """``is_in`` where the browser is signed in by somebody who may be."""

    name: str
    person: Person
    is_in: bool
    is_staff: bool = False
    cookies: dict[str, str] = field(default_factory=dict)
    key: str = ""

    def client(self) -> Client:
        client = Client(raise_request_exception=False)
        client.cookies.load(self.cookies)
        return client

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "X-API-Key": self.key} if self.key else {}


def page_callers(
    standard: Person, premium: Person, admin: Person, demoted: Person
) -> list[PageCaller]:
    gone = cookie_of(demoted.user)
    demoted.user.is_active = False
    demoted.user.save(update_fields=["is_active"])
    every = key_for(admin.user, scopes=["read", "trade", "admin"])
    return [
        PageCaller("anonymous", premium, is_in=False),
        PageCaller("standard", standard, is_in=True, cookies=cookie_of(standard.user)),
        PageCaller("premium", premium, is_in=True, cookies=cookie_of(premium.user)),
        PageCaller("admin", admin, is_in=True, is_staff=True, cookies=cookie_of(admin.user)),
        PageCaller("deactivated", demoted, is_in=False, cookies=gone),
        PageCaller("key of an admin", admin, is_in=False, key=every),
        PageCaller("forged cookie", premium, is_in=False, cookies=forged()),
    ]


def forged() -> dict[str, str]:
    return {settings.SESSION_COOKIE_NAME: "abcdefghijklmnopqrstuvwxyz012345"}
