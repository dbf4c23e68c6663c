"""Sharing a portfolio with others: who is in, what he may, and how it ends."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.closing import close_account
from accounts.models import AuditEvent, User
from accounts.roles import Role, RoleMissing
from portfolio.errors import PortfolioNotFound
from portfolio.models import Portfolio, PortfolioMember
from portfolio.portfolios import find_portfolio
from portfolio.sharing.members import (
    MemberNotFound,
    MemberRefused,
    add_member,
    change_member,
    member_rows,
    remove_member,
)
from tests.api.clients import ApiClient, all_items, key_for
from tests.factories import make_instrument, make_quote, make_user
from tests.portfolio.factories import NOON, draft_trade, make_tracked, post, race

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> User:
    return make_user("bob@example.com")


@pytest.fixture
def portfolio(alice: User) -> Portfolio:
    return make_tracked(alice)


def share(portfolio: Portfolio, user: User, role: str = "viewer") -> PortfolioMember:
    return add_member(
        portfolio_id=portfolio.id,
        owner=portfolio.owner,
        email=user.email,
        role=role,
        added_at=timezone.now(),
    )


def codes(error: pytest.ExceptionInfo[MemberRefused]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in error.value.problems]


def test_a_member_sees_what_his_role_lets_him(portfolio: Portfolio, alice: User, bob: User) -> None:
    with pytest.raises(PortfolioNotFound):
        find_portfolio(portfolio.id, bob, Role.VIEWER)
    member = share(portfolio, bob)
    assert find_portfolio(portfolio.id, bob, Role.VIEWER).role == "viewer"
    with pytest.raises(
        RoleMissing, match="needs the role editor in the portfolio; yours is viewer"
    ):
        find_portfolio(portfolio.id, bob, Role.EDITOR)
    change_member(
        portfolio_id=portfolio.id,
        owner=alice,
        member_id=member.id,
        role="editor",
        changed_at=timezone.now(),
    )
    assert find_portfolio(portfolio.id, bob, Role.EDITOR).role == "editor"
    with pytest.raises(RoleMissing):
        find_portfolio(portfolio.id, bob)


def test_what_names_no_role_shares_nothing(portfolio: Portfolio, bob: User) -> None:
    share(portfolio, bob, "editor")
    assert not Portfolio.objects.for_user(bob).exists()


def test_an_archived_portfolio_is_gone_for_members_too(portfolio: Portfolio, bob: User) -> None:
    share(portfolio, bob)
    Portfolio.objects.update(archived_at=timezone.now())
    assert not Portfolio.objects.for_user(bob, Role.VIEWER).exists()
    assert not Portfolio.objects.visible_pairs({(bob.id, portfolio.id)})


def test_sharing_again_in_the_same_role_changes_nothing(portfolio: Portfolio, bob: User) -> None:
    assert share(portfolio, bob).id == share(portfolio, bob).id
    assert AuditEvent.objects.filter(action="member.added").count() == 1
    with pytest.raises(MemberRefused) as refused:
        share(portfolio, bob, "editor")
    assert codes(refused) == [("email", "already_member")]


def test_the_address_may_be_written_in_any_case(portfolio: Portfolio, bob: User) -> None:
    add_member(
        portfolio_id=portfolio.id,
        owner=portfolio.owner,
        email="  BOB@Example.com ",
        role="viewer",
        added_at=NOON,
    )
    assert PortfolioMember.objects.get().user == bob


def test_a_stranger_an_owner_and_an_unknown_role_are_refused(
    portfolio: Portfolio, alice: User
) -> None:
    def refused_for(email: str, role: str) -> list[tuple[str, str]]:
        with pytest.raises(MemberRefused) as refused:
            add_member(
                portfolio_id=portfolio.id, owner=alice, email=email, role=role, added_at=NOON
            )
        return codes(refused)

    assert refused_for("nobody@example.com", "viewer") == [("email", "unknown")]
    assert refused_for(alice.email, "viewer") == [("email", "own")]
    assert refused_for(alice.email, "owner") == [("role", "unknown"), ("email", "own")]
    make_user("demo@example.com")
    User.objects.filter(email="demo@example.com").update(is_demo=True)
    assert refused_for("demo@example.com", "viewer") == [("email", "unknown")]


def test_a_demo_shares_nothing(portfolio: Portfolio, alice: User, bob: User) -> None:
    User.objects.filter(id=alice.id).update(is_demo=True)
    alice.refresh_from_db()
    with pytest.raises(MemberRefused) as refused:
        share(Portfolio.objects.get(), bob)
    assert codes(refused) == [("", "demo")]


def test_there_are_only_so_many_members(portfolio: Portfolio, bob: User) -> None:
    allowed = settings.LIMITS.members_per_portfolio
    for number in range(allowed):
        share(portfolio, make_user(f"friend{number}@example.com"))
    with pytest.raises(MemberRefused) as refused:
        share(portfolio, bob)
    assert codes(refused) == [("", "too_many")]
    assert PortfolioMember.objects.count() == allowed


def test_only_the_owner_manages_members(portfolio: Portfolio, alice: User, bob: User) -> None:
    carol, dora = make_user("carol@example.com"), make_user("dora@example.com")
    member = share(portfolio, bob, "editor")
    other = share(portfolio, carol)
    with pytest.raises(RoleMissing):
        add_member(
            portfolio_id=portfolio.id, owner=bob, email=dora.email, role="viewer", added_at=NOON
        )
    with pytest.raises(RoleMissing):
        change_member(
            portfolio_id=portfolio.id,
            owner=bob,
            member_id=member.id,
            role="viewer",
            changed_at=NOON,
        )
    with pytest.raises(MemberNotFound):
        remove_member(
            portfolio_id=portfolio.id, actor=bob, member_id=other.id, removed_at=timezone.now()
        )
    with pytest.raises(PortfolioNotFound):
        remove_member(
            portfolio_id=portfolio.id, actor=dora, member_id=other.id, removed_at=timezone.now()
        )
    with pytest.raises(MemberNotFound):
        remove_member(
            portfolio_id=portfolio.id, actor=alice, member_id=uuid4(), removed_at=timezone.now()
        )
    assert [row.email for row in member_rows(portfolio, reader=bob)] == [alice.email, bob.email]
    assert len(member_rows(portfolio, reader=alice)) == 3


@pytest.mark.parametrize("who", ["owner", "member"])
def test_owner_and_member_end_it(portfolio: Portfolio, bob: User, who: str) -> None:
    member = share(portfolio, bob)
    actor = portfolio.owner if who == "owner" else bob
    remove_member(
        portfolio_id=portfolio.id, actor=actor, member_id=member.id, removed_at=timezone.now()
    )
    with pytest.raises(PortfolioNotFound):
        find_portfolio(portfolio.id, bob, Role.VIEWER)
    event = AuditEvent.objects.get(action="member.removed")
    assert event.owner_id == portfolio.owner_id
    assert event.before is not None
    assert event.before["email"] == bob.email


def test_who_closes_his_account_leaves(portfolio: Portfolio, bob: User) -> None:
    share(portfolio, bob)
    close_account(user_id=bob.id, closed_at=timezone.now())
    assert not PortfolioMember.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_share_it_once(portfolio: Portfolio, bob: User) -> None:
    made = race([lambda: share(portfolio, bob).id] * 4)
    assert len(set(made)) == 1
    assert PortfolioMember.objects.count() == 1


def test_through_the_api(portfolio: Portfolio, alice: User, bob: User) -> None:
    owner, guest = ApiClient(key_for(alice)), ApiClient(key_for(bob))
    path = f"/portfolios/{portfolio.id}"
    assert guest.get(path).status_code == 404
    made = owner.post(f"{path}/members", {"email": bob.email, "role": "viewer"})
    assert made.status_code == 201
    assert made.json()["role"] == "viewer"
    assert [one["id"] for one in all_items(guest, "/portfolios")] == [str(portfolio.id)]
    assert guest.get(path).json()["role"] == "viewer"
    assert owner.get(path).json()["role"] == "owner"
    deposit = {"kind": "deposit", "amount": "10", "occurred_at": "2026-01-31T15:30:00Z"}
    refused = guest.post(f"{path}/activities", deposit, key=uuid4().hex)
    assert refused.status_code == 403
    assert refused.json()["code"] == "role_missing"
    member = f"{path}/members/{made.json()['id']}"
    assert owner.patch(member, {"role": "editor"}).json()["role"] == "editor"
    assert guest.post(f"{path}/activities", deposit, key=uuid4().hex).status_code == 201
    assert guest.patch(path, {"name": "Mine"}).status_code == 403
    assert guest.send("DELETE", path).status_code == 403
    assert guest.send("DELETE", member).status_code == 204
    assert guest.get(path).status_code == 404


def test_what_a_member_did_says_so_to_the_owner(
    portfolio: Portfolio, alice: User, bob: User
) -> None:
    share(portfolio, bob, "editor")
    guest = ApiClient(key_for(bob))
    deposit = {"kind": "deposit", "amount": "10", "occurred_at": "2026-01-31T15:30:00Z"}
    guest.post(f"/portfolios/{portfolio.id}/activities", deposit, key=uuid4().hex)
    (event,) = all_items(ApiClient(key_for(alice)), "/audit-events", action="activity")
    assert (event["by"], event["actor_id"], event["address"]) == ("member", str(bob.id), "")


def test_an_editor_moves_nothing_into_portfolios_of_another_owner(
    portfolio: Portfolio, bob: User
) -> None:
    share(portfolio, bob, "editor")
    apple = make_instrument("AAPL")
    make_quote(apple, last="110")
    post(draft_trade(portfolio, apple, quantity="10", price="100", is_settled=True))
    own = make_tracked(bob)
    body = {
        "kind": "transfer_out",
        "symbol": "AAPL",
        "quantity": "5",
        "occurred_at": (NOON + timedelta(days=1)).isoformat(),
        "counterpart": str(own.id),
    }
    path = f"/portfolios/{portfolio.id}/activities"
    refused = ApiClient(key_for(bob)).post(path, body, key=uuid4().hex)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "not_same_owner"
    assert not own.positions.filter(quantity__gt=Decimal(0)).exists()
