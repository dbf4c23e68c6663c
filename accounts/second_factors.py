"""Second factors: their secrets sealed in the database, and who we are to a passkey."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Final

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http.request import split_domain_port

from accounts.sealed_answers import seal, unseal

BINDING: Final = b"accounts.second_factors"
SITE_NAME: Final = "Holdfast"


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What allauth asks us about second factors."""

    def encrypt(self, text: str) -> str:
        """Seal the seed of codes, so that a copy of the database makes none."""
        return b64encode(seal(text.encode(), bound_to=BINDING)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a sealed seed.

        Raises:
            InvalidTag: sealed under a secret key that is neither ours nor a former one.
        """
        return unseal(b64decode(encrypted_text), bound_to=BINDING).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the host name, whatever the port."""
        host, _ = split_domain_port(context.request.get_host())
        return {"id": host, "name": SITE_NAME}
