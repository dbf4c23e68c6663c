"""Keys whose bytes we have ourselves: wrapping is AES-256-GCM, bound to owner and connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag

from integrations.vault.envelopes import Binding, WrappedKey, decrypt, encrypt
from integrations.vault.errors import CredentialDamaged, VaultUnavailable

PURPOSE: Final = b"holdfast data key 1"


class OwnKeys(ABC):
    """Several keys by name, of which one is current and the others still open."""

    name: str

    @abstractmethod
    def keys(self) -> tuple[str, Mapping[str, bytes]]:
        """The name of the current key, and all keys of 32 bytes.

        Raises:
            VaultUnavailable: there are none, or they cannot be read.
        """

    def current_key_id(self) -> str:
        return f"{self.name}:{self.keys()[0]}"

    def wrap(self, data_key: bytes, *, binding: Binding) -> WrappedKey:
        current, keys = self.keys()
        body = encrypt(keys[current], data_key, bound_to=PURPOSE + binding.context)
        return WrappedKey(f"{self.name}:{current}", body)

    def unwrap(self, wrapped: WrappedKey, *, binding: Binding) -> bytes:
        key = self.keys()[1].get(wrapped.key_id.partition(":")[2])
        if key is None:
            raise VaultUnavailable(f"The key {wrapped.key_id} is not among the keys of this desk.")
        try:
            return decrypt(key, wrapped.body, bound_to=PURPOSE + binding.context)
        except InvalidTag:
            raise CredentialDamaged from None
