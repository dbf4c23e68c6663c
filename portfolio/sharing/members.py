"""With whom an owner shares a portfolio, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.dispatch import receiver

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from accounts.models import User
from accounts.roles import GIVEN, Role
from accounts.signals import account_closing
from portfolio.errors import PortfolioError
from portfolio.models import Portfolio, PortfolioMember
from portfolio.portfolios import find_portfolio

NO_MEMBER: Final = "There is no such member."


class MemberNotFound(PortfolioError, NotFound):
    """There is no such member, or the caller may not know that there is."""

    code = "member_not_found"


class MemberRefused(PortfolioError, ProblemsError):
    """The portfolio is not shared like that; ``problems`` names each reason."""

    code = "member_refused"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """The owner, who has no id here, or a member."""

    id: UUID | None
    email: str
    display_name: str
    role: Role
    added_at: datetime

    @property
    def place(self) -> tuple[str, str, str]:
        """Texts in whose order the rows are."""
        moment = self.added_at.astimezone(UTC).isoformat(timespec="microseconds")
        return ("owner" if self.id is None else "with", moment, str(self.id))


def member_rows(portfolio: Portfolio, *, reader: User) -> list[MemberRow]:
    """The owner first, then members by when they came. Of members only the owner sees others."""
    owner = portfolio.owner
    rows = [MemberRow(None, owner.email, owner.display_name, Role.OWNER, portfolio.created_at)]
    members = PortfolioMember.objects.filter(portfolio=portfolio).select_related("user")
    if reader != owner:
        members = members.filter(user=reader)
    return rows + [row_of(member) for member in members.order_by("added_at", "id")]


def row_of(member: PortfolioMember) -> MemberRow:
    user = member.user
    return MemberRow(member.id, user.email, user.display_name, Role(member.role), member.added_at)


@transaction.atomic
def add_member(
    *, portfolio_id: UUID, owner: User, email: str, role: str, added_at: datetime
) -> PortfolioMember:
    """Share a portfolio with an existing user. In the same role again, nothing changes.

    Raises:
        PortfolioNotFound: the owner has no such portfolio.
        RoleMissing: it is shared with him, and not his.
        MemberRefused: no such user or role, or there are as many members as may be.
    """
    portfolio = lock_portfolio(portfolio_id, owner)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True, is_demo=False).first()
    problems = [*find_role_problems(role), *find_user_problems(portfolio, user, email)]
    if problems or user is None:
        raise MemberRefused(problems)
    member = PortfolioMember.objects.filter(portfolio=portfolio, user=user).first()
    if member is not None:
        if member.role != role:
            message = f"{user.email} is {member.role} already; change the role instead."
            raise MemberRefused([Problem("email", "already_member", message)])
        return member
    allowed: int = settings.LIMITS.members_per_portfolio
    if PortfolioMember.objects.filter(portfolio=portfolio).count() >= allowed:
        message = f"There are {allowed} members, which is as many as a portfolio may have."
        raise MemberRefused([Problem("", "too_many", message)])
    member = PortfolioMember.objects.create(
        portfolio=portfolio, user=user, role=role, added_at=added_at
    )
    audit.record(
        action="member.added",
        after=facts_of(member),
        occurred_at=added_at,
        **owners_matter(member),
    )
    return member


@transaction.atomic
def change_member(
    *, portfolio_id: UUID, owner: User, member_id: UUID, role: str, changed_at: datetime
) -> PortfolioMember:
    """Give a member another role; it holds from his next request on.

    Raises:
        PortfolioNotFound, RoleMissing: see ``add_member``.
        MemberNotFound: the portfolio has no such member.
        MemberRefused: no such role.
    """
    portfolio = lock_portfolio(portfolio_id, owner)
    member = find_member(portfolio, member_id)
    if problems := find_role_problems(role):
        raise MemberRefused(problems)
    if member.role == role:
        return member
    before, member.role = facts_of(member), role
    member.save(update_fields=["role"])
    audit.record(
        action="member.changed",
        before=before,
        after=facts_of(member),
        occurred_at=changed_at,
        **owners_matter(member),
    )
    return member


@transaction.atomic
def remove_member(
    *, portfolio_id: UUID, actor: User, member_id: UUID, removed_at: datetime
) -> None:
    """Share no longer with somebody, or leave what somebody else shares.

    Raises:
        PortfolioNotFound: the actor sees no such portfolio.
        MemberNotFound: it has no such member, or none that the actor may know of: of members
            only the owner knows others.
    """
    portfolio = find_portfolio(portfolio_id, actor, Role.VIEWER)
    member = find_member(portfolio, member_id)
    if actor.id not in {portfolio.owner_id, member.user_id}:
        raise MemberNotFound(NO_MEMBER)
    note_removal(member, at=removed_at)
    member.delete()


def lock_portfolio(portfolio_id: UUID, owner: User) -> Portfolio:
    """Let two changes of who may see a portfolio wait for each other.

    Raises:
        PortfolioNotFound, RoleMissing: it is not the owner's.
    """
    portfolio = find_portfolio(portfolio_id, owner)
    Portfolio.objects.select_for_update(no_key=True).get(id=portfolio.id)
    return portfolio


def find_member(portfolio: Portfolio, member_id: UUID) -> PortfolioMember:
    """Raises:
    MemberNotFound: the portfolio has no such member.
    """
    members = PortfolioMember.objects.filter(portfolio=portfolio).select_related("user")
    found = members.filter(id=member_id).first()
    if found is None:
        raise MemberNotFound(NO_MEMBER)
    return found


def find_role_problems(role: str) -> list[Problem]:
    if role in list(GIVEN):
        return []
    message = f"role was {role[:40]!r}, must be one of {', '.join(GIVEN)}"
    return [Problem("role", "unknown", message)]


def find_user_problems(portfolio: Portfolio, user: User | None, email: str) -> list[Problem]:
    if portfolio.owner.is_demo:
        message = "A demo is gone tomorrow; sign up to share a portfolio."
        return [Problem("", "demo", message)]
    if user is None:
        message = f"Nobody has an account with the address {email.strip()[:80]!r}."
        return [Problem("email", "unknown", message)]
    if user.id == portfolio.owner_id:
        return [Problem("email", "own", "It is yours already.")]
    return []


def owners_matter(member: PortfolioMember) -> dict[str, Any]:
    """Whose event it is, and about what: the owner's, under the portfolio."""
    return {
        "owner_id": member.portfolio.owner_id,
        "target": "portfolio",
        "target_id": str(member.portfolio_id),
    }


def facts_of(member: PortfolioMember) -> dict[str, Any]:
    return {"member_id": member.id, "email": member.user.email, "role": member.role}


def note_removal(member: PortfolioMember, *, at: datetime) -> None:
    audit.record(
        action="member.removed", before=facts_of(member), occurred_at=at, **owners_matter(member)
    )


@receiver(account_closing, dispatch_uid="portfolio.leave_all_of")
def leave_all_of(*, user: User, at: datetime, **_: Any) -> None:
    """Somebody whose account is closed is a member of nothing."""
    members = PortfolioMember.objects.filter(user=user).select_related("user", "portfolio")
    for member in members.order_by("id"):
        note_removal(member, at=at)
        member.delete()
