"""The page on which staff sees through which proxies brokers are reached. It shows no password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.policies import staff_only
from integrations.egress import proxy_pool
from integrations.egress.proxies import choose
from integrations.models import Connection

if TYPE_CHECKING:
    from accounts.http import InvestorRequest


@staff_only
@require_http_methods(["GET", "POST"])
def proxies_page(request: InvestorRequest) -> HttpResponse:
    """Each proxy, how it is, and how many connections go through it; posting looks at them anew."""
    is_look = request.method == "POST"
    healths = proxy_pool.look_at_all(at=timezone.now()) if is_look else proxy_pool.healths()
    well = [one.proxy for one in healths if not one.error]
    carried = dict.fromkeys((one.proxy.name for one in healths), 0)
    for connection_id in Connection.objects.values_list("id", flat=True) if well else ():
        if chosen := choose(well, str(connection_id)):
            carried[chosen.name] += 1
    context = {"rows": [(one, carried[one.proxy.name]) for one in healths], "well": len(well)}
    return TemplateResponse(request, "operations/proxies.html", context)
