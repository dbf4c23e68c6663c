"""Keys in a file of the data folder, made at its first use and readable by its owner alone.

``{"current": name, "keys": {name: base64}}``. It is only ever replaced whole, so that a reader
sees the former or the next.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings

from integrations.vault.errors import VaultUnavailable
from integrations.vault.key_providers.own_keys import OwnKeys

KEY_BYTES: Final = 32
OTHERS: Final = 0o077


class KeyFile(OwnKeys):
    name = "file"

    def __init__(self, path: Path | None = None) -> None:
        self.path: Path = path or settings.VAULT_KEY_FILE

    def keys(self) -> tuple[str, Mapping[str, bytes]]:
        if not self.path.exists():
            self._make_first()
        return self._read()

    def add_key(self) -> str:
        """Make a key and wrap by it from now on; return its name. The others still open."""
        with self._alone():
            keys = self._read()[1] if self.path.exists() else {}
            name = new_name()
            self._replace(name, {**keys, name: secrets.token_bytes(KEY_BYTES)})
        return name

    def forget_keys(self, names: Collection[str]) -> list[str]:
        """Take keys out for good, but never the current one; return those that were there."""
        with self._alone():
            current, keys = self._read()
            gone = [name for name in keys if name in names and name != current]
            self._replace(current, {name: keys[name] for name in keys if name not in gone})
        return gone

    def _make_first(self) -> None:
        with self._alone():
            if not self.path.exists():
                name = new_name()
                self._replace(name, {name: secrets.token_bytes(KEY_BYTES)})

    def _read(self) -> tuple[str, dict[str, bytes]]:
        try:
            if self.path.stat().st_mode & OTHERS:
                raise VaultUnavailable(
                    f"{self.path} is open to other users; it must be readable by its owner alone."
                )
            told = json.loads(self.path.read_text())
            keys = {name: base64.b64decode(key) for name, key in told["keys"].items()}
            current = told["current"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise VaultUnavailable(f"{self.path} cannot be read as keys.") from error
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise VaultUnavailable(f"{self.path} holds no keys of {KEY_BYTES} bytes.")
        return current, keys

    def _replace(self, current: str, keys: Mapping[str, bytes]) -> None:
        told = {name: base64.b64encode(key).decode() for name, key in keys.items()}
        beside = self.path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({"current": current, "keys": told}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, of all processes."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise VaultUnavailable(f"{self.path} cannot be written.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise VaultUnavailable(f"{self.path} cannot be written.") from error
        finally:
            os.close(handle)


def new_name() -> str:
    return secrets.token_hex(4)
