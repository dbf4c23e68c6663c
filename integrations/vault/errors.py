"""Why a secret cannot be kept or read."""

from __future__ import annotations

from accounts.errors import HoldfastError


class VaultError(HoldfastError):
    """The root of the vault's failures. None of them tells anything of a secret."""

    code = "vault_error"


class VaultUnavailable(VaultError):
    """The key that wraps the vault's keys cannot be reached, or is not set up."""

    code = "vault_unavailable"


class CredentialDamaged(VaultError):
    """What is stored was not sealed so, or not for this owner and connection."""

    code = "credential_damaged"

    def __init__(self) -> None:
        super().__init__("The stored credentials cannot be read; enter them again.")


class CredentialLocked(VaultError):
    """It is sealed by its owner's master password, too, and that was not given."""

    code = "credential_locked"

    def __init__(self) -> None:
        super().__init__("The credentials are locked; unlock them by their master password.")


class MasterPasswordWrong(VaultError):
    """Another master password sealed it."""

    code = "master_password_wrong"

    def __init__(self) -> None:
        super().__init__("That is not the master password of these credentials.")
