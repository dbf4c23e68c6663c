"""The admin is entered by the site's own door, with everything that it asks for."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from accounts.models import User
from tests.accounts.signing_in import PASSWORD, new_client, signed_in_client
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("embedded_desk")]

ADMIN_LOGIN = "/admin/login/"


@pytest.fixture
def carol() -> User:
    return User.objects.create_superuser("carol@example.com", PASSWORD)


def test_a_stranger_is_sent_to_the_sites_door() -> None:
    client = new_client()
    response = client.get(f"{ADMIN_LOGIN}?next=/admin/")
    assert response.headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert client.get("/admin/").status_code == 302


def test_a_password_given_to_the_admin_opens_nothing(carol: User) -> None:
    client = new_client()
    response = client.post(ADMIN_LOGIN, {"username": carol.email, "password": PASSWORD})
    assert response.headers["Location"].startswith("/accounts/login/")
    assert client.get("/admin/").status_code == 302


def test_staff_enters(carol: User) -> None:
    assert signed_in_client(carol).get("/admin/").status_code == 200


def test_the_second_step_is_asked_for(carol: User) -> None:
    TOTP.activate(carol, generate_totp_secret())
    client = new_client()
    form = {"login": carol.email, "password": PASSWORD, "next": "/admin/"}
    response = client.post("/accounts/login/", form)
    assert response.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/admin/").status_code == 302


def test_who_is_no_staff_is_refused() -> None:
    client = signed_in_client(make_user())
    response = client.get("/admin/", follow=True)
    assert response.status_code == 403
    assert b"This is not for you" in response.content
