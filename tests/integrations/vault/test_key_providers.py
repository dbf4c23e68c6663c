"""Where the keys may be: a file, the environment, AWS KMS, Vault's transit engine."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from config.env import BadEnvironment, Environment
from integrations.vault.envelopes import Binding, KeyProvider, WrappedKey
from integrations.vault.errors import CredentialDamaged, VaultUnavailable
from integrations.vault.key_providers import provider_of
from integrations.vault.key_providers.aws_kms import AwsKms
from integrations.vault.key_providers.aws_signing import Signer
from integrations.vault.key_providers.environment import EnvironmentKeys
from integrations.vault.key_providers.key_file import KeyFile
from integrations.vault.key_providers.vault_transit import VaultTransit
from tests.integrations.vault.fake_key_servers import (
    ACCESS_KEY,
    SECRET_KEY,
    TOKEN,
    FakeKeyServer,
    running,
    text,
)

ALICE = Binding(UUID(int=1), UUID(int=10))
BOB = Binding(UUID(int=2), UUID(int=10))
DATA_KEY = b"d" * 32


@pytest.fixture
def server(settings: Settings) -> Iterator[FakeKeyServer]:
    with running(FakeKeyServer()) as fake:
        settings.AWS_KMS_URL = f"{fake.url}/"
        settings.AWS_REGION = "eu-central-1"
        settings.AWS_KMS_KEY_ID = "arn:one"
        settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY = ACCESS_KEY, SECRET_KEY
        settings.VAULT_TRANSIT_URL, settings.VAULT_TRANSIT_TOKEN = fake.url, TOKEN
        yield fake


@pytest.fixture(params=["file", "env", "aws-kms", "vault-transit"])
def provider(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, server: FakeKeyServer
) -> KeyProvider:
    settings.VAULT_KEY_FILE = tmp_path / "keys.json"
    settings.VAULT_KEYS = {"2026": b"k" * 32}
    return provider_of(f"{request.param}:")


def test_it_unwraps_what_it_wrapped_and_for_nobody_else(provider: KeyProvider) -> None:
    wrapped = provider.wrap(DATA_KEY, binding=ALICE)
    assert wrapped.key_id == provider.current_key_id()
    assert provider.unwrap(wrapped, binding=ALICE) == DATA_KEY
    assert DATA_KEY not in wrapped.body
    with pytest.raises(CredentialDamaged):
        provider.unwrap(wrapped, binding=BOB)


def test_it_refuses_what_it_did_not_wrap(provider: KeyProvider) -> None:
    wrapped = provider.wrap(DATA_KEY, binding=ALICE)
    with pytest.raises(CredentialDamaged):
        provider.unwrap(WrappedKey(wrapped.key_id, b"nonsense" * 8), binding=ALICE)


def test_the_file_is_made_at_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keys.json"
    made = KeyFile(path).current_key_id()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyFile(path).current_key_id() == made


def test_many_at_once_make_one_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(KeyFile(path).current_key_id()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_a_file_open_to_others_is_refused(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.current_key_id()
    file.path.chmod(0o640)
    with pytest.raises(VaultUnavailable, match="owner alone"):
        file.wrap(DATA_KEY, binding=ALICE)


@pytest.mark.parametrize("content", ["", "[]", '{"current": "a", "keys": {"a": "YQ=="}}'])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: str) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.path.write_text(content)
    file.path.chmod(0o600)
    with pytest.raises(VaultUnavailable):
        file.current_key_id()


def test_a_new_key_of_the_file_wraps_and_the_former_still_opens(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    wrapped = file.wrap(DATA_KEY, binding=ALICE)
    name = file.add_key()
    assert file.wrap(DATA_KEY, binding=ALICE).key_id == f"file:{name}"
    assert file.unwrap(wrapped, binding=ALICE) == DATA_KEY
    former = wrapped.key_id.removeprefix("file:")
    assert file.forget_keys([former, name]) == [former]
    with pytest.raises(VaultUnavailable, match="not among the keys"):
        file.unwrap(wrapped, binding=ALICE)


def test_keys_of_the_environment_are_read_and_nonsense_is_not_told() -> None:
    found = Environment({"KEYS": f"2026:{text(b'a' * 32)}, 2025:{text(b'b' * 32)}"})
    assert found.named_keys("KEYS", size=32) == {"2026": b"a" * 32, "2025": b"b" * 32}
    for wrong in ("hunter2", f"a:{text(b'a' * 31)}", f"a:{text(b'a' * 32)},a:{text(b'b' * 32)}"):
        with pytest.raises(BadEnvironment) as caught:
            Environment({"KEYS": wrong}).named_keys("KEYS", size=32)
        assert wrong not in str(caught.value)


def test_without_keys_nothing_is_kept(settings: Settings) -> None:
    settings.VAULT_KEYS = {}
    with pytest.raises(VaultUnavailable, match="VAULT_KEYS is not set"):
        EnvironmentKeys().wrap(DATA_KEY, binding=ALICE)


def test_kms_is_told_whose_it_is_and_its_refusals_are_no_damage(server: FakeKeyServer) -> None:
    wrapped = AwsKms().wrap(DATA_KEY, binding=ALICE)
    name, told = server.asked[0]
    assert name == "TrentService.Encrypt"
    assert told["EncryptionContext"] == ALICE.words
    for answer in [(400, {"__type": "AccessDeniedException"}), (500, {}), (200, {})]:
        server.answers.append(answer)
        with pytest.raises(VaultUnavailable):
            AwsKms().unwrap(wrapped, binding=ALICE)


def test_vault_s_newest_version_wraps_and_older_ones_open(server: FakeKeyServer) -> None:
    wrapped = VaultTransit().wrap(DATA_KEY, binding=ALICE)
    server.versions.append(b"w" * 32)
    assert VaultTransit().current_key_id() == "vault-transit:holdfast:v2"
    assert VaultTransit().unwrap(wrapped, binding=ALICE) == DATA_KEY
    assert wrapped.key_id == "vault-transit:holdfast:v1"


def test_vault_that_does_not_let_us_in_is_unavailable(
    server: FakeKeyServer, settings: Settings
) -> None:
    settings.VAULT_TRANSIT_TOKEN = "wrong"
    with pytest.raises(VaultUnavailable, match="403"):
        VaultTransit().wrap(DATA_KEY, binding=ALICE)


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ],
)
def test_signatures_are_those_of_amazon_s_own_suite(method: str, signature: str) -> None:
    """``get-vanilla`` and ``post-vanilla`` of the AWS Signature Version 4 test suite."""
    signer = Signer(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"
    )
    found = signer.authorization(
        method,
        "https://example.amazonaws.com/",
        headers={"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"},
        body=b"",
        at=datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
    )
    assert found.endswith(f"Signature={signature}")
