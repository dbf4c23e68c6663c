"""What we ship of other people's work is byte for byte what its checksums say."""

from __future__ import annotations

import hashlib
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
SUMS = VENDOR / "SHA256SUMS"


def listed_sums() -> dict[str, str]:
    lines = SUMS.read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_every_vendored_file_is_listed() -> None:
    present = {path.name for path in VENDOR.iterdir()} - {SUMS.name}
    assert present == set(listed_sums())


def test_every_vendored_file_has_its_checksum() -> None:
    actual = {
        name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed_sums()
    }
    assert actual == listed_sums()


def test_the_chart_library_needs_no_eval() -> None:
    script = next(VENDOR.glob("plotly-finance-*.min.js")).read_text(encoding="utf-8")
    assert "new Function(" not in script
    assert "plotly.js (finance - minified)" in script[:200]
