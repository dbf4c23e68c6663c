"""A passkey without a device: answers the browser's questions as an authenticator would."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class SoftPasskey:
    """One credential for one host, held in memory."""

    host: str = "localhost"
    credential_id: bytes = field(default_factory=lambda: os.urandom(16))
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    user_handle: str = ""

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.create``."""
        wanted = options["publicKey"]
        self.user_handle = wanted["user"]["id"]
        credential = AttestedCredentialData.create(
            b"\0" * 16,
            self.credential_id,
            ES256.from_cryptography_key(self.key.public_key()),  # type: ignore[no-untyped-call]
        )
        attested = AttestationObject.create(
            "none", self._data(FLAG.UP | FLAG.UV | FLAG.AT, credential), {}
        )
        client = self._client_data(CollectedClientData.TYPE.CREATE, wanted)
        answer = {"clientDataJSON": client.b64, "attestationObject": websafe_encode(attested)}
        return self._credential(answer | {"transports": ["internal"]}, {"credProps": {"rk": True}})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.get``."""
        client = self._client_data(CollectedClientData.TYPE.GET, options["publicKey"])
        data = self._data(FLAG.UP | FLAG.UV, None)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        answer = {
            "clientDataJSON": client.b64,
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": self.user_handle,
        }
        return self._credential(answer, {})

    def _data(self, flags: Any, credential: AttestedCredentialData | None) -> AuthenticatorData:
        host_hash = hashlib.sha256(self.host.encode()).digest()
        data: AuthenticatorData = AuthenticatorData.create(host_hash, flags, 0, credential or b"")
        return data

    def _client_data(self, kind: Any, wanted: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, wanted["challenge"], self.origin)

    def _credential(self, response: dict[str, Any], extensions: dict[str, Any]) -> dict[str, Any]:
        identifier = websafe_encode(self.credential_id)
        return {
            "type": "public-key",
            "id": identifier,
            "rawId": identifier,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": extensions,
            "response": response,
        }
