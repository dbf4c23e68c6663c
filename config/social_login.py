"""Signing in through somebody else's door: which providers the environment turns on.

A provider is on when its id and secret are set. None is in the database, so that a copy of it holds
no secret of theirs.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from config.env import BadEnvironment, Environment

# The names in the variables and in the library, and what to ask for.
KNOWN: Final = {
    "GOOGLE": ("google", "Google", ["profile", "email"]),
    "GITHUB": ("github", "GitHub", ["user:email"]),
}
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SocialLogin:
    """What the settings need: applications to install, and the library's own configuration."""

    applications: tuple[str, ...]
    providers: dict[str, dict[str, Any]]


def read_social_login(env: Environment) -> SocialLogin:
    """Raises:
    BadEnvironment: half of a provider is set, or an address that cannot be trusted.
    """
    providers: dict[str, dict[str, Any]] = {}
    for prefix, (provider, name, scope) in KNOWN.items():
        if app := read_application(env, prefix, name=name):
            providers[provider] = {"APPS": [app], "SCOPE": scope, "OAUTH_PKCE_ENABLED": True}
    if app := read_application(env, "OIDC", name=env.text("OIDC_NAME", default="single sign-on")):
        app |= {"provider_id": "oidc", "settings": {"server_url": read_server(env)}}
        providers["openid_connect"] = {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
    applications = tuple(f"allauth.socialaccount.providers.{name}" for name in providers)
    return SocialLogin(applications, providers)


def read_application(env: Environment, prefix: str, *, name: str) -> dict[str, Any] | None:
    client_id, secret = env.find(f"{prefix}_CLIENT_ID"), env.find(f"{prefix}_CLIENT_SECRET")
    if client_id is None and secret is None:
        return None
    if client_id is None or secret is None:
        missing = f"{prefix}_CLIENT_SECRET" if client_id else f"{prefix}_CLIENT_ID"
        raise BadEnvironment(missing, found=None, allowed="set, as the other one of the two is")
    return {"client_id": client_id, "secret": secret, "name": name}


def read_server(env: Environment) -> str:
    """The issuer's address; its answers are believed, so only TLS will do beyond this machine."""
    url = env.required_text("OIDC_URL", allowed="the issuer's address, https://…")
    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in LOCAL
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        raise BadEnvironment("OIDC_URL", found=url, allowed="the issuer's address, https://…")
    return url.rstrip("/")
