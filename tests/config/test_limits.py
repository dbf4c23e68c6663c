from dataclasses import FrozenInstanceError, fields

import pytest
from django.conf import settings

from config.limits import LIMITS


@pytest.mark.parametrize("field", fields(LIMITS), ids=lambda field: field.name)
def test_every_limit_is_positive(field: object) -> None:
    assert getattr(LIMITS, field.name) > 0  # type: ignore[attr-defined]


def test_limits_cannot_change_while_running() -> None:
    with pytest.raises(FrozenInstanceError):
        LIMITS.request_threads = 1  # type: ignore[misc]


def test_settings_carry_them() -> None:
    assert settings.LIMITS is LIMITS
    assert LIMITS.request_body_bytes == settings.DATA_UPLOAD_MAX_MEMORY_SIZE
