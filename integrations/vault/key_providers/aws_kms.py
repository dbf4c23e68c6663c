"""Keys of AWS Key Management Service: data keys go there to be wrapped, its keys never leave it.

Source: AWS KMS API Reference, ``Encrypt`` and ``Decrypt``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from integrations.vault.envelopes import Binding, WrappedKey
from integrations.vault.errors import VaultUnavailable
from integrations.vault.key_providers.asking import ask, read_bytes, text_of
from integrations.vault.key_providers.aws_signing import Signer, moment_text

WHO: Final = "AWS KMS"


class AwsKms:
    name: str = "aws-kms"

    def current_key_id(self) -> str:
        if not settings.AWS_KMS_KEY_ID:
            raise VaultUnavailable("AWS_KMS_KEY_ID is not set.")
        return f"{self.name}:{settings.AWS_KMS_KEY_ID}"

    def wrap(self, data_key: bytes, *, binding: Binding) -> WrappedKey:
        key_id = self.current_key_id()
        told = {
            "KeyId": settings.AWS_KMS_KEY_ID,
            "Plaintext": text_of(data_key),
            "EncryptionContext": binding.words,
        }
        return WrappedKey(key_id, read_bytes(WHO, self._ask("Encrypt", told), "CiphertextBlob"))

    def unwrap(self, wrapped: WrappedKey, *, binding: Binding) -> bytes:
        told = {
            "KeyId": wrapped.key_id.partition(":")[2],
            "CiphertextBlob": text_of(wrapped.body),
            "EncryptionContext": binding.words,
        }
        return read_bytes(WHO, self._ask("Decrypt", told), "Plaintext")

    def _ask(self, action: str, told: dict[str, Any]) -> dict[str, Any]:
        if not (settings.AWS_ACCESS_KEY_ID and settings.AWS_SECRET_ACCESS_KEY):
            raise VaultUnavailable("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set.")
        url = settings.AWS_KMS_URL or f"https://kms.{settings.AWS_REGION}.amazonaws.com/"
        at = datetime.now(UTC)
        body = json.dumps(told).encode()
        headers = {
            "Host": urlsplit(url).netloc,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Date": moment_text(at),
            "X-Amz-Target": f"TrentService.{action}",
        }
        if settings.AWS_SESSION_TOKEN:
            headers["X-Amz-Security-Token"] = settings.AWS_SESSION_TOKEN
        signer = Signer(
            settings.AWS_ACCESS_KEY_ID,
            settings.AWS_SECRET_ACCESS_KEY,
            settings.AWS_REGION,
            "kms",
        )
        headers["Authorization"] = signer.authorization(
            "POST", url, headers=headers, body=body, at=at
        )
        return ask(WHO, "POST", url, headers=headers, content=body)
