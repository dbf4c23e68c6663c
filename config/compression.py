"""Answers of the API in fewer bytes, in the way that the caller understands best.

Pages are left as they are: they hold secrets beside what a visitor's address may choose, and the
length of such a mixture, compressed, gives the secret away. Nothing makes a browser add a key to a
request, so nobody can send another's requests to measure the API's answers.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

import brotli
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

# Below this the answer fits into one packet anyway.
MINIMUM_BYTES: Final = 1024
# About as small as the highest levels, in a tenth of their time.
BROTLI_QUALITY: Final = 4
GZIP_LEVEL: Final = 5
GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
# Other kinds, such as Parquet, are compressed in themselves.
COMPRESSED_TYPES: Final = re.compile(r"(text/.+|application/(.+\+)?json|application/yaml)")
QUALITY: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class Compressor(Protocol):
    def take(self, chunk: bytes) -> bytes:
        """What can be sent by now; it may be nothing."""

    def end(self) -> bytes: ...


class Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=BROTLI_QUALITY)

    def take(self, chunk: bytes) -> bytes:
        return bytes(self._stream.process(chunk))

    def end(self) -> bytes:
        return bytes(self._stream.finish())


class Gzip:
    def __init__(self) -> None:
        self._stream = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)

    def take(self, chunk: bytes) -> bytes:
        return self._stream.compress(chunk)

    def end(self) -> bytes:
        return self._stream.flush()


# In the order of our own liking, which decides between equals.
CODINGS: Final[dict[str, Callable[[], Compressor]]] = {"br": Brotli, "gzip": Gzip}


def choose_coding(accepted: str) -> str | None:
    """The coding that an ``Accept-Encoding`` likes best; ``None`` for none.

    Source: RFC 9110, 12.5.3. What cannot be read counts as not said.
    """
    qualities: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        key, _, text = parameter.partition("=")
        quality = 1.0
        if parameter.strip():
            if key.strip() != "q" or not QUALITY.fullmatch(text.strip()):
                continue
            quality = float(text)
        qualities[name.strip()] = quality
    others = qualities.get("*", 0.0)
    liking = {name: qualities.get(name, others) for name in CODINGS}
    best = max(liking, key=lambda name: liking[name])
    # Whoever names the plain form as better than ours gets that.
    return best if liking[best] > 0 and liking[best] >= qualities.get("identity", 0.0) else None


def compress(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Compress an answer in place, where it is worth it and wanted."""
    if not may_be_compressed(response):
        return response
    patch_vary_headers(response, ["Accept-Encoding"])
    coding = choose_coding(request.headers.get("Accept-Encoding", ""))
    if coding is None:
        return response
    compressor = CODINGS[coding]()
    if isinstance(response, StreamingHttpResponse):
        # Our streams are made by threads, never by an event loop.
        chunks: Iterable[bytes] = response.streaming_content  # type: ignore[assignment]
        response.streaming_content = stream(chunks, compressor)
        del response.headers["Content-Length"]
    elif isinstance(response, HttpResponse):
        response.content = compressor.take(response.content) + compressor.end()
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
    response.headers["Content-Encoding"] = coding
    return response


def may_be_compressed(response: HttpResponseBase) -> bool:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if response.has_header("Content-Encoding") or not COMPRESSED_TYPES.fullmatch(kind):
        return False
    return response.streaming or (
        isinstance(response, HttpResponse) and len(response.content) >= MINIMUM_BYTES
    )


def stream(chunks: Iterable[bytes], compressor: Compressor) -> Iterator[bytes]:
    for chunk in chunks:
        if packed := compressor.take(chunk):
            yield packed
    yield compressor.end()
