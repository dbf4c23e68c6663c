"""The pages on which a portfolio is shared, and what a member's pages offer."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portfolio.models import Portfolio, PortfolioMember, ShareLink
from portfolio.sharing.members import add_member
from tests.factories import make_portfolio, make_user

pytestmark = pytest.mark.django_db

TABS = (
    *("", "/lots", "/activities", "/journal", "/performance", "/cash", "/imports", "/sharing"),
    *("/health", "/allocation", "/income", "/xray"),
)


@pytest.fixture
def bob() -> User:
    return make_user("bob@example.com")


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_portfolio(alice, name="Savings")


@pytest.fixture
def guest(bob: User, portfolio: Portfolio) -> Client:
    """A viewer's browser."""
    add_member(
        portfolio_id=portfolio.id,
        owner=portfolio.owner,
        email=bob.email,
        role="viewer",
        added_at=timezone.now(),
    )
    found = Client()
    found.force_login(bob)
    return found


def test_the_owner_adds_changes_and_removes_a_member(
    browser: Client, portfolio: Portfolio, bob: User
) -> None:
    path = f"/portfolios/{portfolio.id}"
    told = browser.post(f"{path}/members", {"email": bob.email, "role": "viewer"}, follow=True)
    assert "Shared with bob@example.com." in told.content.decode()
    member = PortfolioMember.objects.get()
    browser.post(f"{path}/members/{member.id}", {"role": "editor"})
    member.refresh_from_db()
    assert member.role == "editor"
    browser.post(f"{path}/members/{member.id}", {"role": "king"})
    member.refresh_from_db()
    assert member.role == "editor"
    browser.post(f"{path}/members/{member.id}/removal")
    assert not PortfolioMember.objects.exists()


def test_what_is_wrong_stands_at_its_field(browser: Client, portfolio: Portfolio) -> None:
    body = {"email": "nobody@example.com", "role": "viewer"}
    answer = browser.post(f"/portfolios/{portfolio.id}/members", body)
    assert answer.status_code == 422
    assert "Nobody has an account with the address" in answer.content.decode()
    answer = browser.post(f"/portfolios/{portfolio.id}/share-links", {"label": "", "days": "7"})
    assert answer.status_code == 422


def test_a_link_is_shown_once_and_opens_without_signing_in(
    browser: Client, portfolio: Portfolio
) -> None:
    path = f"/portfolios/{portfolio.id}"
    made = browser.post(f"{path}/share-links", {"label": "For friends", "days": "30"})
    assert made.status_code == 201
    found = re.search(r"/shared/([A-Za-z0-9_-]{43})", made.content.decode())
    assert found is not None
    assert found[1] not in browser.get(f"{path}/sharing").content.decode()
    assert "For friends" in Client().get(found[0]).content.decode()
    link = ShareLink.objects.get()
    assert link.expires_at is not None
    browser.post(f"{path}/share-links/{link.id}/revocation")
    assert Client().get(found[0]).status_code == 404


def test_a_viewer_sees_every_tab_and_no_form_that_he_may_not_send(
    guest: Client, portfolio: Portfolio
) -> None:
    for tab in TABS:
        path = f"/portfolios/{portfolio.id}{tab}"
        answer = guest.get(path)
        assert answer.status_code == 200, tab
        main = answer.content.decode().partition("<main")[2].partition("</main")[0]
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', main)
        assert all(form.endswith("/removal") for form in forms), (tab, forms)
        assert "shared, viewer" in main
    assert guest.post(f"/portfolios/{portfolio.id}/name", {"name": "Mine"}).status_code == 403


def test_a_shared_portfolio_is_listed_after_ones_own(
    guest: Client, portfolio: Portfolio, bob: User
) -> None:
    own = make_portfolio(bob, name="Later and own")
    text = guest.get("/portfolios").content.decode()
    assert text.index("Later and own") < text.index("Savings")
    assert "shared, viewer" in text
    assert f"/portfolios/{own.id}" in text
    assert "Savings" in guest.get("/home").content.decode()


def test_a_member_leaves_by_himself(guest: Client, portfolio: Portfolio) -> None:
    member = PortfolioMember.objects.get()
    told = guest.post(f"/portfolios/{portfolio.id}/members/{member.id}/removal", follow=True)
    assert "no longer shared with you" in told.content.decode()
    assert guest.get(f"/portfolios/{portfolio.id}").status_code == 404


def test_settings_tell_what_is_shared_both_ways(
    browser: Client, guest: Client, portfolio: Portfolio
) -> None:
    own = browser.get("/settings/sharing").content.decode()
    assert "Savings" in own
    assert "Shared with you" not in own
    other = guest.get("/settings/sharing").content.decode()
    assert "Shared with you" in other
    assert "alice@example.com" in other
