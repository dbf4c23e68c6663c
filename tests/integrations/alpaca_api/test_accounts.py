"""What the account is worth, in Alpaca's words."""

from __future__ import annotations

from django.test import Client

from accounts.models import User
from portfolio.models import Portfolio
from tests.api.clients import key_for
from tests.factories import make_instrument
from tests.trading.factories import give_units


def test_without_a_price_the_account_has_no_value(account: Portfolio, anna: User) -> None:
    """Cash alone would look like a loss of all that is held."""
    give_units(account, make_instrument("DARK"), "5")
    key = key_for(anna, portfolio_ids=[account.id])
    headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": key}
    found = Client().get("/alpaca/v2/account", headers=headers).json()
    assert (found["portfolio_value"], found["equity"]) == (None, None)
    assert found["cash"]
