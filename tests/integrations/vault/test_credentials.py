"""Credentials as they are stored: opened, unlocked, rotated, and nowhere to be read."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.identifiers import new_id
from accounts.models import AuditEvent, User
from integrations.models import Credential
from integrations.vault import credentials, rotation
from integrations.vault.envelopes import Binding
from integrations.vault.errors import (
    CredentialDamaged,
    CredentialLocked,
    MasterPasswordWrong,
    VaultError,
)
from integrations.vault.key_providers.key_file import KeyFile
from market.live.live_quotes import valkey
from tests.accounts.signing_in import signed_in_client
from tests.factories import make_user

SECRET = "s3cr3t-of-alice"
MASTER = "m00n-over-the-bay"

pytestmark = pytest.mark.usefixtures("embedded_desk")


@pytest.fixture(autouse=True)
def key_file(settings: Settings, tmp_path: Path) -> KeyFile:
    settings.VAULT_KEY_PROVIDER = "file"
    settings.VAULT_KEY_FILE = tmp_path / "keys.json"
    return KeyFile()


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def store(
    owner: User, *, master_password: str = "", connection_id: UUID | None = None
) -> Credential:
    binding = Binding(owner.id, connection_id or new_id())
    envelope = credentials.seal_facts(
        {"secret": SECRET}, binding=binding, master_password=master_password
    )
    return credentials.store_credential(envelope, binding=binding, stored_at=timezone.now())


def test_it_is_kept_and_opened(alice: User) -> None:
    kept = Credential.objects.get(id=store(alice).id)
    assert credentials.open_credential(kept)["secret"] == SECRET


def test_stored_again_it_takes_the_place_of_the_former(alice: User) -> None:
    first = store(alice)
    second = store(alice, connection_id=first.connection_id)
    assert Credential.objects.get().id == first.id == second.id
    assert AuditEvent.objects.filter(action="credential.stored").count() == 2


def test_a_row_moved_to_somebody_else_does_not_open(alice: User) -> None:
    kept = store(alice)
    kept.owner = make_user("bob@example.com")
    with pytest.raises(CredentialDamaged):
        credentials.open_credential(kept)


def test_a_master_password_unlocks_for_a_while(alice: User, settings: Settings) -> None:
    kept = store(alice, master_password=MASTER)
    with pytest.raises(CredentialLocked):
        credentials.open_credential(kept)
    with pytest.raises(MasterPasswordWrong):
        credentials.unlock(kept, master_password="sun", at=timezone.now())
    assert credentials.is_locked(kept)
    credentials.unlock(kept, master_password=MASTER, at=timezone.now())
    assert credentials.open_credential(kept)["secret"] == SECRET
    (name,) = valkey().keys("*vault:unlocked:*")
    limit = settings.LIMITS.vault_unlocked_seconds
    assert limit - 60 <= valkey().ttl(name) <= limit
    credentials.lock(kept)
    assert credentials.is_locked(kept)


def test_an_unlocked_key_does_not_outlive_what_it_opened(alice: User) -> None:
    kept = store(alice, master_password=MASTER)
    credentials.unlock(kept, master_password=MASTER, at=timezone.now())
    again = store(alice, master_password="another", connection_id=kept.connection_id)
    with pytest.raises(CredentialLocked):
        credentials.open_credential(again)


def test_rotation_rewraps_and_is_harmless_again(alice: User, key_file: KeyFile) -> None:
    kept = [store(alice), store(alice, master_password=MASTER)]
    key_file.add_key()
    uses = {use.is_current: use.credentials for use in rotation.key_uses()}
    assert uses == {True: 0, False: 2}
    done = rotation.rotate(at=timezone.now())
    assert (done.rewrapped, done.unreadable) == (2, 0)
    assert rotation.rotate(at=timezone.now()).rewrapped == 0
    assert set(Credential.objects.values_list("key_id", flat=True)) == {done.key_id}
    assert AuditEvent.objects.filter(action="vault.rotated").count() == 1
    fresh = Credential.objects.get(id=kept[0].id)
    assert credentials.open_credential(fresh)["secret"] == SECRET


def test_rotation_leaves_what_cannot_be_read_and_goes_on(alice: User, key_file: KeyFile) -> None:
    broken, whole = store(alice), store(alice)
    Credential.objects.filter(id=broken.id).update(wrapped_key=b"x" * 60)
    key_file.add_key()
    done = rotation.rotate(at=timezone.now())
    assert (done.rewrapped, done.unreadable) == (1, 1)
    assert credentials.open_credential(Credential.objects.get(id=whole.id))["secret"] == SECRET


def test_rotation_does_not_undo_what_was_entered_meanwhile(alice: User, key_file: KeyFile) -> None:
    stale = store(alice)
    fresh = store(alice, connection_id=stale.connection_id)
    key_file.add_key()
    assert rotation._rewrap_one(stale, at=timezone.now()) == "changed"
    assert credentials.open_credential(Credential.objects.get(id=fresh.id))["secret"] == SECRET


@pytest.mark.django_db(transaction=True)
def test_readers_read_while_keys_rotate(key_file: KeyFile) -> None:
    alice = make_user()
    kept = [store(alice).id for _ in range(20)]
    failures: list[str] = []
    has_rotated = threading.Event()

    def read() -> None:
        try:
            while not has_rotated.is_set():
                rows = Credential.objects.filter(id__in=kept)
                opened = {credentials.open_credential(row)["secret"] for row in rows}
                failures.extend(opened - {SECRET})
        except VaultError as error:
            failures.append(str(error))
        finally:
            connection.close()

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(5):
        key_file.add_key()
        assert rotation.rotate(at=timezone.now()).rewrapped == 20
    has_rotated.set()
    for reader in readers:
        reader.join()
    assert failures == []


def test_the_command_plans_rotates_and_forgets(alice: User, key_file: KeyFile) -> None:
    store(alice)
    assert "0 credential(s) would be rewrapped. Nothing was done." in run("--plan")
    assert "1 credential(s) would be rewrapped" in run("--plan", "--new-key")
    out = run("--new-key", "--forget")
    assert "Rewrapped 1 credential(s)" in out
    assert "Forgot 1 key(s)" in out
    assert len(key_file.keys()[1]) == 1


def test_the_command_says_what_is_missing(alice: User, settings: Settings) -> None:
    settings.VAULT_KEY_PROVIDER, settings.VAULT_KEYS = "env", {}
    with pytest.raises(CommandError, match="VAULT_KEYS is not set"):
        run("--plan")
    with pytest.raises(CommandError, match="in a key file only"):
        run("--new-key")


def run(*args: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *args, stdout=out)
    return out.getvalue()


def test_no_plaintext_lies_in_the_database_valkey_logs_or_tracebacks(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    kept = store(alice, master_password=MASTER)
    credentials.unlock(kept, master_password=MASTER, at=timezone.now())
    facts = credentials.open_credential(kept)
    Credential.objects.filter(id=kept.id).update(wrapped_key=b"x" * 60)
    told = f"{facts!r} {kept!r} {vars(kept)!r}"
    try:
        credentials.open_credential(Credential.objects.get(id=kept.id))
    except CredentialDamaged as error:
        told += "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    seen = b"\n".join([told.encode(), caplog.text.encode(), *dumped_tables(), *valkey_values()])
    for secret in (SECRET, MASTER):
        assert secret.encode() not in seen
        assert secret.encode().hex().encode() not in seen


def dumped_tables() -> Iterator[bytes]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            with cursor.copy(f'COPY (SELECT * FROM "{table}") TO STDOUT') as rows:
                yield from (bytes(row) for row in rows)


def valkey_values() -> Iterator[bytes]:
    # In what is compressed nothing would be found.
    valkey().config_set("rdbcompression", "no")
    for name in valkey().keys("*"):
        yield bytes(valkey().dump(name) or b"")


def test_staff_sees_which_keys_are_used_and_nobody_else(alice: User) -> None:
    store(alice)
    assert signed_in_client(alice).get("/operations/vault").status_code == 404
    staff = make_user("staff@example.com")
    User.objects.filter(id=staff.id).update(is_staff=True, tier="admin")
    page = signed_in_client(User.objects.get(id=staff.id)).get("/operations/vault")
    assert page.status_code == 200
    assert b"file:" in page.content
    assert SECRET.encode() not in page.content


def test_the_page_says_where_keys_are_missing(alice: User, settings: Settings) -> None:
    User.objects.filter(id=alice.id).update(is_staff=True, tier="admin")
    settings.VAULT_KEY_PROVIDER, settings.VAULT_KEYS = "env", {}
    page = signed_in_client(User.objects.get(id=alice.id)).get("/operations/vault")
    assert b"VAULT_KEYS is not set" in page.content
