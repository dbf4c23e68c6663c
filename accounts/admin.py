"""Users and keys for staff. Secrets are not here, and nothing made elsewhere is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import ApiKey, User

if TYPE_CHECKING:
    UserAdminBase = admin.ModelAdmin[User]
    ApiKeyAdminBase = admin.ModelAdmin[ApiKey]
else:
    UserAdminBase = ApiKeyAdminBase = admin.ModelAdmin


@admin.register(User)
class UserAdmin(UserAdminBase):
    list_display = ("email", "tier", "is_active", "is_staff", "is_demo", "joined_at")
    list_filter = ("tier", "is_active", "is_staff", "is_demo")
    search_fields = ("email", "display_name")
    ordering = ("email", "id")
    fields = ("email", "display_name", "tier", "base_currency", "is_active", "is_staff")
    readonly_fields = ("email",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # his books stay; he is made inactive


@admin.register(ApiKey)
class ApiKeyAdmin(ApiKeyAdminBase):
    list_display = ("lookup", "name", "owner", "scopes", "latest_use_at", "revoked_at")
    search_fields = ("lookup", "owner__email")
    ordering = ("-created_at", "-id")
    list_select_related = ("owner",)
    exclude = ("secret_hash",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
