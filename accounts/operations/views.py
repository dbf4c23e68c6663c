"""Pages on which staff manages users and reads everybody's audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import auth, users
from accounts.audit_events import ORDER, matching, offered_actions
from accounts.errors import AccountsError, HoldfastError
from accounts.fragments import for_htmx
from accounts.models import AuditEvent, User
from accounts.operations.forms import (
    AllAuditSearchForm,
    NewUserForm,
    UserForm,
    UserSearchForm,
)
from accounts.page_lists import read_page
from accounts.policies import staff_only
from accounts.problem_forms import ProblemForm

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@staff_only
@require_GET
@for_htmx({"users": "operations/_users.html"})
def users_page(request: InvestorRequest) -> HttpResponse:
    form = UserSearchForm(request.GET)
    filters = form.filters()
    page, older = read_page(
        request,
        User.objects.matching(**filters),
        name="users",
        filters=filters,
        order=["-joined_at", "-id"],
    )
    context = {"form": form, "found": page.items, "older_href": older}
    return TemplateResponse(request, "operations/users.html", context)


@staff_only
@require_http_methods(["GET", "POST"])
def new_user(request: InvestorRequest) -> HttpResponse:
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            user = users.create_user(
                email=given["email"],
                password=given["password"] or None,
                display_name=given["display_name"],
                tier=given["tier"],
                is_staff=given["is_staff"] or None,
                by=request.user,
                created_at=timezone.now(),
            )
        except HoldfastError as error:
            form.add_refusal(error)
        else:
            messages.success(request, f"{user.email} may sign in.")
            return redirect("accounts:operations_user", user.id)
    status = 422 if form.errors else 200
    return TemplateResponse(request, "operations/new_user.html", {"form": form}, status=status)


@staff_only
@require_http_methods(["GET", "POST"])
def user_page(request: InvestorRequest, user_id: UUID) -> HttpResponse:
    shown = get_object_or_404(User, id=user_id)
    form: ProblemForm = UserForm(request.POST) if request.method == "POST" else UserForm.of(shown)
    if request.method == "POST" and form.is_valid():
        try:
            users.change_user(
                user_id=shown.id,
                changes=form.cleaned_data,
                by=request.user,
                changed_at=timezone.now(),
            )
        except HoldfastError as error:
            form.add_refusal(error)
        else:
            auth.memory.forget()
            messages.success(request, "Saved.")
            return redirect("accounts:operations_user", shown.id)
    newest = AuditEvent.objects.for_user(shown).select_related("actor").order_by(*ORDER)[:10]
    context = {"form": form, "shown": shown, "events": newest, "for_staff": True}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "operations/user.html", context, status=status)


@staff_only
@require_POST
def sign_user_out(request: InvestorRequest, user_id: UUID) -> HttpResponse:
    shown = get_object_or_404(User, id=user_id)
    try:
        users.sign_out_everywhere(user_id=shown.id, by=request.user, at=timezone.now())
    except AccountsError as error:
        messages.error(request, str(error))
    else:
        auth.memory.forget()
        messages.success(request, f"{shown.email} is signed out and his keys are revoked.")
    return redirect("accounts:operations_user", shown.id)


@staff_only
@require_GET
@for_htmx({"events": "accounts/_audit_table.html"})
def audit_page(request: InvestorRequest) -> HttpResponse:
    form = AllAuditSearchForm(request.GET)
    filters = form.filters()
    owner = form.cleaned_data.get("owner") if form.is_valid() else None
    events = AuditEvent.objects.select_related("owner", "actor")
    if owner:
        # By id: an address may change, and events stay where they are.
        events = events.filter(owner__in=User.objects.filter(email__iexact=owner))
    page, older = read_page(
        request,
        matching(events, **filters),
        name="all-events",
        filters={**filters, "owner": owner},
        order=ORDER,
    )
    context = {
        "form": form,
        "events": page.items,
        "older_href": older,
        "actions": offered_actions(AuditEvent.objects.all()),
        "for_staff": True,
    }
    return TemplateResponse(request, "operations/audit.html", context)
