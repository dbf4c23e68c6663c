"""Keep the list of a user's sessions: where each was last used, noted once a minute.

By request and not by sign-in, so that no way of signing in can be forgotten.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import browser_sessions


class SessionActivityMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        # Afterwards, so that the request that signs in is noted and the one that signs out is not.
        # What did not look at the session, as the API, is no use of it.
        if (
            session.accessed
            and session.session_key
            and request.user.is_authenticated
            and browser_sessions.memory.is_due(session.session_key)
        ):
            browser_sessions.note_seen(request, at=timezone.now())
        return response
