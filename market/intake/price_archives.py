"""Price files as they lie on disk: plain, gzip or zip, read in bounded pieces.

A zip must hold exactly one file, without a folder in its name. What it unpacks to is limited as
declared and as it really is, so a bomb costs no more than the limit.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from django.conf import settings

from market.errors import UnreadableFile

BLOCK_BYTES: Final = 1 << 20
ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
GZIP_MARK: Final = b"\x1f\x8b"
SYMLINK: Final = 0o120000
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile)


@dataclass(slots=True)
class PriceSource:
    """An opened file; ``size_bytes`` is what it unpacks to, as far as it says."""

    stream: IO[bytes]
    size_bytes: int | None
    bytes_read: int = 0

    def lines(self) -> Iterator[list[bytes]]:
        """Yield lists of whole lines without their ends; the first holds the first line.

        Raises:
            UnreadableFile: it is damaged, cut off, too big, or has a line that is too long.
        """
        rest = b""
        while block := self._read():
            head, newline, tail = block.rpartition(b"\n")
            if newline:
                yield (rest + head).replace(b"\r\n", b"\n").removesuffix(b"\r").split(b"\n")
                rest = tail
            else:
                rest += tail
            if len(rest) > settings.LIMITS.price_file_line_bytes:
                raise UnreadableFile(
                    "A line is longer than"
                    f" {settings.LIMITS.price_file_line_bytes} bytes; is this a file of prices?"
                )
        if rest:
            yield [rest.removesuffix(b"\r")]

    def _read(self) -> bytes:
        try:
            block = self.stream.read(BLOCK_BYTES)
        except DAMAGE as error:
            raise UnreadableFile(f"The file is damaged or cut off: {error}.") from error
        self.bytes_read += len(block)
        if self.bytes_read > settings.LIMITS.archive_unpacked_bytes:
            raise UnreadableFile(
                f"The file unpacks to more than {settings.LIMITS.archive_unpacked_bytes} bytes."
            )
        return block


@contextmanager
def open_prices(path: Path) -> Iterator[PriceSource]:
    """Open a file by what it holds, whatever its name.

    Raises:
        UnreadableFile: it is empty, damaged, or an archive of another shape than allowed.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise UnreadableFile(f"The file cannot be opened: {error.strerror}.") from error
        mark = file.read(4)
        file.seek(0)
        if not mark:
            raise UnreadableFile("The file is empty.")
        if mark in ZIP_MARKS:
            yield _open_zip(file, stack)
        elif mark.startswith(GZIP_MARK):
            yield PriceSource(
                cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=file))), None
            )
        else:
            yield PriceSource(file, path.stat().st_size)


def _open_zip(file: IO[bytes], stack: ExitStack) -> PriceSource:
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
    except DAMAGE as error:
        raise UnreadableFile(f"The zip is damaged or cut off: {error}.") from error
    members = archive.infolist()
    if len(members) != 1:
        raise UnreadableFile(f"The zip holds {len(members)} files, must hold exactly one.")
    (member,) = members
    _check_member(member)
    try:
        return PriceSource(stack.enter_context(archive.open(member)), member.file_size)
    except (*DAMAGE, NotImplementedError) as error:
        raise UnreadableFile(f"The zip cannot be unpacked: {error}.") from error


def _check_member(member: zipfile.ZipInfo) -> None:
    limits = settings.LIMITS
    name = member.filename[:100]
    if not name or any(mark in member.filename for mark in ("/", "\\", ":", "\0")):
        raise UnreadableFile(f"The zip names a path, {name!r}; must name a plain file.")
    if (member.external_attr >> 16) & 0o170000 == SYMLINK:
        raise UnreadableFile(f"The zip holds a link, {name!r}; must hold a plain file.")
    if member.flag_bits & 0x1:
        raise UnreadableFile(f"{name!r} in the zip is encrypted.")
    if member.file_size > limits.archive_unpacked_bytes:
        raise UnreadableFile(
            f"{name!r} unpacks to {member.file_size} bytes,"
            f" must be at most {limits.archive_unpacked_bytes}."
        )
    if member.file_size > member.compress_size * limits.archive_ratio + BLOCK_BYTES:
        raise UnreadableFile(
            f"{name!r} is packed {member.file_size // max(member.compress_size, 1)}-fold,"
            f" must be at most {limits.archive_ratio}-fold."
        )
