"""What is on its way out, as staff may look at it. Nothing here can be changed."""

from __future__ import annotations

from django.contrib import admin

from integrations.models import Notification, NotificationMail, OutboxEvent
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


@admin.register(NotificationMail)
class NotificationMailAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "owner", "subject", "attempts", "done_at", "given_up_at")
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")
