"""Pages of sharing: a portfolio's members and links, an overview of all, and what a link opens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import ProblemsError
from accounts.http import InvestorRequest
from accounts.policies import for_role, owners_only, public, signed_in
from accounts.roles import Role
from portfolio.models import Portfolio, PortfolioMember
from portfolio.sharing import members, share_links
from portfolio.sharing.forms import MemberForm, ShareLinkForm
from portfolio.sharing.members import MemberNotFound
from portfolio.sharing.percentages import shared_portfolio
from portfolio.sharing.share_links import ShareLinkNotFound
from portfolio.views.portfolios import find_portfolio, tab_context


@signed_in
@never_cache
@require_GET
def sharing(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Who sees the portfolio; its owner shares it here, and a member leaves it."""
    return shown(request, find_portfolio(request, portfolio_id))


def shown(
    request: InvestorRequest,
    portfolio: Portfolio,
    *,
    member_form: MemberForm | None = None,
    link_form: ShareLinkForm | None = None,
    address: str = "",
) -> HttpResponse:
    """``address`` is that of a link just made, shown this once."""
    context = tab_context(portfolio, "sharing")
    links = share_links.share_links_of(portfolio) if context["is_own"] else []
    now = timezone.now()
    context |= {
        "members": members.member_rows(portfolio, reader=request.user),
        "reader": request.user,
        "links": links,
        "live_ids": {link.id for link in links if link.is_live(now)},
        "member_form": member_form or MemberForm(),
        "link_form": link_form or ShareLinkForm(),
        "address": address,
    }
    has_errors = any(form is not None and form.errors for form in (member_form, link_form))
    status = 422 if has_errors else 201 if address else 200
    return TemplateResponse(request, "portfolio/sharing.html", context, status=status)


@signed_in
@owners_only
@require_POST
def add_member(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio, form = find_portfolio(request, portfolio_id), MemberForm(request.POST)
    if form.is_valid():
        try:
            members.add_member(
                portfolio_id=portfolio.id,
                owner=request.user,
                added_at=timezone.now(),
                **form.cleaned_data,
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        else:
            messages.success(request, f"Shared with {form.cleaned_data['email']}.")
            return redirect("portfolio:sharing", portfolio.id)
    return shown(request, portfolio, member_form=form)


@signed_in
@owners_only
@require_POST
def change_member(request: InvestorRequest, portfolio_id: UUID, member_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    try:
        members.change_member(
            portfolio_id=portfolio.id,
            owner=request.user,
            member_id=member_id,
            role=request.POST.get("role", ""),
            changed_at=timezone.now(),
        )
    except MemberNotFound as error:
        raise Http404 from error
    except ProblemsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The role is changed.")
    return redirect("portfolio:sharing", portfolio.id)


@signed_in
@for_role(Role.VIEWER)
@require_POST
def remove_member(request: InvestorRequest, portfolio_id: UUID, member_id: UUID) -> HttpResponse:
    """Share no longer with a member; a member himself leaves."""
    portfolio = find_portfolio(request, portfolio_id)
    try:
        members.remove_member(
            portfolio_id=portfolio.id,
            actor=request.user,
            member_id=member_id,
            removed_at=timezone.now(),
        )
    except MemberNotFound as error:
        raise Http404 from error
    if portfolio.owner_id != request.user.id:
        messages.success(request, f"{portfolio.name} is no longer shared with you.")
        return redirect("portfolio:list")
    messages.success(request, "It is shared with that member no longer.")
    return redirect("portfolio:sharing", portfolio.id)


@signed_in
@owners_only
@never_cache
@require_POST
def create_link(request: InvestorRequest, portfolio_id: UUID) -> HttpResponse:
    """Make a link and show its address this once."""
    portfolio, form = find_portfolio(request, portfolio_id), ShareLinkForm(request.POST)
    now = timezone.now()
    if form.is_valid():
        try:
            _, token = share_links.create_share_link(
                portfolio_id=portfolio.id,
                owner=request.user,
                label=form.cleaned_data["label"],
                expires_at=form.expires_at(now),
                created_at=now,
            )
        except ProblemsError as error:
            form.add_problems(error.problems)
        else:
            address = request.build_absolute_uri(reverse("portfolio:shared", args=[token]))
            return shown(request, portfolio, address=address)
    return shown(request, portfolio, link_form=form)


@signed_in
@owners_only
@require_POST
def revoke_link(request: InvestorRequest, portfolio_id: UUID, link_id: UUID) -> HttpResponse:
    portfolio = find_portfolio(request, portfolio_id)
    try:
        share_links.revoke_share_link(
            portfolio_id=portfolio.id,
            owner=request.user,
            link_id=link_id,
            revoked_at=timezone.now(),
        )
    except ShareLinkNotFound as error:
        raise Http404 from error
    messages.success(request, "The link opens nothing any more.")
    return redirect("portfolio:sharing", portfolio.id)


@signed_in
@require_GET
def overview(request: InvestorRequest) -> HttpResponse:
    """Settings: with whom each portfolio is shared, and what others share with the reader."""
    now = timezone.now()
    is_live = Q(share_links__revoked_at=None) & (
        Q(share_links__expires_at=None) | Q(share_links__expires_at__gt=now)
    )
    own = Portfolio.objects.for_user(request.user).annotate(
        member_count=Count("members", distinct=True),
        link_count=Count("share_links", filter=is_live, distinct=True),
    )
    shared = PortfolioMember.objects.filter(user=request.user, portfolio__archived_at=None)
    context: dict[str, Any] = {
        "own": own.order_by("created_at", "id"),
        "shared": shared.select_related("portfolio__owner").order_by("added_at", "id"),
    }
    return TemplateResponse(request, "portfolio/sharing_overview.html", context)


@public
@never_cache
@require_GET
def shared(request: HttpRequest, share_token: str) -> HttpResponse:
    """What a link opens: percentages, and nothing that tells an amount."""
    now = timezone.now()
    try:
        link = share_links.open_share_link(share_token, at=now)
    except ShareLinkNotFound as error:
        raise Http404 from error
    context = {"label": link.label, "found": shared_portfolio(link.portfolio, at=now)}
    response = TemplateResponse(request, "portfolio/shared.html", context)
    # The address is the key: no search engine keeps it, and no link tells it on.
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
