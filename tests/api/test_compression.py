"""Larger answers come as gzip or brotli, as the caller likes; what he reads stays the same."""

import gzip
from collections.abc import Iterator

import brotli
import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from config.compression import MINIMUM_BYTES, choose_coding, compress
from tests.api.clients import Answer, ApiClient

DOCUMENT = "/api/v1/openapi.json"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0.001", "gzip"),
        ("gzip;q=0", None),
        ("*", "br"),
        ("*;q=0", None),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0", None),
        ("deflate, zstd", None),
        ("gzip;q=2", None),
        ("gzip;quality=1", None),
        ("br;q=x, gzip ; q=0.8", "gzip"),
        (",;,=", None),
    ],
)
def test_the_caller_chooses(accepted: str, chosen: str | None) -> None:
    assert choose_coding(accepted) == chosen


def unpacked(answer: Answer) -> bytes:
    content = answer.content
    if answer["Content-Encoding"] == "br":
        return bytes(brotli.decompress(content))
    assert answer["Content-Encoding"] == "gzip"
    return gzip.decompress(content)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_an_answer_reads_the_same_in_fewer_bytes(anonymous: Client, coding: str) -> None:
    plain = anonymous.get(DOCUMENT)
    packed = anonymous.get(DOCUMENT, headers={"Accept-Encoding": coding})
    assert unpacked(packed) == plain.content
    assert len(packed.content) < len(plain.content) / 5
    assert packed["Content-Length"] == str(len(packed.content))
    assert packed["Content-Encoding"] == coding
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]
    assert "Accept-Encoding" in packed["Vary"]


def test_a_failure_may_be_compressed_too(api: ApiClient) -> None:
    body = {f"unknown_{number}": 1 for number in range(50)}
    headers = api.headers() | {"Accept-Encoding": "gzip"}
    answer = api.client.post("/api/v1/orders", body, "application/json", headers=headers)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert b"unknown_49" in unpacked(answer)


def test_a_small_answer_stays_as_it_is(api: ApiClient) -> None:
    headers = api.headers() | {"Accept-Encoding": "br"}
    answer = api.client.get("/api/v1/watchlists", headers=headers)
    assert answer.json() == {"items": [], "next_cursor": None}


def answered(response: HttpResponse | StreamingHttpResponse) -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    found = compress(request, response)
    assert isinstance(found, HttpResponse | StreamingHttpResponse)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(("size", "is_packed"), [(MINIMUM_BYTES - 1, False), (MINIMUM_BYTES, True)])
def test_from_one_kilobyte_on(size: int, is_packed: bool) -> None:
    response = answered(HttpResponse(b"x" * size, content_type="application/json"))
    assert response.has_header("Content-Encoding") is is_packed


def test_what_is_compressed_already_is_left_alone() -> None:
    packed = gzip.compress(b"x" * 5000)
    response = HttpResponse(packed * 100, content_type="text/csv")
    response["Content-Encoding"] = "gzip"
    assert answered(response).content == packed * 100
    parquet = HttpResponse(b"x" * 5000, content_type="application/vnd.apache.parquet")
    assert not answered(parquet).has_header("Content-Encoding")


def test_a_stream_is_compressed_while_it_is_made() -> None:
    made: list[int] = []

    def rows() -> Iterator[bytes]:
        for number in range(5000):
            made.append(number)
            yield f"{number},some,row\n".encode()

    response = answered(StreamingHttpResponse(rows(), content_type="text/csv; charset=utf-8"))
    chunks = iter(response)
    first = next(chunks)
    assert len(made) < 5000
    text = gzip.decompress(first + b"".join(chunks)).decode()
    assert text.startswith("0,some,row\n")
    assert text.endswith("4999,some,row\n")
    assert not response.has_header("Content-Length")
