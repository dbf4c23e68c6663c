"""The books as staff may look at them. Nothing here can be changed: operations do that."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from portfolio.models import (
    BooksViolation,
    Hold,
    IndexSeries,
    JournalEntry,
    JournalSeal,
    LedgerBalance,
    LedgerVerification,
    Lot,
    Portfolio,
    PortfolioMember,
    ProbeRun,
    RiskThreshold,
    ShareLink,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Portfolio)
class PortfolioAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "kind", "currency", "created_at", "archived_at")
    list_filter = ("kind", "currency")
    search_fields = ("id", "owner__email", "name")
    ordering = ("-created_at", "id")
    list_select_related = ("owner",)


@admin.register(PortfolioMember)
class PortfolioMemberAdmin(ReadOnlyAdmin):
    list_display = ("portfolio", "user", "role", "added_at")
    list_filter = ("role",)
    search_fields = ("portfolio__id", "user__email")
    ordering = ("-added_at", "id")
    list_select_related = ("portfolio", "user")


@admin.register(ShareLink)
class ShareLinkAdmin(ReadOnlyAdmin):
    list_display = ("label", "portfolio", "created_at", "expires_at", "revoked_at")
    search_fields = ("portfolio__id", "label")
    ordering = ("-created_at", "id")
    exclude = ("digest",)
    list_select_related = ("portfolio",)


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "portfolio", "instrument", "quantity", "amount")
    list_filter = ("kind",)
    search_fields = ("id", "external_id", "portfolio__id")
    ordering = ("-occurred_at", "-id")
    list_select_related = ("portfolio", "instrument")


@admin.register(LedgerBalance)
class LedgerBalanceAdmin(ReadOnlyAdmin):
    list_display = (
        *("portfolio", "currency", "instrument", "settled", "to_receive", "to_deliver", "held"),
        *("accrued", "version"),
    )
    search_fields = ("portfolio__id",)
    ordering = ("-id",)
    list_select_related = ("portfolio", "instrument")


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ("reference", "balance", "amount", "remaining", "placed_at", "released_at")
    search_fields = ("reference",)
    ordering = ("-placed_at", "id")


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "portfolio", "instrument", "quantity", "remaining_quantity")
    search_fields = ("id", "portfolio__id")
    ordering = ("-opened_at", "id")
    list_select_related = ("portfolio", "instrument")


@admin.register(BooksViolation)
class BooksViolationAdmin(ReadOnlyAdmin):
    list_display = ("found_at", "probe", "portfolio_id", "detail", "resolved_at")
    list_filter = ("probe",)
    ordering = ("-found_at", "id")


@admin.register(ProbeRun)
class ProbeRunAdmin(ReadOnlyAdmin):
    list_display = ("checked_at", "violations")
    ordering = ("-checked_at", "-id")


@admin.register(JournalSeal)
class JournalSealAdmin(ReadOnlyAdmin):
    list_display = ("number", "entries", "postings", "sealed_at")
    ordering = ("-number",)


@admin.register(LedgerVerification)
class LedgerVerificationAdmin(ReadOnlyAdmin):
    list_display = ("verified_at", "seals", "entries", "problems")
    ordering = ("-verified_at", "-id")


@admin.register(RiskThreshold)
class RiskThresholdAdmin(ReadOnlyAdmin):
    list_display = ("user", "portfolio", "rule", "maximum_pct")
    list_filter = ("rule",)
    search_fields = ("user__email", "portfolio__id")
    ordering = ("id",)
    list_select_related = ("user", "portfolio")


@admin.register(IndexSeries)
class IndexSeriesAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "created_at")
    search_fields = ("id", "owner__email", "name")
    ordering = ("-created_at", "id")
    list_select_related = ("owner",)
