"""What is sealed opens for its owner and connection alone, and not at all once it was touched."""

from __future__ import annotations

import pickle
import random
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest

from integrations.vault import envelopes, master_passwords
from integrations.vault.envelopes import (
    Binding,
    Envelope,
    WrappedKey,
    key_of_password,
    rewrap,
    seal,
    unseal,
)
from integrations.vault.errors import (
    CredentialDamaged,
    CredentialLocked,
    MasterPasswordWrong,
    VaultError,
    VaultUnavailable,
)
from integrations.vault.key_providers.own_keys import OwnKeys
from integrations.vault.secret_facts import SecretFacts

FACTS = {"key": "AK-1", "secret": "correct horse"}
ALICE = Binding(UUID(int=1), UUID(int=10))
BOB = Binding(UUID(int=2), UUID(int=10))
TAMPERED = 5_000


class PlainKeys(OwnKeys):
    name = "env"

    def __init__(self, **keys: bytes) -> None:
        self._keys = keys

    def keys(self) -> tuple[str, Mapping[str, bytes]]:
        return next(iter(self._keys)), self._keys


KEYS = PlainKeys(one=b"1" * 32)


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = master_passwords.Costs(memory_kibibytes=64, passes=1, lanes=1)
    monkeypatch.setattr(envelopes, "Costs", lambda: cheap)


def test_what_is_sealed_opens_again() -> None:
    envelope = seal(FACTS, binding=ALICE, provider=KEYS)
    assert dict(unseal(envelope, binding=ALICE, provider=KEYS)) == FACTS
    assert envelope.wrapped.key_id == "env:one"


def test_every_credential_has_a_key_of_its_own() -> None:
    first, second = (seal(FACTS, binding=ALICE, provider=KEYS) for _ in range(2))
    mixed = replace(first, wrapped=second.wrapped)
    with pytest.raises(CredentialDamaged):
        unseal(mixed, binding=ALICE, provider=KEYS)


@pytest.mark.parametrize("other", [BOB, Binding(UUID(int=1), UUID(int=11))])
def test_it_opens_for_no_other_owner_or_connection(other: Binding) -> None:
    envelope = seal(FACTS, binding=ALICE, provider=KEYS)
    with pytest.raises(CredentialDamaged):
        unseal(envelope, binding=other, provider=KEYS)


@pytest.mark.usefixtures("cheap_passwords")
def test_5000_tampered_envelopes_are_all_refused() -> None:
    chance = random.Random(7)
    plain = seal(FACTS, binding=ALICE, provider=KEYS)
    locked = seal(FACTS, binding=ALICE, provider=KEYS, master_password="moon")
    for _ in range(TAMPERED):
        envelope = chance.choice([plain, locked])
        touched = tampered(envelope, chance)
        assert touched != envelope
        with pytest.raises(VaultError):
            opened(touched)


def opened(envelope: Envelope) -> SecretFacts:
    key = key_of_password(envelope, "moon") if envelope.has_master_password else b""
    return unseal(envelope, binding=ALICE, provider=KEYS, password_key=key)


def tampered(envelope: Envelope, chance: random.Random) -> Envelope:
    """One part changed: bits, length, or another's body."""
    change = chance.choice([flipped, cut, longer])
    part = chance.choice(["ciphertext", "wrapped", "salt", "key"])
    if part == "wrapped":
        body = change(envelope.wrapped.body, chance)
        return replace(envelope, wrapped=WrappedKey(envelope.wrapped.key_id, body))
    if part == "salt" and envelope.password_salt:
        return replace(envelope, password_salt=flipped(envelope.password_salt, chance))
    if part == "key":
        return replace(envelope, wrapped=WrappedKey("env:two", envelope.wrapped.body))
    return replace(envelope, ciphertext=change(envelope.ciphertext, chance))


def flipped(body: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(body) * 8)
    changed = bytearray(body)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body))]


def longer(body: bytes, chance: random.Random) -> bytes:
    return body + chance.randbytes(chance.randint(1, 20))


@pytest.mark.usefixtures("cheap_passwords")
def test_a_master_password_is_needed_and_the_right_one() -> None:
    envelope = seal(FACTS, binding=ALICE, provider=KEYS, master_password="moon")
    with pytest.raises(CredentialLocked):
        unseal(envelope, binding=ALICE, provider=KEYS)
    wrong = key_of_password(envelope, "sun")
    with pytest.raises(MasterPasswordWrong):
        unseal(envelope, binding=ALICE, provider=KEYS, password_key=wrong)
    right = key_of_password(envelope, "moon")
    assert dict(unseal(envelope, binding=ALICE, provider=KEYS, password_key=right)) == FACTS


@pytest.mark.usefixtures("cheap_passwords")
def test_rewrapping_needs_no_master_password_and_keeps_the_secret() -> None:
    envelope = seal(FACTS, binding=ALICE, provider=KEYS, master_password="moon")
    keys = PlainKeys(two=b"2" * 32, one=b"1" * 32)
    moved = rewrap(envelope, binding=ALICE, former=KEYS, provider=keys)
    assert moved.wrapped.key_id == "env:two"
    assert moved.ciphertext == envelope.ciphertext
    only_new = PlainKeys(two=b"2" * 32)
    key = key_of_password(moved, "moon")
    assert dict(unseal(moved, binding=ALICE, provider=only_new, password_key=key)) == FACTS
    with pytest.raises(VaultUnavailable):
        unseal(moved, binding=ALICE, provider=KEYS, password_key=key)


def test_costs_that_nobody_would_choose_are_refused() -> None:
    envelope = Envelope(b"", WrappedKey("env:one", b""), b"s" * 16, "argon2id m=99999999 t=1 p=1")
    with pytest.raises(CredentialDamaged):
        key_of_password(envelope, "moon")


def test_opened_facts_show_nothing_and_are_not_pickled() -> None:
    facts = SecretFacts(FACTS)
    assert "horse" not in f"{facts!r} {facts} {facts:}"
    with pytest.raises(TypeError):
        pickle.dumps(facts)
