"""One question to a provider over HTTP: its body, or what of ``bar_providers`` went wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from django.conf import settings

from integrations import http
from market.intake.bar_providers import BadAnswer, ProviderBusy, ProviderUnavailable

OK: Final = 200
UNAUTHORIZED, FORBIDDEN = 401, 403
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500


def ask(
    provider: str, url: str, *, about: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> bytes:
    """The body of a success.

    Args:
        about: what is asked for, in the words of an error.

    Raises:
        ProviderBusy: it wants to be left alone.
        ProviderUnavailable: no answer in time, it is not well, or does not let us in.
        BadAnswer: it does not know what was asked for.
    """
    limits = settings.LIMITS
    try:
        answer = http.get(
            url,
            query=query,
            headers=headers,
            seconds=limits.provider_answer_seconds,
            size=limits.provider_answer_bytes,
        )
    except http.RequestFailed as error:
        raise ProviderUnavailable(f"{provider}: {error}") from error
    refuse_status(provider, answer, about=about)
    return answer.body


def refuse_status(provider: str, answer: http.Answer, *, about: str) -> None:
    """Raises:
    ProviderError: the answer is no success; as ``ask`` says.
    """
    if answer.status == TOO_MANY:
        wait = answer.retry_after_seconds(now=time.time())
        raise ProviderBusy(provider, retry_after_seconds=wait)
    if answer.status in {UNAUTHORIZED, FORBIDDEN} or answer.status >= SERVER_ERROR:
        raise ProviderUnavailable(f"{provider} answered {answer.status} to {about}.")
    if answer.status != OK:
        raise BadAnswer(f"{provider} answered {answer.status} to {about}.")
