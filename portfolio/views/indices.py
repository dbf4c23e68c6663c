"""The indices that a user brings to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import Problem
from accounts.http import InvestorRequest
from accounts.policies import signed_in
from portfolio.errors import PortfolioError
from portfolio.indices import own_indices
from portfolio.indices.forms import ClosesForm, IndexForm
from portfolio.indices.index_files import RefusedRow
from portfolio.indices.own_indices import IndexNotFound, IndexRefused, TakenIn


@signed_in
@require_http_methods(["GET", "POST"])
def indices(request: InvestorRequest) -> HttpResponse:
    """List the user's indices; a post takes in another."""
    if request.method != "POST":
        return shown(request, IndexForm())
    form = IndexForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            taken = own_indices.add_index(
                owner=request.user, added_at=timezone.now(), **form.facts()
            )
        except PortfolioError as error:
            form.add_problems(problems_of(error))
        else:
            return after(request, taken)
    return shown(request, form, status=422)


@signed_in
@require_POST
def add_closes(request: InvestorRequest, index_id: UUID) -> HttpResponse:
    """Take in another file of an index."""
    form = ClosesForm(request.POST, request.FILES)
    try:
        own_indices.find_index(request.user, index_id)
    except IndexNotFound as error:
        raise Http404 from error
    if form.is_valid():
        try:
            taken = own_indices.add_closes(
                owner=request.user, index_id=index_id, added_at=timezone.now(), **form.facts()
            )
        except PortfolioError as error:
            form.add_problems(problems_of(error))
        else:
            return after(request, taken)
    for message in (text for found in form.errors.values() for text in found):
        messages.error(request, str(message))
    return redirect("portfolio:indices")


@signed_in
@require_POST
def remove(request: InvestorRequest, index_id: UUID) -> HttpResponse:
    try:
        own_indices.remove_index(owner=request.user, index_id=index_id, removed_at=timezone.now())
    except IndexNotFound as error:
        raise Http404 from error
    messages.success(request, "The index is forgotten.")
    return redirect("portfolio:indices")


def problems_of(error: PortfolioError) -> Sequence[Problem]:
    if isinstance(error, IndexRefused):
        return [
            one if one.field == "name" else Problem("", one.code, words_of(one))
            for one in error.problems
        ]
    return [Problem("", error.code, str(error))]


def words_of(problem: Problem) -> str:
    is_of_line = problem.field.startswith("line")
    return f"{problem.field}: {problem.message}" if is_of_line else problem.message


def after(request: InvestorRequest, taken: TakenIn) -> HttpResponse:
    """Say what became of the file; lines that were not taken are named."""
    messages.success(
        request, f"{taken.overview.index.name} has {taken.overview.closes} closes now."
    )
    if not taken.refused:
        return redirect("portfolio:indices")
    return shown(request, IndexForm(), refused=taken.refused)


def shown(
    request: InvestorRequest,
    form: IndexForm,
    *,
    refused: Sequence[RefusedRow] = (),
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "indices": own_indices.indices_of(request.user),
        "refused": refused,
    }
    return TemplateResponse(request, "portfolio/indices.html", context, status=status)
