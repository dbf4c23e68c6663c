"""Users, keys and events for staff. Secrets are not here; users change by accounts.users alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import auth, users
from accounts.errors import AccountsError, HoldfastError
from accounts.models import ApiKey, AuditEvent, User

if TYPE_CHECKING:
    UserAdminBase = admin.ModelAdmin[User]
    ApiKeyAdminBase = admin.ModelAdmin[ApiKey]
    AuditEventAdminBase = admin.ModelAdmin[AuditEvent]
else:
    UserAdminBase = ApiKeyAdminBase = AuditEventAdminBase = admin.ModelAdmin


class UserAdminForm(forms.ModelForm[User]):
    """Asks the operation before anything is saved, and shows what it refuses."""

    by: ClassVar[User]  # set by the page that makes the form's class

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.perform(cleaned)
                transaction.set_rollback(True)  # this was the rehearsal
        except HoldfastError as error:
            raise forms.ValidationError(str(error)) from error
        return cleaned

    def perform(self, cleaned: dict[str, Any]) -> User:
        now = timezone.now()
        if self.instance._state.adding:
            facts = cleaned | {"is_staff": cleaned["is_staff"] or None, "password": None}
            return users.create_user(**facts, by=self.by, created_at=now)
        changes = {name: cleaned[name] for name in users.CHANGEABLE}
        return users.change_user(
            user_id=self.instance.pk, changes=changes, by=self.by, changed_at=now
        )


@admin.register(User)
class UserAdmin(UserAdminBase):
    form = UserAdminForm
    list_display = ("email", "tier", "is_active", "is_staff", "is_demo", "joined_at")
    list_filter = ("tier", "is_active", "is_staff", "is_demo")
    search_fields = ("email", "display_name")
    ordering = ("email", "id")

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        names = ("email", "display_name", "tier", "is_staff")
        return names if obj is None else (*names, "is_active")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return () if obj is None else ("email",)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[User]]:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Let the operation write; a refusal since the form was checked undoes all."""
        done = form.perform(form.cleaned_data)
        obj.pk, obj._state.adding = done.pk, False
        auth.memory.forget()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AccountsError as error:
            messages.error(request, str(error))
            return redirect("admin:accounts_user_changelist")

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


@admin.register(AuditEvent)
class AuditEventAdmin(AuditEventAdminBase):
    list_display = ("occurred_at", "action", "owner", "actor", "target", "via", "address")
    list_filter = ("via", "action")
    search_fields = ("target_id", "request_id", "owner__email", "actor__email")
    ordering = ("-occurred_at", "-id")
    list_select_related = ("owner", "actor")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
