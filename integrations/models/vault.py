"""Sealed secrets of users. Nothing in these rows says anything without the keys."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from accounts.identifiers import new_id
from accounts.models import User


class CredentialQuerySet(models.QuerySet["Credential"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)


class Credential(models.Model):
    """What signs in to one connection; see ``integrations.vault``.

    ``key_id`` says what wrapped the data key. With a ``password_salt`` the owner's master password
    is needed, too.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credentials"
    )
    connection_id = models.UUIDField(unique=True)
    ciphertext = models.BinaryField()
    wrapped_key = models.BinaryField()
    key_id = models.CharField(max_length=300)
    password_salt = models.BinaryField(default=bytes)
    password_costs = models.CharField(max_length=60, blank=True)
    stored_at = models.DateTimeField()
    rewrapped_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Credential]] = CredentialQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["key_id", "id"], name="credential_by_key"),)

    @property
    def has_master_password(self) -> bool:
        return bool(self.password_salt)
