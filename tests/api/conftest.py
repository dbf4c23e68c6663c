"""Three people and their keys: Alice owns, Bob may view, Charlie may not."""

import pytest
from django.test import Client

from accounts.models import User
from tests.api.clients import ApiClient, key_for


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.com", tier="premium")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.com", tier="premium")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user("admin@example.com", tier="admin", is_staff=True)


@pytest.fixture
def api(alice: User) -> ApiClient:
    """Alice's program, with every scope she may give."""
    return ApiClient(key_for(alice))


@pytest.fixture
def stranger_api(charlie: User) -> ApiClient:
    return ApiClient(key_for(charlie))


@pytest.fixture
def admin_api(admin: User) -> ApiClient:
    return ApiClient(key_for(admin, scopes=("read", "trade", "admin")))


@pytest.fixture
def anonymous() -> Client:
    return Client()
