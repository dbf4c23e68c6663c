import pytest
from pytest_django import Settings


@pytest.fixture
def embedded_desk(settings: Settings) -> None:
    """Where nobody could confirm an address, so that a password alone signs in."""
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
