"""Clients that signed in the way people do, for tests of what comes after."""

from __future__ import annotations

from django.test import Client

from accounts.models import User

PASSWORD = "a-long-password"  # of make_user
SIGN_IN = "/accounts/login/"


def new_client() -> Client:
    """A browser on the host that passkeys may be used on."""
    return Client(SERVER_NAME="localhost")


def signed_in_client(user: User, *, is_confirmed: bool = True) -> Client:
    """A client of a user with a password alone; confirmed means he just gave it once more."""
    client = new_client()
    response = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    assert response.headers["Location"] == "/home"
    if is_confirmed:
        confirm(client)
    return client


def confirm(client: Client, password: str = PASSWORD) -> None:
    response = client.post("/accounts/reauthenticate/", {"password": password})
    assert response.status_code == 302
