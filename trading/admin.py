"""What operators may look at. Nothing here is changed by hand: orders and fills are history."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from trading.models import (
    CommissionTerms,
    Fill,
    Order,
    OrderCommand,
    OrderEntryStop,
    Settlement,
    SplitRestatement,
    TradingHalt,
)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """A model that the admin shows and does not change."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        del request, obj
        return False


@admin.register(Order)
class OrderAdmin(ReadOnly):
    list_display = ("id", "instrument", "side", "type", "quantity", "status", "submitted_at")
    list_filter = ("status", "side", "type", "time_in_force")
    list_select_related = ("instrument",)
    search_fields = ("=id", "=client_order_id")
    ordering = ("-submitted_at", "-id")


@admin.register(Fill)
class FillAdmin(ReadOnly):
    list_display = ("id", "instrument", "side", "quantity", "price", "counterparty", "executed_at")
    list_filter = ("side", "counterparty")
    list_select_related = ("instrument",)
    search_fields = ("=id", "=order__id", "=match_id")
    ordering = ("-executed_at", "-id")


@admin.register(OrderCommand)
class OrderCommandAdmin(ReadOnly):
    list_display = ("id", "kind", "order", "shard", "sequence", "created_at", "done_at")
    list_filter = ("kind",)
    search_fields = ("=order__id",)
    ordering = ("-id",)


@admin.register(SplitRestatement)
class SplitRestatementAdmin(ReadOnly):
    list_display = ("id", "order", "ratio_to", "ratio_from", "ex_date", "restated_at")
    search_fields = ("=order__id",)
    ordering = ("-id",)


@admin.register(Settlement)
class SettlementAdmin(ReadOnly):
    list_display = ("id", "portfolio", "due_date", "settled_at")
    list_select_related = ("portfolio",)
    date_hierarchy = "due_date"
    ordering = ("-due_date", "-id")


@admin.register(OrderEntryStop)
class OrderEntryStopAdmin(ReadOnly):
    list_display = ("stopped_at", "reopened_at", "reason")
    ordering = ("-stopped_at", "-id")


@admin.register(TradingHalt)
class TradingHaltAdmin(ReadOnly):
    """Begun and ended on the page Halts under Operations."""

    list_display = ("instrument", "reason", "halted_at", "resumed_at")
    list_filter = (("resumed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("instrument",)
    search_fields = ("=instrument__symbol",)
    ordering = ("-halted_at", "-id")


@admin.register(CommissionTerms)
class CommissionTermsAdmin(ReadOnly):
    """Set by whoever owns the portfolio."""

    list_display = ("portfolio", "schedule", "changed_at")
    list_select_related = ("portfolio",)
    ordering = ("-changed_at", "portfolio_id")
