"""Keys of HashiCorp Vault's transit engine; they have versions, and the newest one wraps.

Source: Vault's HTTP API, "Transit secrets engine".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings

from integrations.vault.envelopes import Binding, WrappedKey
from integrations.vault.errors import CredentialDamaged, VaultUnavailable
from integrations.vault.key_providers.asking import ask, text_of

WHO: Final = "Vault"
WRAPPED: Final = re.compile(rb"vault:v([0-9]{1,9}):[A-Za-z0-9+/=]+")


class VaultTransit:
    name: str = "vault-transit"

    def current_key_id(self) -> str:
        found = self._ask("GET", f"keys/{key_name()}")
        version = found.get("latest_version")
        if not isinstance(version, int):
            raise VaultUnavailable(f"{WHO} does not tell the version of its key.")
        return f"{self.name}:{key_name()}:v{version}"

    def wrap(self, data_key: bytes, *, binding: Binding) -> WrappedKey:
        told = {"plaintext": text_of(data_key), "associated_data": text_of(binding.context)}
        found = self._ask("POST", f"encrypt/{key_name()}", told)
        body = str(found.get("ciphertext", "")).encode()
        version = WRAPPED.fullmatch(body)
        if version is None:
            raise VaultUnavailable(f"{WHO} answered without ciphertext.")
        return WrappedKey(f"{self.name}:{key_name()}:v{int(version[1])}", body)

    def unwrap(self, wrapped: WrappedKey, *, binding: Binding) -> bytes:
        if WRAPPED.fullmatch(wrapped.body) is None:
            raise CredentialDamaged
        name = wrapped.key_id.split(":")[1]
        told = {
            "ciphertext": wrapped.body.decode(),
            "associated_data": text_of(binding.context),
        }
        found = self._ask("POST", f"decrypt/{name}", told)
        try:
            return base64.b64decode(found["plaintext"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise VaultUnavailable(f"{WHO} answered without plaintext.") from error

    def _ask(self, method: str, path: str, told: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The ``data`` of an answer."""
        if not (settings.VAULT_TRANSIT_URL and settings.VAULT_TRANSIT_TOKEN):
            raise VaultUnavailable("VAULT_TRANSIT_URL and VAULT_TRANSIT_TOKEN are not set.")
        base = settings.VAULT_TRANSIT_URL.rstrip("/")
        headers = {"X-Vault-Token": settings.VAULT_TRANSIT_TOKEN, "X-Vault-Request": "true"}
        if settings.VAULT_TRANSIT_NAMESPACE:
            headers["X-Vault-Namespace"] = settings.VAULT_TRANSIT_NAMESPACE
        content = json.dumps(told).encode() if told is not None else b""
        found = ask(WHO, method, f"{base}/v1/transit/{path}", headers=headers, content=content)
        data = found.get("data")
        if not isinstance(data, dict):
            raise VaultUnavailable(f"{WHO} answered without data.")
        return data


def key_name() -> str:
    name: str = settings.VAULT_TRANSIT_KEY
    return name
