"""The pages of a user's connections to brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import HoldfastError
from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import signed_in
from integrations.brokers.adapters import catalogue
from integrations.connections import deleting, own_connections, syncing
from integrations.connections.arming import standing_arming
from integrations.connections.forms import (
    ChangeForm,
    ConnectionForm,
    CredentialsForm,
    SymbolsForm,
    UnlockForm,
)
from integrations.models import BrokerRow, Connection
from integrations.models.connections import BrokerRowStatus, SyncKind, SyncStatus
from integrations.vault import credentials as vault
from portfolio.models import Portfolio, PortfolioKind

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest

ROWS_SHOWN: Final = 50
WORDS_ASKED: Final = 20
UNNAMED: Final = frozenset({"unknown_symbol", "ambiguous_symbol"})


@signed_in
@require_GET
def connections_page(request: InvestorRequest) -> HttpResponse:
    """What is connected, and what could be."""
    found = Connection.objects.for_user(request.user).select_related("portfolio")
    context = {
        "found": found.order_by("-created_at", "-id"),
        "brokers": catalogue().values(),
        "titles": {name: adapter.title for name, adapter in catalogue().items()},
    }
    return TemplateResponse(request, "integrations/connections.html", context)


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def new_connection(request: InvestorRequest) -> HttpResponse:
    """Connect the broker that the query names, and have it verified at once."""
    adapter = catalogue().get(request.GET.get("broker", ""))
    if adapter is None:
        # One is chosen in the catalogue.
        return redirect("integrations:connections")
    form = ConnectionForm(request.POST or None, adapter=adapter, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            made = own_connections.add_connection(
                owner=request.user, terms=form.to_terms(), added_at=timezone.now()
            )
            if word := form.cleaned_data["master_password"]:
                _unlock(request, made.id, word)
        except HoldfastError as error:
            form.add_refusal(error)
        else:
            _request(request, made.id, SyncKind.VERIFICATION)
            return redirect("integrations:connection", made.id)
    tracked = Portfolio.objects.for_user(request.user).filter(kind=PortfolioKind.TRACKED)
    context = {"form": form, "adapter": adapter, "has_portfolio": tracked.exists()}
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/new_connection.html", context, status=status)


@signed_in
@never_cache
@require_GET
@for_htmx({"connection": "integrations/_connection.html"})
def connection_page(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    return shown(request, find(request, connection_id))


def find(request: InvestorRequest, connection_id: UUID) -> Connection:
    rows = Connection.objects.for_user(request.user).select_related("portfolio")
    return get_object_or_404(rows, id=connection_id)


def shown(request: InvestorRequest, connection: Connection, **forms: Any) -> HttpResponse:
    """The page of one; ``forms`` are those that were refused."""
    adapter = catalogue()[connection.broker]
    # First, because nobody looks again where there is none: what has ended must be shown as such.
    working = connection.syncs.working().first()
    if working is None:
        connection = find(request, connection.id)
    page, older = read_page(
        request,
        connection.syncs.all(),
        name="syncs",
        filters={"connection_id": connection.id},
        order=["-requested_at", "-id"],
    )
    completed = connection.syncs.filter(kind=SyncKind.SYNC, status=SyncStatus.COMPLETED)
    problems = waiting(connection)
    context = {
        "connection": connection,
        "adapter": adapter,
        "arming": standing_arming(connection),
        "working": working,
        "latest": completed.order_by("-requested_at", "-id").first(),
        "found": page.items,
        "older_href": older,
        "waiting": problems[:ROWS_SHOWN],
        "is_locked": vault.is_locked(own_connections.credential_of(connection)),
        "unlock_form": UnlockForm(),
        "sign_in_form": CredentialsForm(adapter=adapter),
        "change_form": ChangeForm(initial=initial_of(connection)),
        "symbols_form": SymbolsForm(words=words_of(problems)),
    } | forms
    status = 422 if forms else 200
    return TemplateResponse(request, "integrations/connection.html", context, status=status)


def waiting(connection: Connection) -> list[BrokerRow]:
    rows = connection.rows.filter(status=BrokerRowStatus.PROBLEM)
    return list(rows.order_by("occurred_at", "id")[: 10 * ROWS_SHOWN])


def words_of(rows: list[BrokerRow]) -> list[str]:
    """What the broker calls instruments that nobody knows here, each once."""
    words = [
        row.symbol or row.isin or row.instrument_name
        for row in rows
        if any(one["code"] in UNNAMED for one in row.problems)
    ]
    return list(dict.fromkeys(word for word in words if word))[:WORDS_ASKED]


def initial_of(connection: Connection) -> dict[str, object]:
    names = ("name", "is_scheduled", "is_enabled")
    return {name: getattr(connection, name) for name in names}


@signed_in
@require_POST
def verify(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    return _requested(request, connection_id, SyncKind.VERIFICATION)


@signed_in
@require_POST
def sync(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    return _requested(request, connection_id, SyncKind.SYNC)


def _requested(request: InvestorRequest, connection_id: UUID, kind: SyncKind) -> HttpResponse:
    connection = find(request, connection_id)
    try:
        _request(request, connection.id, kind)
    except HoldfastError as error:
        messages.error(request, str(error))
    return redirect("integrations:connection", connection.id)


def _request(request: InvestorRequest, connection_id: UUID, kind: SyncKind) -> None:
    syncing.request_sync(
        owner=request.user,
        connection_id=connection_id,
        kind=kind,
        requested_at=timezone.now(),
    )


def _unlock(request: InvestorRequest, connection_id: UUID, word: str) -> None:
    own_connections.unlock(
        owner=request.user,
        connection_id=connection_id,
        master_password=word,
        unlocked_at=timezone.now(),
    )


@signed_in
@never_cache
@require_POST
def sign_in(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    """New credentials in place of the former, verified at once."""
    connection = find(request, connection_id)
    form = CredentialsForm(request.POST, adapter=catalogue()[connection.broker])
    if not _changed(request, connection, form):
        return shown(request, connection, sign_in_form=form)
    if word := form.cleaned_data["master_password"]:
        _unlock(request, connection.id, word)
    return _requested(request, connection.id, SyncKind.VERIFICATION)


@signed_in
@require_POST
def change(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    connection = find(request, connection_id)
    form = ChangeForm(request.POST)
    if not _changed(request, connection, form):
        return shown(request, connection, change_form=form)
    messages.success(request, "The connection is changed.")
    return redirect("integrations:connection", connection.id)


@signed_in
@require_POST
def choose(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    """Instruments for the broker's words; what waited for them is booked by a sync."""
    connection = find(request, connection_id)
    form = SymbolsForm(request.POST, words=words_of(waiting(connection)))
    if not _changed(request, connection, form):
        return shown(request, connection, symbols_form=form)
    return _requested(request, connection.id, SyncKind.SYNC)


def _changed(
    request: InvestorRequest,
    connection: Connection,
    form: CredentialsForm | ChangeForm | SymbolsForm,
) -> bool:
    """Whether what the form says was done; else the form says why not."""
    if not form.is_valid():
        return False
    try:
        own_connections.change_connection(
            owner=request.user,
            connection_id=connection.id,
            change=form.to_change(),
            changed_at=timezone.now(),
        )
    except HoldfastError as error:
        form.add_refusal(error)
    return form.is_valid()


@signed_in
@never_cache
@require_POST
def unlock(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    connection = find(request, connection_id)
    form = UnlockForm(request.POST)
    if form.is_valid():
        try:
            _unlock(request, connection.id, form.cleaned_data["master_password"])
        except HoldfastError as error:
            form.add_error("master_password", str(error))
        else:
            return _requested(request, connection.id, SyncKind.SYNC)
    return shown(request, connection, unlock_form=form)


@signed_in
@require_POST
def delete(request: InvestorRequest, connection_id: UUID) -> HttpResponse:
    connection = find(request, connection_id)
    try:
        deleting.delete_connection(
            owner=request.user,
            connection_id=connection.id,
            with_activities="with_activities" in request.POST,
            deleted_at=timezone.now(),
        )
    except HoldfastError as error:
        messages.error(request, str(error))
        return redirect("integrations:connection", connection.id)
    messages.success(request, f"{connection.name} is deleted.")
    return redirect("integrations:connections")
