"""The page that shows how a program of one's own uses the desk, with a key for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import api_keys
from accounts.api_keys import Scope
from accounts.policies import signed_in, takes_ids
from integrations.programs.forms import ProgramForm
from integrations.programs.snippets import ACCOUNT, KEY, snippets

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@signed_in
@takes_ids(portfolio_id="portfolio_id")
@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def programs_page(request: InvestorRequest) -> HttpResponse:
    """Show beginnings of programs; a post makes a key and fills it in, this once."""
    form = ProgramForm(request.POST or None, owner=request.user)
    key, account = KEY, ACCOUNT
    if request.method == "POST" and form.is_valid():
        scopes = [Scope.READ, Scope.TRADE] if form.cleaned_data["may_trade"] else [Scope.READ]
        try:
            _, key = api_keys.issue_key(
                owner=request.user,
                name=form.cleaned_data["name"],
                scopes=scopes,
                portfolio_ids=[form.portfolio()],
                created_at=timezone.now(),
            )
        except api_keys.KeyRefused as error:
            form.add_problems(error.problems)
        else:
            account = str(form.portfolio())
            form = ProgramForm(owner=request.user)
    base = f"{request.scheme}://{request.get_host()}"
    context = {
        "form": form,
        "key_text": None if key == KEY else key,
        "snippets": snippets(base=base, key=key, account=account),
    }
    status = 422 if form.errors else 201 if context["key_text"] else 200
    return TemplateResponse(request, "integrations/programs.html", context, status=status)
