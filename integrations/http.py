"""All outgoing requests for prices: one way, with a deadline, a size, and no redirects.

The address is the operator's, from the settings. Where it leads elsewhere, he is to know, so a
redirect is a failure. The deadline holds for the whole answer, not for each piece of it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Final, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

SCHEMES: Final = frozenset({"http", "https"})
PIECE_BYTES: Final = 64 * 1024
RETRY_SECONDS: Final = 60  # where a server does not say how long
RETRY_SECONDS_MAXIMUM: Final = 3_600


class RequestFailed(Exception):
    """No answer in time, or one that cannot be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after_seconds(self, *, now: float) -> int:
        """How long the server asks to be left alone, from a second to an hour."""
        said = self.headers.get("Retry-After", "").strip()
        if said.isdecimal():
            seconds = int(said[:9])
        else:
            try:
                seconds = round(parsedate_to_datetime(said).timestamp() - now)
            except ValueError:
                seconds = RETRY_SECONDS
        return min(max(seconds, 1), RETRY_SECONDS_MAXIMUM)


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def get(
    url: str, *, query: Mapping[str, str], headers: Mapping[str, str], seconds: int, size: int
) -> Answer:
    """Ask once; an answer of any status but a redirect is one.

    Raises:
        RequestFailed: no answer within ``seconds``, one longer than ``size`` bytes, or a redirect.
    """
    if urlsplit(url).scheme not in SCHEMES:
        raise RequestFailed(f"The address was {url!r}, must begin with http:// or https://.")
    deadline = time.monotonic() + seconds
    given = {"User-Agent": "Holdfast", "Accept": "application/json", **headers}
    request = Request(f"{url}?{urlencode(query)}", headers=given)  # noqa: S310 - checked above
    opener = build_opener(NoRedirects, ProxyHandler({}))
    try:
        try:
            answer = opener.open(request, timeout=seconds)
        except HTTPError as error:
            answer = cast("Any", error)
        with answer:
            body = read(answer, size=size, deadline=deadline)
            status, found = int(answer.status), dict(answer.headers.items())
    except (URLError, HTTPException, OSError) as error:
        raise RequestFailed(f"No answer: {error}.") from error
    if 300 <= status < 400:
        raise RequestFailed(f"The answer was a redirect ({status}), which is not followed.")
    return Answer(status, found, body)


def read(answer: Any, *, size: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    length = 0
    while piece := answer.read1(PIECE_BYTES):
        length += len(piece)
        if length > size:
            raise RequestFailed(f"The answer was longer than {size} bytes.")
        if time.monotonic() > deadline:
            raise RequestFailed("The answer took too long.")
        pieces.append(piece)
    return b"".join(pieces)
