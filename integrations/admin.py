"""What is on its way out, as staff may look at it. Nothing here can be changed."""

from __future__ import annotations

from django.contrib import admin

from integrations.models import (
    Arming,
    BrokerRow,
    Connection,
    Export,
    ExportFile,
    LiveOrder,
    LiveOrderEvent,
    Notification,
    NotificationMail,
    OutboxEvent,
    SlackMessage,
    Sync,
    Webhook,
    WebhookDelivery,
)
from portfolio.admin import ReadOnlyAdmin


@admin.register(OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "kind", "owner", "attempts", "done_at", "given_up_at")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("id", "owner__email")
    ordering = ("-recorded_at", "-id")


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "kind", "owner", "read_at")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")


@admin.register(NotificationMail, SlackMessage)
class NotificationErrandAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "subject", "attempts", "done_at", "given_up_at")
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "url", "failing_since", "disabled_at")
    list_select_related = ("owner",)
    fields = ("owner", "url", "description", "kinds", "failing_since", "disabled_because")
    ordering = ("-created_at", "-id")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "webhook_id", "kind", "attempts", "status_code", "done_at")
    list_filter = ("kind",)
    fields = ("event_id", "kind", "attempts", "status_code", "error", "due_at", "done_at")
    ordering = ("-created_at", "-id")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "broker", "name", "synced_at", "disabled_at")
    list_filter = ("broker",)
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")


@admin.register(Sync)
class SyncAdmin(ReadOnlyAdmin):
    list_display = ("requested_at", "connection", "kind", "status", "rows_read", "error_code")
    list_filter = ("status", "kind")
    list_select_related = ("connection",)
    ordering = ("-requested_at", "-id")


@admin.register(BrokerRow)
class BrokerRowAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "connection", "external_id", "status")
    list_filter = ("status",)
    list_select_related = ("connection",)
    ordering = ("-occurred_at", "-id")


@admin.register(Arming)
class ArmingAdmin(ReadOnlyAdmin):
    list_display = ("armed_at", "connection", "order_value_maximum", "orders_a_day", "disarmed_at")
    list_select_related = ("connection",)
    ordering = ("-armed_at", "-id")


@admin.register(LiveOrder)
class LiveOrderAdmin(ReadOnlyAdmin):
    list_display = ("placed_at", "connection_name", "side", "broker_symbol", "status", "changed_at")
    list_filter = ("status", "broker")
    search_fields = ("id", "broker_order_id")
    ordering = ("-placed_at", "-id")


@admin.register(LiveOrderEvent)
class LiveOrderEventAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "order_id", "kind", "status", "reason")
    ordering = ("-id",)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ("requested_at", "owner", "dataset", "start", "end", "status", "rows", "bytes")
    list_filter = ("dataset", "status")
    list_select_related = ("owner",)
    ordering = ("-requested_at", "-id")


@admin.register(ExportFile)
class ExportFileAdmin(ReadOnlyAdmin):
    list_display = ("path", "export_id", "rows", "bytes")
    ordering = ("-id",)
