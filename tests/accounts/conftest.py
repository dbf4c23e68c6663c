"""Settings that tests of signing in share."""

import pytest
from pytest_django import Settings


@pytest.fixture
def embedded_desk(settings: Settings) -> None:
    """As the embedded desk runs: on localhost, where nobody could confirm an address."""
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = True
