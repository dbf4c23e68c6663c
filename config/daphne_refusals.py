"""What Daphne refuses before Django sees it is refused in our words, and with a name.

Twisted, which Daphne stands on, closes the connection on a header line that is too long, and
answers other requests that it cannot read with a bare 400; Daphne itself answers in HTML.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from config.problems import problem

# Also Twisted's limit for all lines of a request together.
LINE_BYTES: Final = 16_384
DETAILS: Final = {
    HTTPStatus.BAD_REQUEST: "The request is not HTTP as it should be: {}.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is longer than {} bytes.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are longer than {} bytes together.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The desk did not answer in time; try again in a moment.",
}
UNREADABLE: Final = "a line of it, or its Content-Length or Transfer-Encoding, cannot be read"


def refusal(status: HTTPStatus, about: object = "") -> HttpResponse:
    """The answer to a request that never became one of Django's."""
    request = HttpRequest()
    request.request_id = uuid4().hex  # type: ignore[attr-defined]
    answer = problem(request, status, detail=DETAILS.get(status, "{}").format(about))
    answer["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
    answer["Cache-Control"] = "no-store"
    answer["Content-Length"] = str(len(answer.content))
    return answer


def bytes_of(answer: HttpResponse) -> bytes:
    """A whole answer as it goes over the wire, the last one of its connection."""
    head = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"{head}{lines}Connection: close\r\n\r\n".encode("latin-1") + answer.content


def speak_for_daphne() -> None:
    """Have Daphne, if this process runs it, refuse in our words."""
    protocol: Any = sys.modules.get("daphne.http_protocol")
    if protocol is None or getattr(protocol.HTTPFactory, "speaks_our_words", False):
        return
    protocol.HTTPFactory.speaks_our_words = True
    protocol.HTTPFactory.protocol = staticmethod(make_protocol_class(protocol.http))
    protocol.WebRequest = make_request_class(protocol.WebRequest)


def make_protocol_class(http: Any) -> Any:
    """Return what makes the protocol of a connection, out of Twisted's module ``http``."""

    class Channel(http.HTTPChannel):  # type: ignore[misc]
        """One connection."""

        def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 -- Twisted's name
            is_address = not self.requests  # a request begins when its first line is read
            self.refuse(
                HTTPStatus.REQUEST_URI_TOO_LONG
                if is_address
                else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                LINE_BYTES,
            )

        def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802 -- Twisted's name
            if self._receivedHeaderSize > self.totalHeadersSize:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, self.totalHeadersSize)
            else:
                self.refuse(HTTPStatus.BAD_REQUEST, UNREADABLE)

        def refuse(self, status: HTTPStatus, about: object) -> None:
            self.transport.write(bytes_of(refusal(status, about)))
            self.loseConnection()

    def make(*_: Any) -> Any:
        return http._GenericHTTPChannelProtocol(Channel())

    return make


def make_request_class(of: type[Any]) -> type[Any]:
    class WebRequest(of):  # type: ignore[misc]
        """One request."""

        def basic_error(self, status: int, status_text: bytes, body: str) -> None:
            # Pages are for people, who are better off with Daphne's HTML.
            if not (self.path or b"").startswith(b"/api"):
                super().basic_error(status, status_text, body)
                return
            answer = refusal(HTTPStatus(status), body)
            headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
            self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
            self.handle_reply({"type": "http.response.body", "body": answer.content})

    return WebRequest
