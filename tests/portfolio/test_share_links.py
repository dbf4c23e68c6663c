"""Links by which anybody sees a portfolio in percent, and nothing that tells an amount."""

import hashlib
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.roles import RoleMissing
from portfolio.models import Portfolio, ShareLink
from portfolio.portfolios import archive_portfolio, open_portfolio
from portfolio.sharing.members import add_member
from portfolio.sharing.percentages import shared_portfolio
from portfolio.sharing.share_links import (
    ShareLinkNotFound,
    ShareLinkRefused,
    create_share_link,
    open_share_link,
    revoke_share_link,
)
from tests.api.clients import ApiClient, key_for
from tests.factories import make_daily_bars, make_instrument, make_quote, make_user
from tests.portfolio.factories import draft_trade, make_tracked, post

pytestmark = pytest.mark.django_db

QUANTITY, PRICE, CASH = "137", "211.37", "77341.19"


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    """A holding with odd numbers, so that each would be known again."""
    now = timezone.now()
    opened = open_portfolio(
        owner=alice,
        name="Secret name",
        kind="tracked",
        currency="USD",
        starting_cash=Decimal(CASH),
        opened_at=now - timedelta(days=9),
    )
    apple = make_instrument("AAPL")
    apple.sector, apple.country = "Technology", "US"
    apple.save(update_fields=["sector", "country"])
    make_daily_bars(apple, [200, 205, 210, 211], first_at=now - timedelta(days=6))
    make_quote(apple, last="219.83", previous_close="213.71")
    bought_at = now - timedelta(days=5)
    post(draft_trade(opened, apple, quantity=QUANTITY, price=PRICE, at=bought_at, is_settled=True))
    return opened


def link_of(portfolio: Portfolio, **facts: Any) -> tuple[ShareLink, str]:
    given: dict[str, Any] = {
        "portfolio_id": portfolio.id,
        "owner": portfolio.owner,
        "label": "How I do",
        "expires_at": None,
        "created_at": timezone.now(),
    }
    return create_share_link(**given | facts)


def codes(error: pytest.ExceptionInfo[ShareLinkRefused]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in error.value.problems]


def test_a_link_opens_its_portfolio_and_only_a_digest_is_kept(portfolio: Portfolio) -> None:
    link, token = link_of(portfolio)
    assert open_share_link(token, at=timezone.now()).portfolio == portfolio
    assert bytes(ShareLink.objects.get().digest) == hashlib.sha256(token.encode()).digest()
    assert token not in str(AuditEvent.objects.get(action="share_link.created").after)
    assert link.label == "How I do"


def test_what_it_shows_are_percentages_rounded_to_a_tenth(portfolio: Portfolio) -> None:
    found = shared_portfolio(portfolio, at=timezone.now())
    (holding,) = found.holdings
    assert (holding.symbol, holding.gain_pct) == ("AAPL", Decimal("4.0"))
    assert holding.weight_pct is not None
    assert found.cash_weight_pct is not None
    assert abs(holding.weight_pct + found.cash_weight_pct - 100) <= Decimal("0.1")
    assert [share.name for share in found.sectors] == ["Technology"]
    numbers = [holding.weight_pct, holding.day_change_pct, found.cash_weight_pct]
    numbers += [point.value for point in found.series]
    assert all(one == one.quantize(Decimal("0.1")) for one in numbers if one is not None)
    assert found.series, "there are days to draw"


def amounts_of(portfolio: Portfolio) -> set[str]:
    """Numbers that would tell an amount, as they might be written."""
    worth = Decimal(QUANTITY) * Decimal("219.83")
    cost = Decimal(QUANTITY) * Decimal(PRICE)
    cash = Decimal(CASH) - cost
    numbers = [worth, cost, cash, worth + cash, worth - cost, Decimal(CASH), Decimal(PRICE)]
    plain = {f"{number:.2f}" for number in numbers} | {f"{number:,.2f}" for number in numbers}
    return plain | {"219.83", "213.71", "211.37"}


def test_neither_page_nor_api_tells_an_amount_a_quantity_a_price_or_a_name(
    client: Client, portfolio: Portfolio
) -> None:
    _, token = link_of(portfolio)
    page = client.get(f"/shared/{token}")
    answer = client.get(f"/api/v1/shared/{token}")
    assert (page.status_code, answer.status_code) == (200, 200)
    told = page.content.decode().partition("<main")[2] + answer.content.decode()
    for secret in (*amounts_of(portfolio), "Secret name", "alice", str(portfolio.id), "USD 1"):
        assert secret not in told, secret
    assert not re.search(rf"(?<![\d.]){QUANTITY}(?![\d.])", told)
    assert "AAPL" in told
    assert page["Cache-Control"].startswith("max-age=0")
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("end", ["revoked", "expired", "archived", "owner gone", "never made"])
def test_a_link_that_ended_opens_nothing_and_tells_not_why(
    client: Client, portfolio: Portfolio, end: str
) -> None:
    now = timezone.now()
    link, token = link_of(portfolio, expires_at=now + timedelta(hours=1))
    assert client.get(f"/shared/{token}").status_code == 200
    match end:
        case "revoked":
            revoke_share_link(
                portfolio_id=portfolio.id, owner=portfolio.owner, link_id=link.id, revoked_at=now
            )
        case "expired":
            ShareLink.objects.update(expires_at=now)
        case "archived":
            archive_portfolio(portfolio_id=portfolio.id, owner=portfolio.owner, archived_at=now)
        case "owner gone":
            User.objects.update(is_active=False)
        case _:
            token = "x" * 43
    assert client.get(f"/shared/{token}").status_code == 404
    assert client.get(f"/api/v1/shared/{token}").json()["code"] == "share_link_not_found"
    assert client.get("/shared/short").status_code == 404


def test_revoking_twice_is_once(portfolio: Portfolio) -> None:
    link, _ = link_of(portfolio)
    for _ in range(2):
        revoke_share_link(
            portfolio_id=portfolio.id,
            owner=portfolio.owner,
            link_id=link.id,
            revoked_at=timezone.now(),
        )
    assert AuditEvent.objects.filter(action="share_link.revoked").count() == 1


def test_what_makes_no_sense_is_refused(portfolio: Portfolio) -> None:
    now = timezone.now()
    for facts, expected in (
        ({"label": " "}, ("label", "required")),
        ({"label": "x" * 81}, ("label", "too_long")),
        ({"label": "a\x07b"}, ("label", "invalid")),
        ({"expires_at": now, "created_at": now}, ("expires_at", "in_the_past")),
    ):
        with pytest.raises(ShareLinkRefused) as refused:
            link_of(portfolio, **facts)
        assert codes(refused) == [expected]


def test_there_are_only_so_many_live_links(portfolio: Portfolio) -> None:
    allowed = settings.LIMITS.share_links_per_portfolio
    made = [link_of(portfolio)[0] for _ in range(allowed)]
    with pytest.raises(ShareLinkRefused) as refused:
        link_of(portfolio)
    assert codes(refused) == [("", "too_many")]
    revoke_share_link(
        portfolio_id=portfolio.id,
        owner=portfolio.owner,
        link_id=made[0].id,
        revoked_at=timezone.now(),
    )
    link_of(portfolio)


def test_only_the_owner_makes_sees_and_revokes_links(portfolio: Portfolio, alice: User) -> None:
    bob = make_user("bob@example.com")
    add_member(
        portfolio_id=portfolio.id,
        owner=alice,
        email=bob.email,
        role="editor",
        added_at=timezone.now(),
    )
    link, _ = link_of(portfolio)
    with pytest.raises(RoleMissing):
        link_of(portfolio, owner=bob)
    with pytest.raises(ShareLinkNotFound):
        revoke_share_link(
            portfolio_id=portfolio.id, owner=alice, link_id=portfolio.id, revoked_at=timezone.now()
        )
    guest = ApiClient(key_for(bob))
    assert guest.get(f"/portfolios/{portfolio.id}/share-links").status_code == 403
    path = f"/portfolios/{portfolio.id}/share-links/{link.id}"
    assert guest.send("DELETE", path).status_code == 403


def test_through_the_api(client: Client, portfolio: Portfolio, alice: User) -> None:
    api = ApiClient(key_for(alice))
    path = f"/portfolios/{portfolio.id}/share-links"
    made = api.post(path, {"label": "For you", "expires_at": "2999-01-01T00:00:00Z"})
    assert made.status_code == 201
    token = made.json()["token"]
    assert made.json()["url"].endswith(f"/shared/{token}")
    assert client.get(f"/api/v1/shared/{token}").json()["label"] == "For you"
    (listed,) = api.get(path).json()["items"]
    assert listed["is_live"]
    assert "token" not in listed
    assert api.send("DELETE", f"{path}/{listed['id']}").status_code == 204
    assert client.get(f"/api/v1/shared/{token}").status_code == 404
    assert not api.get(path).json()["items"][0]["is_live"]


def test_a_portfolio_without_anything_is_shown_as_such(client: Client, alice: User) -> None:
    empty = make_tracked(alice, name="Empty", cash=None, opened_at=timezone.now())
    _, token = link_of(empty)
    assert "Nothing held" in client.get(f"/shared/{token}").content.decode()
