"""Links by which whoever has one sees a portfolio in percent, until they end.

The token has 256 random bits, so one SHA-256 of it is as hard to turn back as it is to guess.
It is told once, to the owner, and kept nowhere.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import NotFound, Problem, ProblemsError
from accounts.models import User
from portfolio.errors import PortfolioError
from portfolio.models import Portfolio, ShareLink
from portfolio.portfolios import find_portfolio
from portfolio.sharing.members import lock_portfolio

LABEL_LENGTH: Final = 80
TOKEN_BYTES: Final = 32
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class ShareLinkNotFound(PortfolioError, NotFound):
    """There is no such link, or it opens nothing any more."""

    code = "share_link_not_found"


class ShareLinkRefused(PortfolioError, ProblemsError):
    """No link is made; ``problems`` says why."""

    code = "share_link_refused"


@transaction.atomic
def create_share_link(
    *,
    portfolio_id: UUID,
    owner: User,
    label: str,
    expires_at: datetime | None,
    created_at: datetime,
) -> tuple[ShareLink, str]:
    """Make a link and return it with its token, which is kept nowhere else.

    Args:
        label: what visitors read in place of the portfolio's name.
        expires_at: None for a link that works until it is revoked.

    Raises:
        PortfolioNotFound, RoleMissing: it is not the owner's portfolio.
        ShareLinkRefused: the label or the end will not do, or there are as many as may be.
    """
    portfolio = lock_portfolio(portfolio_id, owner)
    problems = [*find_label_problems(label), *find_end_problems(expires_at, at=created_at)]
    allowed: int = settings.LIMITS.share_links_per_portfolio
    if ShareLink.objects.filter(portfolio=portfolio).live(created_at).count() >= allowed:
        message = f"There are {allowed} live links; revoke one first."
        problems.append(Problem("", "too_many", message))
    if problems:
        raise ShareLinkRefused(problems)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = ShareLink.objects.create(
        portfolio=portfolio,
        label=label.strip(),
        digest=digest_of(token),
        created_at=created_at,
        expires_at=expires_at,
    )
    audit.record(
        action="share_link.created",
        owner_id=owner.id,
        target="portfolio",
        target_id=str(portfolio.id),
        after={"share_link_id": link.id, "label": link.label, "expires_at": expires_at},
        occurred_at=created_at,
    )
    return link, token


@transaction.atomic
def revoke_share_link(
    *, portfolio_id: UUID, owner: User, link_id: UUID, revoked_at: datetime
) -> ShareLink:
    """Let a link open nothing from now on. Repeating it is harmless.

    Raises:
        PortfolioNotFound, RoleMissing: it is not the owner's portfolio.
        ShareLinkNotFound: the portfolio has no such link.
    """
    portfolio = find_portfolio(portfolio_id, owner)
    links = ShareLink.objects.select_for_update().filter(portfolio=portfolio)
    link = links.filter(id=link_id).first()
    if link is None:
        raise ShareLinkNotFound("There is no such link.")
    if link.revoked_at is None:
        link.revoked_at = revoked_at
        link.save(update_fields=["revoked_at"])
        audit.record(
            action="share_link.revoked",
            owner_id=owner.id,
            target="portfolio",
            target_id=str(portfolio.id),
            before={"share_link_id": link.id, "label": link.label, "revoked_at": None},
            after={"share_link_id": link.id, "label": link.label, "revoked_at": revoked_at},
            occurred_at=revoked_at,
        )
    return link


def open_share_link(token: str, *, at: datetime) -> ShareLink:
    """The live link of a token, with its portfolio.

    Raises:
        ShareLinkNotFound: never made, expired or revoked; which of them is not told.
    """
    found = None
    if TOKEN.fullmatch(token):
        links = ShareLink.objects.live(at).select_related("portfolio")
        found = links.filter(digest=digest_of(token)).first()
    if found is None:
        raise ShareLinkNotFound("This link opens nothing, or nothing any more.")
    return found


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def find_label_problems(label: str) -> list[Problem]:
    label = label.strip()
    if not label:
        return [Problem("label", "required", "Say what visitors are to read at the top.")]
    if len(label) > LABEL_LENGTH:
        message = f"The label has {len(label)} characters, at most {LABEL_LENGTH} are allowed."
        return [Problem("label", "too_long", message)]
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in label):
        return [Problem("label", "invalid", "The label has control characters in it.")]
    return []


def find_end_problems(expires_at: datetime | None, *, at: datetime) -> list[Problem]:
    if expires_at is None or expires_at > at:
        return []
    return [Problem("expires_at", "in_the_past", "The link would have ended before it began.")]


def share_links_of(portfolio: Portfolio) -> list[ShareLink]:
    """Newest first; those that ended are kept to be looked at."""
    return list(ShareLink.objects.filter(portfolio=portfolio).order_by("-created_at", "-id")[:100])
