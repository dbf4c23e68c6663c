from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.auth import caller_of_key
from accounts.models import ApiKey, User
from accounts.tasks import record_heartbeat
from market.live.live_quotes import prefixed, valkey

PASSWORD = "a good long password"

pytestmark = pytest.mark.django_db


def run(*args: str) -> list[str]:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue().splitlines()


def test_a_user_is_made_who_can_sign_in() -> None:
    lines = run("create_user", "Alice@Example.com", "--password", PASSWORD, "--tier", "premium")
    user = User.objects.get()
    assert "alice@example.com" in lines[0]
    assert lines[-1] == str(user.id)
    assert user.check_password(PASSWORD)
    assert user.tier == "premium"
    assert not user.is_staff


def test_an_admin_is_staff() -> None:
    run("create_user", "admin@example.com", "--password", PASSWORD, "--tier", "admin")
    assert User.objects.get().is_staff


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["not an address", "--password", PASSWORD], "must be an address"),
        (["alice@example.com", "--password", ""], "empty"),
        (["ALICE@example.com", "--password", PASSWORD], "already"),
    ],
)
def test_a_user_that_cannot_be_is_refused(args: list[str], message: str) -> None:
    User.objects.create_user("alice@example.com")
    with pytest.raises(CommandError, match=message):
        run("create_user", *args)
    assert User.objects.count() == 1


def test_a_key_stands_alone_on_the_last_line_and_works() -> None:
    user = User.objects.create_user("alice@example.com")
    lines = run("create_api_key", "alice@example.com", "--scopes", "read,trade")
    caller = caller_of_key(lines[-1], address="127.0.0.1", at=timezone.now())
    assert caller is not None
    assert caller.user == user
    assert caller.scopes == {"read", "trade"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nobody@example.com"], "no user"),
        (["alice@example.com", "--scopes", "fly"], "must be one or more of read, trade, admin"),
        (["alice@example.com", "--scopes", ""], "must be one or more"),
        (["alice@example.com", "--scopes", "admin"], "administrators"),
        (["alice@example.com", "--portfolio", "x"], "must be an id"),
        (["alice@example.com", "--portfolio", str(uuid4())], "has no portfolio"),
        (["alice@example.com", "--expires-at", "soon"], "must be a time"),
        (["alice@example.com", "--expires-at", "2001-01-01"], "future"),
    ],
)
def test_a_key_that_cannot_be_is_refused(args: list[str], message: str) -> None:
    User.objects.create_user("alice@example.com")
    with pytest.raises(CommandError, match=message):
        run("create_api_key", *args)
    assert not ApiKey.objects.exists()


def test_a_worker_says_that_it_lives() -> None:
    record_heartbeat()
    assert 0 < valkey().ttl(prefixed("worker:heartbeat")) <= 60
