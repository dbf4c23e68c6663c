"""With whom a portfolio is shared: members in roles, and links that tell percentages."""

from operator import attrgetter
from typing import Final
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from ninja import Query, Router
from ninja.responses import Status

from accounts.auth import KeyAuth
from accounts.cursors import Listing
from accounts.http import ApiRequest
from accounts.idempotency import idempotent
from accounts.policies import anybody
from accounts.roles import Role
from accounts.schemas import PageIn
from portfolio.api.reach import find_portfolio
from portfolio.models import ShareLink
from portfolio.sharing import members, share_links
from portfolio.sharing.percentages import shared_portfolio
from portfolio.sharing.schemas import (
    MemberIn,
    MemberList,
    MemberOut,
    MemberPatch,
    NewShareLinkOut,
    SharedPortfolioOut,
    ShareLinkIn,
    ShareLinkList,
    ShareLinkOut,
)

router: Final = Router(tags=["Sharing"])
OWNERS: Final = KeyAuth("trade", role=Role.OWNER)


@router.get("/portfolios/{uuid:portfolio_id}/members", response=MemberList, auth=KeyAuth("read"))
def list_members(request: ApiRequest, portfolio_id: UUID, asked: Query[PageIn]) -> MemberList:
    """The owner and those he shares with; a member is told of the owner and of himself."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    page = Listing(request.auth, f"members {portfolio.id}", {}).part(
        members.member_rows(portfolio, reader=request.auth.user),
        key=attrgetter("place"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [MemberOut.of(row) for row in page.items]
    return MemberList(items=items, next_cursor=page.next_cursor)


@router.post("/portfolios/{uuid:portfolio_id}/members", response={201: MemberOut}, auth=OWNERS)
@idempotent(required=False)
def add_member(request: ApiRequest, portfolio_id: UUID, payload: MemberIn) -> Status[MemberOut]:
    """Share the portfolio with an existing user, who is in at once; only its owner may."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    member = members.add_member(
        portfolio_id=portfolio.id,
        owner=request.auth.user,
        email=payload.email,
        role=payload.role,
        added_at=timezone.now(),
    )
    return Status(201, MemberOut.of(members.row_of(member)))


@router.patch(
    "/portfolios/{uuid:portfolio_id}/members/{uuid:member_id}", response=MemberOut, auth=OWNERS
)
def change_member(
    request: ApiRequest, portfolio_id: UUID, member_id: UUID, payload: MemberPatch
) -> MemberOut:
    """Give a member another role."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    member = members.change_member(
        portfolio_id=portfolio.id,
        owner=request.auth.user,
        member_id=member_id,
        role=payload.role,
        changed_at=timezone.now(),
    )
    return MemberOut.of(members.row_of(member))


@router.delete(
    "/portfolios/{uuid:portfolio_id}/members/{uuid:member_id}",
    response={204: None},
    auth=KeyAuth("trade", role=Role.VIEWER),
)
def remove_member(request: ApiRequest, portfolio_id: UUID, member_id: UUID) -> Status[None]:
    """Share with somebody no longer; a member may leave by himself."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    members.remove_member(
        portfolio_id=portfolio.id,
        actor=request.auth.user,
        member_id=member_id,
        removed_at=timezone.now(),
    )
    return Status(204, None)


@router.get(
    "/portfolios/{uuid:portfolio_id}/share-links",
    response=ShareLinkList,
    auth=KeyAuth("read", role=Role.OWNER),
)
def list_share_links(
    request: ApiRequest, portfolio_id: UUID, asked: Query[PageIn]
) -> ShareLinkList:
    """Links that were made, newest first; their tokens are never told again."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    page = Listing(request.auth, f"share links {portfolio.id}", {}).page(
        ShareLink.objects.filter(portfolio=portfolio),
        order=("-created_at", "-id"),
        limit=asked.limit,
        cursor=asked.cursor,
    )
    items = [ShareLinkOut.of(link, at=now) for link in page.items]
    return ShareLinkList(items=items, next_cursor=page.next_cursor)


@router.post(
    "/portfolios/{uuid:portfolio_id}/share-links", response={201: NewShareLinkOut}, auth=OWNERS
)
@idempotent(required=False, confidential=True)
def create_share_link(
    request: ApiRequest, portfolio_id: UUID, payload: ShareLinkIn
) -> Status[NewShareLinkOut]:
    """Make a link by which anybody sees weights and returns in percent, and no amounts."""
    portfolio, now = find_portfolio(request.auth, portfolio_id), timezone.now()
    link, token = share_links.create_share_link(
        portfolio_id=portfolio.id,
        owner=request.auth.user,
        label=payload.label,
        expires_at=payload.expires_at,
        created_at=now,
    )
    url = request.build_absolute_uri(reverse("portfolio:shared", args=[token]))
    return Status(201, NewShareLinkOut.told(link, token=token, url=url, at=now))


@router.delete(
    "/portfolios/{uuid:portfolio_id}/share-links/{uuid:link_id}",
    response={204: None},
    auth=OWNERS,
)
def revoke_share_link(request: ApiRequest, portfolio_id: UUID, link_id: UUID) -> Status[None]:
    """Let a link open nothing from now on."""
    portfolio = find_portfolio(request.auth, portfolio_id)
    share_links.revoke_share_link(
        portfolio_id=portfolio.id,
        owner=request.auth.user,
        link_id=link_id,
        revoked_at=timezone.now(),
    )
    return Status(204, None)


@router.get("/shared/{share_token}", response=SharedPortfolioOut, auth=None)
@anybody("whoever was given a share link is meant to see what it opens")
def show_shared(request: HttpRequest, share_token: str) -> SharedPortfolioOut:
    """What a share link shows: weights and returns in percent."""
    now = timezone.now()
    link = share_links.open_share_link(share_token, at=now)
    return SharedPortfolioOut.of(link.label, shared_portfolio(link.portfolio, at=now))
