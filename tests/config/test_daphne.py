"""What the embedded desk's server must leave to Django."""

import http.client

import pytest

from tests.support.desk import LiveDesk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_form_that_holds_nothing_is_answered_by_us(desk: LiveDesk) -> None:
    connection = http.client.HTTPConnection(desk.url.removeprefix("http://"), timeout=60)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Authorization": "Bearer nobody"}
    connection.request("POST", "/api/v1/prices/imports", b"--b--\r\n", headers)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (401, "application/problem+json")
    connection.close()
