"""The files of an export as one zip, and addresses that open it for a while without a key."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from accounts import audit
from accounts.table_answers import Begun
from accounts.table_files import Outbox
from integrations.exports.errors import ExportNotFound, ExportNotReady
from integrations.exports.requesting import facts_of
from integrations.models.exports import Export

SALT: Final = "integrations.exports.downloads"
CHUNK_BYTES: Final = 256 * 1024
GONE: Final = "Its files are not there any more; ask for it again."


def zip_response(export: Export, *, at: datetime) -> StreamingHttpResponse:
    """Its files in their folders, sent as they are read.

    Raises:
        ExportNotReady: they are not there yet, or not any more.
    """
    if export.is_working:
        raise ExportNotReady("Its files are being written.")
    if not export.is_ready or (export.expires_at is not None and export.expires_at <= at):
        raise ExportNotReady(GONE)
    paths = list(export.files.order_by("path").values_list("path", flat=True))
    if any(not (export.folder / path).is_file() for path in paths):
        raise ExportNotReady(GONE)
    response = StreamingHttpResponse(
        Begun(zipped(export.folder, paths)), content_type="application/zip"
    )
    name = f"{export.dataset}-{export.start}-{export.end}.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def zipped(folder: Path, paths: list[str]) -> Iterator[bytes]:
    """Stored as they are, since Parquet is compressed; a chunk is in memory at a time."""
    outbox = Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            entry = zipfile.ZipInfo.from_file(folder / path, path)
            with (folder / path).open("rb") as file, archive.open(entry, "w") as inner:
                while chunk := file.read(CHUNK_BYTES):
                    inner.write(chunk)
                    yield outbox.take()
    yield outbox.take()


def signed_address(request: HttpRequest, export: Export) -> str | None:
    """Where its files are to be had for some minutes by whoever has the address."""
    if not export.is_ready:
        return None
    address = reverse("integrations:export_by_link", args=[sign(export)])
    return request.build_absolute_uri(address)


def sign(export: Export) -> str:
    """What ``open_address`` takes for some minutes from now on."""
    return signing.dumps(export.id.hex, salt=SALT)


def open_address(token: str) -> Export:
    """Raises:
    ExportNotFound: the address is not ours, has had its time, or its owner is gone.
    """
    try:
        named = signing.loads(token, salt=SALT, max_age=settings.LIMITS.export_link_seconds)
    except signing.BadSignature as error:
        raise ExportNotFound("This address opens nothing, or not any more.") from error
    found = Export.objects.select_related("owner").filter(id=UUID(named)).first()
    if found is None or (found.owner is not None and not found.owner.is_active):
        raise ExportNotFound("This address opens nothing, or not any more.")
    return found


@transaction.atomic
def note_download(export: Export, *, at: datetime) -> None:
    """Exports hold whole books, so who took one is written down."""
    audit.record(action="export.downloaded", **facts_of(export), occurred_at=at)
