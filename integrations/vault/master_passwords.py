"""Keys out of a user's own password, by Argon2id.

Costs are the second choice of RFC 9106, section 4, and stand beside each salt, so that what was
sealed under other costs opens still.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from integrations.vault.errors import CredentialDamaged

SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
TEXT: Final = re.compile(r"argon2id m=(\d{1,8}) t=(\d{1,3}) p=(\d{1,3})")
# What a changed row may make of us at most.
MEMORY_MAXIMUM: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Costs:
    memory_kibibytes: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __str__(self) -> str:
        return f"argon2id m={self.memory_kibibytes} t={self.passes} p={self.lanes}"


def read_costs(text: str) -> Costs:
    """Raises:
    CredentialDamaged: it names no costs, or such as nobody would choose.
    """
    found = TEXT.fullmatch(text)
    costs = Costs(*map(int, found.groups())) if found else None
    if costs is None or costs.memory_kibibytes > MEMORY_MAXIMUM:
        raise CredentialDamaged
    return costs


def derive_key(password: str, *, salt: bytes, costs: Costs) -> bytes:
    """Raises:
    CredentialDamaged: salt or costs are none that Argon2 takes.
    """
    try:
        return hash_secret_raw(
            password.encode(),
            salt,
            time_cost=costs.passes,
            memory_cost=costs.memory_kibibytes,
            parallelism=costs.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    except HashingError as error:
        raise CredentialDamaged from error
