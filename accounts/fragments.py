"""One address for a page and for its parts: which part is decided here, never by the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers

from accounts.http import InvestorRequest

P = ParamSpec("P")
R = TypeVar("R", bound=InvestorRequest)


def for_htmx(
    fragments: Mapping[str, str],
) -> Callable[
    [Callable[Concatenate[R, P], HttpResponse]], Callable[Concatenate[R, P], HttpResponse]
]:
    """Answer an HTMX request with the fragment of its target element.

    Args:
        fragments: template name by the id of the element that asks. Any other request gets the
            page that the view named.
    """

    def decorate(
        view: Callable[Concatenate[R, P], HttpResponse],
    ) -> Callable[Concatenate[R, P], HttpResponse]:
        @wraps(view)
        def answer(request: R, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            response = view(request, *args, **kwargs)
            fragment = fragments.get(request.htmx.target or "") if request.htmx else None
            if fragment and isinstance(response, TemplateResponse):
                response.template_name = fragment
            patch_vary_headers(response, ("HX-Request", "HX-Target"))
            return response

        return answer

    return decorate
