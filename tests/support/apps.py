from django.apps import AppConfig


class SupportConfig(AppConfig):
    """Only the tests install this: a flush that the ledger's append-only triggers let pass."""

    name = "tests.support"
    label = "test_support"
