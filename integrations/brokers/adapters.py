"""What the module ``broker`` of each folder offers, and the catalogue of them all."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.conf import settings

import integrations.brokers as folders
from integrations.brokers.line import Line
from trading.broker_errors import NotSupported
from trading.brokers import BrokerSession, Capabilities, CredentialField


@dataclass(frozen=True, slots=True)
class Adapter:
    """A broker as the desk can reach it. ``sign_in`` need not speak to it yet."""

    name: str  # of the folder
    title: str
    capabilities: Capabilities
    credentials: tuple[CredentialField, ...]
    url: str
    sign_in: Callable[[Line, Mapping[str, str]], BrokerSession]
    sandbox_url: str = ""
    hint: str = ""  # where the owner finds his credentials
    # Of questions and answers, what is secret or good for a moment: a session, a code, a nonce.
    hidden: frozenset[str] = frozenset()

    @property
    def reads(self) -> list[str]:
        return sorted(self.capabilities.reads)

    @property
    def setting_names(self) -> set[str]:
        """Of its credentials, those that say how to ask; they are no secrets."""
        return {one.name for one in self.credentials if one.is_setting}

    def url_of(self, *, is_sandbox: bool) -> str:
        """Where it is; ``BROKER_URLS`` of the operator goes before its own address.

        Raises:
            NotSupported: it has no sandbox.
        """
        if is_sandbox and not self.sandbox_url:
            raise NotSupported(f"{self.title} has no sandbox.")
        key = f"{self.name}-sandbox" if is_sandbox else self.name
        told: Mapping[str, str] = settings.BROKER_URLS
        return told.get(key) or (self.sandbox_url if is_sandbox else self.url)


@cache
def catalogue() -> Mapping[str, Adapter]:
    """Every broker by its name, in the order of their titles."""
    found: dict[str, Adapter] = {}
    for module in pkgutil.iter_modules(folders.__path__):
        name = f"{folders.__name__}.{module.name}.broker"
        if module.ispkg and find_spec(name) is not None:
            adapter: Adapter = import_module(name).ADAPTER
            if adapter.name != module.name:
                raise ValueError(f"{name} calls itself {adapter.name!r}.")
            found[adapter.name] = adapter
    return dict(sorted(found.items(), key=lambda one: one[1].title))
