"""Content security policy: scripts and styles from here only, inline ones by nonce, no eval.

A template writes ``nonce="{{ request.csp_nonce }}"`` on an inline script or style it needs.
"""

import secrets
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

HEADER: Final = "Content-Security-Policy"
POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    # 'self' covers ws: and wss: to the same host in today's browsers.
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
PERMISSIONS: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class ContentSecurityMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        used: list[str] = []

        def make_nonce() -> str:
            used.append(secrets.token_urlsafe(16))
            return used[0]

        # Made when a template asks, so that pages without inline code allow none.
        request.csp_nonce = SimpleLazyObject(make_nonce)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(HEADER, build_policy(nonce=used[0] if used else None))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response


def build_policy(*, nonce: str | None) -> str:
    """Return the header's value; the nonce allows inline scripts and styles that carry it."""
    policy = dict(POLICY)
    if nonce is not None:
        for directive in ("script-src", "style-src"):
            policy[directive] += f" 'nonce-{nonce}'"
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())
