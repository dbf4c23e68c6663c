"""Who keeps the keys that wrap the vault's keys, by name.

All of them can unwrap, so that secrets can move from one to another; ``VAULT_KEY_PROVIDER`` says
which one wraps.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings

from integrations.vault.envelopes import KeyProvider
from integrations.vault.errors import VaultUnavailable
from integrations.vault.key_providers.aws_kms import AwsKms
from integrations.vault.key_providers.environment import EnvironmentKeys
from integrations.vault.key_providers.key_file import KeyFile
from integrations.vault.key_providers.vault_transit import VaultTransit

PROVIDERS: Final[dict[str, type[KeyProvider]]] = {
    "file": KeyFile,
    "env": EnvironmentKeys,
    "aws-kms": AwsKms,
    "vault-transit": VaultTransit,
}


def current_provider() -> KeyProvider:
    return PROVIDERS[settings.VAULT_KEY_PROVIDER]()


def provider_of(key_id: str) -> KeyProvider:
    """Who wrapped by that key.

    Raises:
        VaultUnavailable: nobody that this version knows.
    """
    name = key_id.partition(":")[0]
    if name not in PROVIDERS:
        raise VaultUnavailable(f"No key provider is called {name!r}.")
    return PROVIDERS[name]()
