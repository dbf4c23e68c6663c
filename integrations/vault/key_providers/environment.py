"""Keys out of the environment: ``VAULT_KEYS=name:base64,older:base64``, the first is current."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from integrations.vault.errors import VaultUnavailable
from integrations.vault.key_providers.own_keys import OwnKeys


class EnvironmentKeys(OwnKeys):
    name = "env"

    def keys(self) -> tuple[str, Mapping[str, bytes]]:
        keys: Mapping[str, bytes] = settings.VAULT_KEYS
        if not keys:
            raise VaultUnavailable("Credentials cannot be kept or read: VAULT_KEYS is not set.")
        return next(iter(keys)), keys
