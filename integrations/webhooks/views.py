"""The pages of a user's webhooks. A new address gets everything that happens to his portfolios,
so whoever adds one or takes a secret is asked first whether it is he.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.fragments import for_htmx
from accounts.page_lists import read_page
from accounts.policies import signed_in
from integrations.models import Webhook, WebhookDelivery
from integrations.webhooks import own_webhooks
from integrations.webhooks.forms import ChangedWebhookForm, WebhookForm
from integrations.webhooks.own_webhooks import WebhookDisabled, WebhookRefused

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.http import InvestorRequest


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def webhooks_page(request: InvestorRequest) -> HttpResponse:
    """List the user's webhooks; a post adds one and shows its secret this once."""
    form = WebhookForm(request.POST or None)
    secret = None
    if request.method == "POST" and form.is_valid():
        try:
            _, secret = own_webhooks.add_webhook(
                owner=request.user, terms=form.terms(), added_at=timezone.now()
            )
        except WebhookRefused as error:
            form.add_problems(error.problems)
        else:
            form = WebhookForm()
    found = Webhook.objects.for_user(request.user).order_by("-created_at", "-id")
    context = {"form": form, "secret": secret, "found": found}
    status = 422 if form.errors else 201 if secret else 200
    return TemplateResponse(request, "integrations/webhooks.html", context, status=status)


@signed_in
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@for_htmx({"deliveries": "integrations/_deliveries.html"})
def webhook_page(request: InvestorRequest, webhook_id: UUID) -> HttpResponse:
    """One webhook: its terms, to be changed, and what was sent to it."""
    webhook = get_object_or_404(Webhook.objects.for_user(request.user), id=webhook_id)
    form = ChangedWebhookForm(request.POST or None, initial=initial_of(webhook))
    if request.method == "POST" and form.is_valid():
        try:
            own_webhooks.change_webhook(
                owner=request.user,
                webhook_id=webhook.id,
                terms=form.terms(),
                is_enabled=form.cleaned_data["is_enabled"],
                changed_at=timezone.now(),
            )
        except WebhookRefused as error:
            form.add_problems(error.problems)
        else:
            messages.success(request, "The webhook is changed.")
            return redirect("integrations:webhook", webhook_id=webhook.id)
    return shown(request, webhook, form)


def initial_of(webhook: Webhook) -> dict[str, object]:
    names = ("url", "description", "kinds", "is_enabled")
    return {name: getattr(webhook, name) for name in names}


def shown(
    request: InvestorRequest, webhook: Webhook, form: ChangedWebhookForm, *, secret: str = ""
) -> HttpResponse:
    page, older = read_page(
        request,
        webhook.deliveries.all(),
        name="deliveries",
        filters={"webhook_id": webhook.id},
        order=["-created_at", "-id"],
    )
    context = {
        "webhook": webhook,
        "form": form,
        "secret": secret,
        "found": page.items,
        "older_href": older,
        "now": timezone.now(),
    }
    status = 422 if form.errors else 200
    return TemplateResponse(request, "integrations/webhook.html", context, status=status)


@signed_in
@never_cache
@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def rotate(request: InvestorRequest, webhook_id: UUID) -> HttpResponse:
    """Make a new secret and show it this once."""
    found = get_object_or_404(Webhook.objects.for_user(request.user), id=webhook_id)
    webhook, secret = own_webhooks.rotate_secret(
        owner=request.user, webhook_id=found.id, rotated_at=timezone.now()
    )
    form = ChangedWebhookForm(initial=initial_of(webhook))
    return shown(request, webhook, form, secret=secret)


@signed_in
@require_POST
def test(request: InvestorRequest, webhook_id: UUID) -> HttpResponse:
    webhook = get_object_or_404(Webhook.objects.for_user(request.user), id=webhook_id)
    try:
        own_webhooks.send_test(owner=request.user, webhook_id=webhook.id, sent_at=timezone.now())
    except WebhookDisabled as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "A test is on its way; it stands in the list below.")
    return redirect("integrations:webhook", webhook_id=webhook.id)


@signed_in
@require_POST
def delete(request: InvestorRequest, webhook_id: UUID) -> HttpResponse:
    webhook = get_object_or_404(Webhook.objects.for_user(request.user), id=webhook_id)
    own_webhooks.delete_webhook(
        owner=request.user, webhook_id=webhook.id, deleted_at=timezone.now()
    )
    messages.success(request, "The webhook is deleted.")
    return redirect("integrations:webhooks")


@signed_in
@require_POST
def replay(request: InvestorRequest, delivery_id: UUID) -> HttpResponse:
    rows = WebhookDelivery.objects.for_user(request.user)
    delivery = get_object_or_404(rows, id=delivery_id)
    try:
        own_webhooks.replay(owner=request.user, delivery_id=delivery.id, at=timezone.now())
    except WebhookDisabled as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is sent again.")
    return redirect("integrations:webhook", webhook_id=delivery.webhook_id)
