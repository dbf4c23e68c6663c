"""What the sign-in library writes in one request, kept or undone as a whole.

It saves, tells of it, and goes on to the session. Whatever of that fails would leave the rest: a
password changed of which no event tells. So its views run in a transaction, together with the
events recorded while they do and with the session. Its mails wait for the commit.

Requests that come back from a provider (GET) speak with it first, outside of any transaction;
theirs begins when the provider has said who came, see ``ProviderAdapter``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as library
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sites.shortcuts import get_current_site
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver

View = Callable[..., HttpResponseBase]


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """What allauth asks us about signing in."""

    @transaction.atomic
    def login(self, request: HttpRequest, user: Any) -> None:
        """Open a session, with the event that tells of it."""
        super().login(request, user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write a message now, and send it when what it tells of is committed."""
        request = library.request
        known = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, known | context)
        transaction.on_commit(message.send)


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What allauth asks us about signing in by somebody else's door."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """The provider has said all it has to say; what follows only writes."""
        rest: ExitStack = request.rest_of_view  # type: ignore[attr-defined]
        rest.enter_context(all_or_nothing(request))


def whole(view: View) -> View:
    """Let a view's form keep all of what it writes, or nothing."""

    @wraps(view)
    def write_all_or_nothing(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as rest:
            request.rest_of_view = rest  # type: ignore[attr-defined]
            if request.method == "POST":
                rest.enter_context(all_or_nothing(request))
            return view(request, *args, **kwargs)

    return write_all_or_nothing


@contextmanager
def all_or_nothing(request: HttpRequest) -> Iterator[None]:
    with transaction.atomic():
        yield
        save_session(request.session)


def save_session(session: SessionBase) -> None:
    """Into the database alone: the cache gets it from the middleware, after the commit."""
    if session.modified and not session.is_empty() and isinstance(session, SessionStore):
        SessionStore.save(session)


def all_whole(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The same addresses, each with its view made ``whole``."""
    return [_whole_pattern(pattern) for pattern in patterns]


def _whole_pattern(found: URLPattern | URLResolver) -> URLPattern | URLResolver:
    if isinstance(found, URLPattern):
        return URLPattern(found.pattern, whole(found.callback), found.default_args, found.name)
    return URLResolver(
        found.pattern,
        all_whole(found.url_patterns),
        found.default_kwargs,
        found.app_name,
        found.namespace,
    )
