"""A repeated request is answered as the first time and does nothing again.

The answer is stored in the transaction of the effect, so there is never one without the other.
A failure leaves no effect and no answer: repeating it tries again.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Header
from ninja.responses import Status
from ninja.utils import contribute_operation_args
from pydantic import BaseModel

from accounts import exact_json, sealed_answers
from accounts.auth import ApiRequest
from accounts.idempotency_errors import KeyMalformed, KeyMissing, KeyReused, StillRunning
from accounts.models import IdempotentAnswer
from accounts.statement_flow import frequent_cursor

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(days=7)
KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
# Serialisation failure and deadlock: all is rolled back and may simply be tried again.
RETRIED_STATES: Final = frozenset({"40001", "40P01"})
ATTEMPTS: Final = 5
CONTENT_TYPE: Final = "application/json; charset=utf-8"
DESCRIPTION: Final = (
    "Repeating a request with the same key and body returns the stored answer, byte for byte, "
    "and does nothing again. Kept 7 days."
)

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
AtOnce = Callable[..., HttpResponse | None]


class AnsweredMeanwhile(Exception):
    """Another request stored its answer between our look and our write."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request under its key."""

    owner_id: str
    key: str
    method: str
    path: str
    body_hash: bytes
    is_confidential: bool
    now: datetime

    @property
    def lock_id(self) -> int:
        digest = hashlib.sha256(f"{self.owner_id} {self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)

    def values(self, response: HttpResponse) -> list[Any]:
        """For one statement that has the effect and keeps its answer, which must be no secret.

        The statement takes the lock, then refuses if there is an answer made after the last of
        the values; the others are the columns of the answer.
        """
        return [
            self.lock_id,
            self.owner_id,
            self.key,
            self.method,
            self.path,
            self.body_hash,
            response.status_code,
            response.headers["Content-Type"],
            response.content,
            self.now,
            self.now - KEPT,
        ]

    @property
    def binding(self) -> bytes:
        return f"{self.owner_id} {self.key}".encode()


def idempotent(
    *,
    required: bool,
    confidential: bool = False,
    at_once: AtOnce | None = None,
    in_two: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Decorate an endpoint that creates or moves something; it runs inside one transaction.

    Args:
        required: refuse requests without an Idempotency-Key.
        confidential: the answer holds a secret, so it is stored encrypted.
        at_once: tried first, outside of any transaction. It has the effect and stores the answer
            in one statement, or does nothing and returns ``None``; then the endpoint runs.
        in_two: the endpoint asks somebody else, so it runs before the transaction and returns
            the function that runs inside. For a repetition nobody is asked.

    The endpoint's failures are exceptions (they roll back); what it returns is a success.
    """

    def decorate(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        def answer(
            request: ApiRequest, *args: Any, idempotency_key: str | None = None, **kwargs: Any
        ) -> Any:
            def run() -> Any:
                return endpoint(request, *args, **kwargs)

            if idempotency_key is None:
                if required:
                    raise KeyMissing(f"Send an {HEADER} header: any text unique to this request.")
                return retried(functools.partial(atomically, run() if in_two else run))
            if not KEY.fullmatch(idempotency_key):
                raise KeyMalformed(f"{HEADER} must be 1 to 255 visible ASCII characters.")
            attempt = make_attempt(request, idempotency_key, is_confidential=confidential)

            def both_ways() -> HttpResponseBase:
                if in_two:
                    return answer_in_two(attempt, run)
                answered = at_once(request, *args, attempt=attempt, **kwargs) if at_once else None
                return answered or answer_once(attempt, run)

            return retried(both_ways)

        description = f"Needed here. {DESCRIPTION}" if required else DESCRIPTION
        header: Any = Header(None, alias=HEADER, description=description)  # type: ignore[type-arg]
        optional_text: Any = str | None
        contribute_operation_args(answer, "idempotency_key", optional_text, header)
        return cast("Endpoint", answer)

    return decorate


def make_attempt(request: ApiRequest, key: str, *, is_confidential: bool) -> Attempt:
    return Attempt(
        owner_id=str(request.auth.user.id),
        key=key,
        method=request.method or "",
        path=request.get_full_path()[:300],
        body_hash=hash_body(request),
        is_confidential=is_confidential,
        now=timezone.now(),
    )


def hash_body(request: ApiRequest) -> bytes:
    """Hash what was sent. Of a form with files, its parts: boundaries differ each time."""
    digest = hashlib.sha256()
    if request.content_type != "multipart/form-data":
        digest.update(request.body)
        return digest.digest()
    for name, values in sorted(request.POST.lists()):
        digest.update(repr((name, values)).encode())
    for name, file in sorted(request.FILES.items()):
        if not isinstance(file, UploadedFile):
            continue
        digest.update(repr((name, file.name, file.size)).encode())
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
    return digest.digest()


def retried(work: Callable[[], Any]) -> Any:
    """Run a whole transaction, again where the database asks for it or an answer came between."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except AnsweredMeanwhile:
            continue
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in RETRIED_STATES:
                raise
    return work()


def atomically(run: Callable[[], Any]) -> Any:
    with transaction.atomic():
        return run()


def answer_in_two(attempt: Attempt, prepare: Callable[[], Callable[[], Any]]) -> HttpResponseBase:
    """Look before anything is prepared, and again before its rest is done."""
    with transaction.atomic():
        replay = stored_answer(attempt)
    return replay or answer_once(attempt, prepare())


def answer_once(attempt: Attempt, run: Callable[[], Any]) -> HttpResponseBase:
    with transaction.atomic():
        replay = stored_answer(attempt)
        if replay is not None:
            return replay
        response = build_response(run())
        store_answer(attempt, response)
        return response


def stored_answer(attempt: Attempt) -> HttpResponse | None:
    """Take the key's lock and look for an answer, in one round trip.

    Raises:
        KeyReused: the answer there is belongs to another request.
        StillRunning: somebody else has the lock and no answer yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT lock.taken, answer.method, answer.path, answer.body_hash,
                   answer.status, answer.content_type, answer.body
              FROM (SELECT pg_try_advisory_xact_lock(%s) AS taken) AS lock
              LEFT JOIN accounts_idempotentanswer AS answer
                ON answer.owner_id = %s AND answer.key = %s AND answer.created_at > %s
            """,
            [attempt.lock_id, attempt.owner_id, attempt.key, attempt.now - KEPT],
        )
        taken, method, path, body_hash, status, content_type, body = cursor.fetchone()
    if method is None:
        if not taken:
            raise StillRunning("The first request with this key is still running.")
        return None
    if (method, path, bytes(body_hash)) != (attempt.method, attempt.path, attempt.body_hash):
        raise KeyReused(f"This {HEADER} was used for another request; take a new one.")
    content = bytes(body)
    if attempt.is_confidential:
        content = sealed_answers.unseal(content, bound_to=attempt.binding)
    response = HttpResponse(content, status=status, content_type=content_type)
    response["Idempotent-Replayed"] = "true"
    return response


def build_response(result: Any) -> HttpResponse:
    """Turn what an endpoint returned into the bytes that are sent now and kept for later."""
    if isinstance(result, HttpResponse):
        return result
    status, value = (
        (result.status_code, result.value) if isinstance(result, Status) else (200, result)
    )
    if isinstance(value, BaseModel):
        value = value.model_dump()
    content = b"" if value is None else exact_json.render(value)
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE)


def store_answer(attempt: Attempt, response: HttpResponse) -> None:
    """Keep the answer, over one that has outlived its days.

    Raises:
        AnsweredMeanwhile: a live one came between; our effect must be rolled back.
    """
    body = response.content
    if attempt.is_confidential:
        body = sealed_answers.seal(body, bound_to=attempt.binding)
    with frequent_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_idempotentanswer AS answer
                   (owner_id, key, method, path, body_hash, status, content_type, body, created_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (owner_id, key) DO UPDATE
               SET method = EXCLUDED.method, path = EXCLUDED.path,
                   body_hash = EXCLUDED.body_hash, status = EXCLUDED.status,
                   content_type = EXCLUDED.content_type, body = EXCLUDED.body,
                   created_at = EXCLUDED.created_at
             WHERE answer.created_at <= %s
            """,
            [
                attempt.owner_id,
                attempt.key,
                attempt.method,
                attempt.path,
                attempt.body_hash,
                response.status_code,
                response.headers["Content-Type"],
                body,
                attempt.now,
                attempt.now - KEPT,
            ],
        )
        if cursor.rowcount == 0:
            raise AnsweredMeanwhile


def forget_answers(*, now: datetime) -> int:
    """Drop the answers that no repetition can ask for any more; return how many."""
    count, _ = IdempotentAnswer.objects.filter(created_at__lte=now - KEPT).delete()
    return count
