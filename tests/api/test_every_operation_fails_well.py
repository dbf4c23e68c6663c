"""Every operation of the document, asked wrongly in every way, answers with a problem."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.api.clients import Answer, ApiClient
from tests.api.operations import Operation, all_operations, with_body
from tests.api.test_failures_are_problems import assert_problem

every_operation = pytest.mark.parametrize("operation", all_operations(), ids=str)
every_body = pytest.mark.parametrize("operation", with_body(), ids=str)
NO_BODIES = (b"{", b"\xff\xfe{", b'{"a": "\\u0000"}', b"[" * 100_000, b"NaN")
ODD_QUERIES = ("a=b", "limit=", "%ff=%fe", "&&==&", "limit=1&limit=2")
BOUNDARY = "multipart/form-data; boundary=x"


def send(
    api: ApiClient, operation: Operation, body: bytes = b"", kind: str = "application/json"
) -> Answer:
    return api.client.generic(
        operation.method,
        f"/api/v1{operation.path}",
        body,
        content_type=kind,
        headers=api.headers() | {"Idempotency-Key": "once"},
    )


def assert_some_problem(answer: Answer, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.content
    assert_problem(answer, answer.status_code, answer.json()["code"])


@every_operation
def test_another_method_is_405(admin_api: ApiClient, operation: Operation) -> None:
    for method in operation.other_methods:
        answer = admin_api.send(method, operation.path)
        assert_problem(answer, 405, "method_not_allowed")
        assert operation.method in answer["Allow"]


@every_body
def test_another_media_type_is_415(admin_api: ApiClient, operation: Operation) -> None:
    if operation.body_type == "application/json":
        assert_problem(
            send(admin_api, operation, b"a=1", "text/plain"), 415, "unsupported_media_type"
        )
    else:
        assert_some_problem(send(admin_api, operation, b"{}", "application/json"), 415, 422)


@every_body
def test_a_body_that_is_none_is_refused(admin_api: ApiClient, operation: Operation) -> None:
    kind = "application/json" if operation.body_type == "application/json" else BOUNDARY
    for body in NO_BODIES:
        assert_some_problem(send(admin_api, operation, body, kind), 400, 422)


@every_body
def test_a_form_without_end_is_refused(admin_api: ApiClient, operation: Operation) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'
    # Half a file may be enough to go on to the address, which names nothing.
    assert_some_problem(send(admin_api, operation, body, BOUNDARY), 400, 404, 415, 422)
    assert_some_problem(send(admin_api, operation, body, "multipart/form-data"), 400, 415, 422)


@every_body
def test_a_body_that_is_too_large_is_413(admin_api: ApiClient, operation: Operation) -> None:
    answer = admin_api.client.generic(
        operation.method,
        f"/api/v1{operation.path}",
        b"x",
        content_type=operation.body_type,
        headers=admin_api.headers() | {"Idempotency-Key": "once"},
        CONTENT_LENGTH=str(settings.LIMITS.upload_bytes * 2),
    )
    assert_problem(answer, 413, "request_entity_too_large")


@every_operation
def test_an_odd_query_breaks_nothing(admin_api: ApiClient, operation: Operation) -> None:
    for query in ODD_QUERIES:
        answer = admin_api.send(operation.method, f"{operation.path}?{query}")
        if answer.status_code >= 400 and "/health/" not in operation.path:
            assert_some_problem(answer, 400, 401, 404, 409, 415, 422)


@every_operation
def test_a_nul_in_the_address_is_400(admin_api: ApiClient, operation: Operation) -> None:
    answer = admin_api.send(operation.method, f"{operation.path}?a=%00")
    assert_problem(answer, 400, "bad_request")


@every_operation
def test_a_longer_address_is_404(admin_api: ApiClient, operation: Operation) -> None:
    for path in (f"{operation.path}/", f"{operation.path}/%ff/nothing"):
        if "by-client-id" not in path:  # whatever stands there is the id
            assert_problem(admin_api.send(operation.method, path), 404, "not_found")
