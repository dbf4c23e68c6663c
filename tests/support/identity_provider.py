"""An OpenID Connect provider on this machine, which says of itself whatever a test wants."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID = "desk"
CLIENT_SECRET = "a-secret-of-the-desk"
CODE = "a-code-that-serves-once"
TOKEN = "a-token"


@dataclass
class IdentityProvider:
    """Signs everybody in as ``person``, unless ``refusal`` names an error."""

    person: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    challenge: str = ""
    server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, {})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, first_values(body))

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        parts = urlsplit(handler.path)
        if parts.path == "/authorize":
            query = first_values(parts.query)
            handler.send_response(302)
            handler.send_header("Location", self.way_back(query))
            handler.end_headers()
            return
        status, body = self.facts(parts.path, form, handler.headers.get("Authorization", ""))
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(json.dumps(body).encode())

    def way_back(self, query: dict[str, str]) -> str:
        self.challenge = query["code_challenge"]
        outcome = {"error": self.refusal} if self.refusal else {"code": CODE}
        return f"{query['redirect_uri']}?{urlencode(outcome | {'state': query['state']})}"

    def facts(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        if path == "/token" and self.is_ours(form):
            return 200, {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300}
        if path == "/userinfo" and authorization == f"Bearer {TOKEN}":
            return 200, self.person
        return 400, {"error": "invalid_grant"}

    def is_ours(self, form: dict[str, str]) -> bool:
        """Whether the code comes back from whom it was given to."""
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return (form.get("code"), form.get("client_secret"), challenge) == (
            CODE,
            CLIENT_SECRET,
            self.challenge,
        )


def first_values(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
