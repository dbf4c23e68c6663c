"""The audit of libraries: a weakness fails it, a service that is away does not."""

import importlib.machinery
import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).resolve().parents[2] / ".ci" / "audit"
SOUND = {"name": "django", "version": "5.2", "vulns": []}
WEAK = SOUND | {"vulns": [{"id": "CVE-1", "fix_versions": ["5.3"]}]}
SKIPPED = {"name": "orjson", "skip_reason": "not found"}


@pytest.fixture
def audit() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("audit_script", str(PATH))
    spec = importlib.util.spec_from_loader("audit_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (json.dumps({"dependencies": [SOUND]}), (0, "No known weakness in 1")),
        (json.dumps({"dependencies": [SOUND, WEAK]}), (1, "django 5.2: CVE-1, fixed in 5.3")),
        (json.dumps({"dependencies": [WEAK, SKIPPED]}), (1, "CVE-1")),
        (json.dumps({"dependencies": [SOUND, SKIPPED]}), (0, "NOT AUDITED: 1 of 2")),
        ("no service", (0, "NOT AUDITED")),
        ("", (0, "NOT AUDITED")),
    ],
)
def test_the_answer_decides(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    expected: tuple[int, str],
) -> None:
    done = subprocess.CompletedProcess([], 0, stdout=answer, stderr="")
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)
    code, words = expected
    assert audit.main() == code
    said = capsys.readouterr()
    assert words in said.out + said.err
