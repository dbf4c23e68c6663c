"""Credentials of connections: stored, opened for whoever needs them, unlocked, forgotten.

What is stored is never shown again, to nobody: it can only be replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import redis
from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.sealed_answers import seal as seal_briefly
from accounts.sealed_answers import unseal as unseal_briefly
from integrations.models import Credential
from integrations.vault.envelopes import (
    Binding,
    Envelope,
    WrappedKey,
    key_of_password,
    seal,
    unseal,
)
from integrations.vault.errors import CredentialLocked, VaultUnavailable
from integrations.vault.key_providers import current_provider, provider_of
from integrations.vault.secret_facts import SecretFacts
from market.live import live_quotes

UNLOCKED: Final = "vault:unlocked:"


def seal_facts(
    facts: Mapping[str, str], *, binding: Binding, master_password: str = ""
) -> Envelope:
    """Encrypt; may ask a server that keeps keys, so it belongs before a transaction.

    Raises:
        VaultUnavailable: no key is to be had.
    """
    return seal(
        facts, binding=binding, provider=current_provider(), master_password=master_password
    )


@transaction.atomic
def store_credential(envelope: Envelope, *, binding: Binding, stored_at: datetime) -> Credential:
    """Keep what was sealed, in place of what the connection had."""
    credential, _ = Credential.objects.update_or_create(
        connection_id=binding.connection_id,
        owner_id=binding.owner_id,
        defaults={
            "ciphertext": envelope.ciphertext,
            "wrapped_key": envelope.wrapped.body,
            "key_id": envelope.wrapped.key_id,
            "password_salt": envelope.password_salt,
            "password_costs": envelope.password_costs,
            "stored_at": stored_at,
            "rewrapped_at": None,
        },
    )
    audit.record(
        action="credential.stored",
        **_target(credential),
        after={"has_master_word": envelope.has_master_password},
        occurred_at=stored_at,
    )
    transaction.on_commit(lambda: lock(credential), robust=True)
    return credential


def open_credential(credential: Credential) -> SecretFacts:
    """Decrypt for one use. May ask a server that keeps keys, so it belongs outside a transaction.

    Raises:
        CredentialDamaged: it cannot be read.
        CredentialLocked: it has a master password, and was not unlocked lately.
        VaultUnavailable: no key is to be had.
    """
    envelope = envelope_of(credential)
    key = _unlocked_key(credential) if envelope.has_master_password else b""
    return unseal(
        envelope,
        binding=binding_of(credential),
        provider=provider_of(envelope.wrapped.key_id),
        password_key=key,
    )


def unlock(credential: Credential, *, master_password: str, at: datetime) -> None:
    """Let the desk use it for some hours. Its key waits in Valkey, encrypted by another.

    Raises:
        CredentialDamaged: it cannot be read.
        MasterPasswordWrong: it was sealed by another.
        VaultUnavailable: no key is to be had, or Valkey is away.
    """
    envelope = envelope_of(credential)
    if not envelope.has_master_password:
        return
    key = key_of_password(envelope, master_password)
    unseal(
        envelope,
        binding=binding_of(credential),
        provider=provider_of(envelope.wrapped.key_id),
        password_key=key,
    )
    sealed = seal_briefly(key, bound_to=_bound_to(credential))
    try:
        live_quotes.valkey().set(
            _place(credential), sealed, ex=settings.LIMITS.vault_unlocked_seconds
        )
    except redis.RedisError as error:
        raise VaultUnavailable("Nothing can be unlocked while Valkey is away.") from error
    with transaction.atomic():
        audit.record(action="credential.unlocked", **_target(credential), occurred_at=at)


def lock(credential: Credential) -> None:
    """Forget the key of its master password."""
    live_quotes.valkey().delete(_place(credential))


def is_locked(credential: Credential) -> bool:
    """Whether it waits for its master password."""
    if not credential.has_master_password:
        return False
    try:
        return not live_quotes.valkey().exists(_place(credential))
    except redis.RedisError:
        return True


def envelope_of(credential: Credential) -> Envelope:
    return Envelope(
        bytes(credential.ciphertext),
        WrappedKey(credential.key_id, bytes(credential.wrapped_key)),
        bytes(credential.password_salt),
        credential.password_costs,
    )


def binding_of(credential: Credential) -> Binding:
    return Binding(credential.owner_id, credential.connection_id)


def _unlocked_key(credential: Credential) -> bytes:
    try:
        sealed = live_quotes.valkey().get(_place(credential))
    except redis.RedisError as error:
        raise CredentialLocked from error
    if not isinstance(sealed, bytes):
        raise CredentialLocked
    try:
        return unseal_briefly(sealed, bound_to=_bound_to(credential))
    except InvalidTag as error:
        raise CredentialLocked from error


def _place(credential: Credential) -> str:
    return live_quotes.prefixed(f"{UNLOCKED}{credential.id.hex}")


def _bound_to(credential: Credential) -> bytes:
    """Also to the salt, so that a key does not outlive what it opened."""
    return b"unlocked" + credential.id.bytes + bytes(credential.password_salt)


def _target(credential: Credential) -> dict[str, Any]:
    return {
        "owner_id": credential.owner_id,
        "target": "connection",
        "target_id": str(credential.connection_id),
    }
