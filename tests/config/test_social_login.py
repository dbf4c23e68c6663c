"""Which providers the environment turns on."""

import pytest
from django.test import Client

from config.env import BadEnvironment, Environment
from config.social_login import read_social_login

OIDC = {"OIDC_CLIENT_ID": "a", "OIDC_CLIENT_SECRET": "b"}


def test_nothing_set_turns_nothing_on() -> None:
    found = read_social_login(Environment({}))
    assert (found.applications, found.providers) == ((), {})


def test_each_provider_is_turned_on_by_its_two() -> None:
    values = OIDC | {"OIDC_URL": "https://id.example/", "OIDC_NAME": "Keyring"}
    values |= {"GOOGLE_CLIENT_ID": "c", "GOOGLE_CLIENT_SECRET": "d"}
    values |= {"GITHUB_CLIENT_ID": "e", "GITHUB_CLIENT_SECRET": "f"}
    found = read_social_login(Environment(values))
    assert list(found.providers) == ["google", "github", "openid_connect"]
    (app,) = found.providers["openid_connect"]["APPS"]
    assert app == {
        "client_id": "a",
        "secret": "b",
        "name": "Keyring",
        "provider_id": "oidc",
        "settings": {"server_url": "https://id.example"},
    }
    assert all(provider["OAUTH_PKCE_ENABLED"] for provider in found.providers.values())


@pytest.mark.parametrize("prefix", ["GOOGLE", "GITHUB", "OIDC"])
@pytest.mark.parametrize("half", ["CLIENT_ID", "CLIENT_SECRET"])
def test_half_a_provider_stops_the_start(prefix: str, half: str) -> None:
    with pytest.raises(BadEnvironment, match=f"{prefix}_CLIENT"):
        read_social_login(Environment({f"{prefix}_{half}": "a"}))


@pytest.mark.parametrize("url", ["http://id.example", "id.example", "https://", "ftp://id.example"])
def test_an_issuer_without_tls_stops_the_start(url: str) -> None:
    with pytest.raises(BadEnvironment, match="OIDC_URL"):
        read_social_login(Environment(OIDC | {"OIDC_URL": url}))


def test_an_issuer_is_needed() -> None:
    with pytest.raises(BadEnvironment, match="OIDC_URL"):
        read_social_login(Environment(OIDC))


def test_an_issuer_on_this_machine_needs_no_tls() -> None:
    found = read_social_login(Environment(OIDC | {"OIDC_URL": "http://127.0.0.1:9000"}))
    assert "openid_connect" in found.providers


@pytest.mark.django_db
def test_nothing_is_shown_where_nothing_is_on(client: Client) -> None:
    for path in ("/accounts/login/", "/accounts/signup/"):
        assert "Go on with" not in client.get(path).content.decode()
    assert client.post("/accounts/oidc/oidc/login/").status_code == 404
