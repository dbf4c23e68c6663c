"""Which form a list is asked for in, and the answer in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from accounts.errors import AccountsError
from accounts.table_files import Table, csv_chunks, parquet_chunks


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv",
    Format.PARQUET: "application/vnd.apache.parquet",
}
CHUNKS: Final[dict[Format, Callable[[Table], Iterator[bytes]]]] = {
    Format.CSV: csv_chunks,
    Format.PARQUET: parquet_chunks,
}
# For Ninja's openapi_extra: what such a list answers beside JSON.
FILES_IN_OPENAPI: Final[dict[str, Any]] = {
    "responses": {
        200: {
            "content": {
                MEDIA_TYPES[Format.CSV]: {"schema": {"type": "string"}},
                MEDIA_TYPES[Format.PARQUET]: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    }
}


class NotAcceptable(AccountsError):
    """The list is not to be had in any form that the caller takes."""

    code = "not_acceptable"

    def __init__(self, accept: str) -> None:
        forms = ", ".join(MEDIA_TYPES.values())
        super().__init__(f"Accept was {accept[:200]}; this is to be had as {forms}.")


def wanted_format(request: HttpRequest, named: Format | None) -> Format:
    """The form asked for by ``?format=``, else by the header ``Accept``.

    Raises:
        NotAcceptable: the header takes none of ours.
    """
    if named is not None:
        return named
    preferred = request.get_preferred_type(list(MEDIA_TYPES.values()))
    for found, media_type in MEDIA_TYPES.items():
        if media_type == preferred:
            return found
    raise NotAcceptable(request.headers.get("Accept", ""))


class Begun:
    """Chunks of which the first is made already, so that a failure is still answered as one."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._first = [next(chunks), next(chunks, b"")]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        yield from self._chunks

    def close(self) -> None:
        """Close the cursor, also where the client went away half way."""
        self._chunks.close()  # type: ignore[attr-defined]  # a generator


def table_response(table: Table, form: Format) -> StreamingHttpResponse:
    """The table as a file to keep, sent as it is read."""
    charset = "; charset=utf-8" if form is Format.CSV else ""
    filename = f"{table.name}.{form}"
    response = StreamingHttpResponse(
        Begun(CHUNKS[form](table)), content_type=MEDIA_TYPES[form] + charset
    )
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["Vary"] = "Accept"
    # What stands in it is one user's, and changes by the second.
    response["Cache-Control"] = "no-store"
    return response
