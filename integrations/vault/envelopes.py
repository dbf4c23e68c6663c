"""Envelope encryption: a key for each secret, and that key wrapped by another.

Facts are JSON, encrypted by AES-256-GCM under a data key of their own. The data key is encrypted,
where its owner wants that, under a key of his master password, and then wrapped by a key provider.
Every layer is bound to owner and connection, so that what is moved to another row opens nowhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.vault.errors import CredentialDamaged, CredentialLocked, MasterPasswordWrong
from integrations.vault.master_passwords import SALT_BYTES, Costs, derive_key, read_costs
from integrations.vault.secret_facts import SecretFacts

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
FACTS: Final = b"holdfast facts 1"
PASSWORD: Final = b"holdfast password 1"


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose secret it is, and of which connection."""

    owner_id: UUID
    connection_id: UUID

    @property
    def context(self) -> bytes:
        return self.owner_id.bytes + self.connection_id.bytes

    @property
    def words(self) -> dict[str, str]:
        """For providers that take names and texts."""
        return {"owner": str(self.owner_id), "connection": str(self.connection_id)}


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """``key_id`` says by what it was wrapped: the provider, a colon, and its own name of a key."""

    key_id: str
    body: bytes


class KeyProvider(Protocol):
    """Keeps the keys that wrap data keys. Their bytes need not ever leave it.

    Every method raises ``VaultUnavailable`` where the keys cannot be reached, and ``unwrap``
    ``CredentialDamaged`` for what none of its keys wrapped under that binding.
    """

    name: str

    def current_key_id(self) -> str: ...

    def wrap(self, data_key: bytes, *, binding: Binding) -> WrappedKey: ...

    def unwrap(self, wrapped: WrappedKey, *, binding: Binding) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """Everything that is stored of a secret; nothing of it says anything without the keys."""

    ciphertext: bytes
    wrapped: WrappedKey
    password_salt: bytes = b""  # empty where there is no master password
    password_costs: str = ""

    @property
    def has_master_password(self) -> bool:
        return bool(self.password_salt)


def encrypt(key: bytes, body: bytes, *, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, body, bound_to)


def decrypt(key: bytes, encrypted: bytes, *, bound_to: bytes) -> bytes:
    """Raises:
    InvalidTag: it was not encrypted by this key, or bound to something else.
    """
    if len(encrypted) < NONCE_BYTES + TAG_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], bound_to)


def seal(
    facts: Mapping[str, str], *, binding: Binding, provider: KeyProvider, master_password: str = ""
) -> Envelope:
    """Encrypt facts under a new data key.

    Raises:
        VaultUnavailable: the provider cannot be reached.
    """
    data_key = AESGCM.generate_key(KEY_BYTES * 8)
    body = json.dumps(dict(facts)).encode()
    ciphertext = encrypt(data_key, body, bound_to=FACTS + binding.context)
    if not master_password:
        return Envelope(ciphertext, provider.wrap(data_key, binding=binding))
    salt, costs = os.urandom(SALT_BYTES), Costs()
    key = derive_key(master_password, salt=salt, costs=costs)
    locked = encrypt(key, data_key, bound_to=PASSWORD + binding.context)
    return Envelope(ciphertext, provider.wrap(locked, binding=binding), salt, str(costs))


def unseal(
    envelope: Envelope, *, binding: Binding, provider: KeyProvider, password_key: bytes = b""
) -> SecretFacts:
    """Decrypt facts.

    Args:
        password_key: of ``key_of_password``, where there is a master password.

    Raises:
        CredentialDamaged: not sealed so, or for somebody or something else.
        CredentialLocked: there is a master password, and its key was not given.
        MasterPasswordWrong: it was sealed by another.
        VaultUnavailable: the provider cannot be reached.
    """
    if envelope.has_master_password and not password_key:
        raise CredentialLocked
    data_key = provider.unwrap(envelope.wrapped, binding=binding)
    if envelope.has_master_password:
        try:
            data_key = decrypt(password_key, data_key, bound_to=PASSWORD + binding.context)
        except InvalidTag:
            raise MasterPasswordWrong from None
    if len(data_key) != KEY_BYTES:
        raise CredentialDamaged
    try:
        body = decrypt(data_key, envelope.ciphertext, bound_to=FACTS + binding.context)
    except InvalidTag:
        raise CredentialDamaged from None
    return SecretFacts(json.loads(body))


def key_of_password(envelope: Envelope, password: str) -> bytes:
    """Raises:
    CredentialDamaged: salt or costs were changed.
    """
    costs = read_costs(envelope.password_costs)
    return derive_key(password, salt=envelope.password_salt, costs=costs)


def rewrap(
    envelope: Envelope, *, binding: Binding, former: KeyProvider, provider: KeyProvider
) -> Envelope:
    """The same secret, its data key wrapped anew. Needs no master password.

    Raises:
        CredentialDamaged: the former provider did not wrap it.
        VaultUnavailable: one of them cannot be reached.
    """
    data_key = former.unwrap(envelope.wrapped, binding=binding)
    return replace(envelope, wrapped=provider.wrap(data_key, binding=binding))
