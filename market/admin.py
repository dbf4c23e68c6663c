"""The market in Django's admin: instruments to correct, everything that came in to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from market.admin_forms import InstrumentAdminForm
from market.instruments.instrument_master import change_instrument, list_instrument
from market.models import (
    Alert,
    AlertTrigger,
    CorporateAction,
    CorporateActionRevision,
    EuroRateRevision,
    Exchange,
    IngestionRun,
    Instrument,
    QuarantinedRow,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that only the program writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyAdmin):
    list_display = ("mic", "name", "timezone", "calendar", "country")
    ordering = ("mic",)


@admin.register(Instrument)
class InstrumentAdmin(admin.ModelAdmin[Instrument]):
    """Prices and entries are in its currency and under its symbol, so these stay as they are.

    Whatever changes goes through the operations that pages and API call.
    """

    form = InstrumentAdminForm
    change_list_template = "admin/market/instruments.html"
    list_display = ("symbol", "name", "exchange", "currency", "sector", "is_active")
    list_filter = ("exchange", "is_active", "asset_class", "sector")
    search_fields = ("symbol", "name", "isin")
    ordering = ("symbol", "id")
    actions = ("deactivate", "activate")
    fixed_fields = (
        "public_id",
        "symbol",
        "exchange",
        "currency",
        "asset_class",
        "tick_size",
        "lot_size",
    )

    def get_readonly_fields(
        self, request: HttpRequest, obj: Instrument | None = None
    ) -> tuple[str, ...]:
        return self.fixed_fields if obj else ("public_id", "is_active")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Instrument, form: Any, change: bool) -> None:
        at = timezone.now()
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            change_instrument(obj, changes=changes, changed_at=at)
            return
        made = list_instrument(**form.facts(), listed_at=at)
        obj.pk, obj.public_id = made.pk, made.public_id

    @admin.action(description="Take out of trading")
    def deactivate(self, request: HttpRequest, rows: QuerySet[Instrument]) -> None:
        self._set_active(request, rows, is_active=False)

    @admin.action(description="Let trade again")
    def activate(self, request: HttpRequest, rows: QuerySet[Instrument]) -> None:
        self._set_active(request, rows, is_active=True)

    def _set_active(
        self, request: HttpRequest, rows: QuerySet[Instrument], *, is_active: bool
    ) -> None:
        for row in rows.order_by("id"):
            change_instrument(row, changes={"is_active": is_active}, changed_at=timezone.now())
        done = "may trade again" if is_active else "out of trading"
        self.message_user(request, f"{', '.join(row.symbol for row in rows)} {done}.")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("owner", "instrument", "kind", "threshold", "status", "trigger_count")
    list_filter = ("status", "kind")
    list_select_related = ("owner", "instrument")
    ordering = ("-created_at", "-id")


@admin.register(AlertTrigger)
class AlertTriggerAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "owner", "instrument", "condition", "price")
    list_filter = ("kind",)
    list_select_related = ("owner", "instrument")
    ordering = ("-recorded_at", "-id")


@admin.register(IngestionRun)
class IngestionRunAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "provider",
        "source_name",
        "status",
        "rows_read",
        "rows_written",
        "rows_unchanged",
        "rows_refused",
    )
    list_filter = ("status", "provider")
    ordering = ("-created_at", "-id")


@admin.register(QuarantinedRow)
class QuarantinedRowAdmin(ReadOnlyAdmin):
    list_display = ("run", "line", "code", "message", "status", "judged_at")
    list_filter = ("status", "code")
    list_select_related = ("run",)
    ordering = ("-run__created_at", "line", "id")
    show_full_result_count = False


@admin.register(CorporateAction)
class CorporateActionAdmin(ReadOnlyAdmin):
    """To look at; they change on the instrument's page of dividends and splits."""

    list_display = ("instrument", "kind", "ex_date", "version", "source", "cancelled_at")
    list_filter = ("kind", "source")
    list_select_related = ("instrument",)
    search_fields = ("instrument__symbol",)
    ordering = ("-ex_date", "id")


@admin.register(CorporateActionRevision)
class CorporateActionRevisionAdmin(ReadOnlyAdmin):
    list_display = ("action", "version", "facts", "superseded_at")
    list_select_related = ("action",)
    ordering = ("-superseded_at", "-id")


@admin.register(EuroRateRevision)
class EuroRateRevisionAdmin(ReadOnlyAdmin):
    list_display = ("currency", "on_date", "version", "per_euro", "source", "superseded_at")
    list_filter = ("currency",)
    ordering = ("-superseded_at", "-id")
