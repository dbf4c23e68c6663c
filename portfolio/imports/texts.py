"""Bytes into text, whoever wrote them. Pure."""

from __future__ import annotations

import codecs
from typing import Final

from portfolio.imports.errors import UnreadableImport

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT: Final = 4096
# Of a text in a Latin alphabet every other byte is zero in UTF-16.
ZEROS_OF_UTF16: Final = 0.2


def decode(content: bytes) -> str:
    """Read text in UTF-8, UTF-16 with or without its mark, or else the Windows code page 1252.

    Raises:
        UnreadableImport: it is none of them, so no text.
    """
    encoding = encoding_of(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise UnreadableImport(f"The file says it is {encoding}, and is not.") from None
        text = decode_cp1252(content)
    if "\x00" in text:
        raise UnreadableImport("The file holds bytes that are no text.")
    return text


def encoding_of(content: bytes) -> str:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding
    start = content[:LOOKED_AT]
    if start.count(0) > len(start) * ZEROS_OF_UTF16:
        return "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
    return "utf-8"


def decode_cp1252(content: bytes) -> str:
    """Raises:
    UnreadableImport: it holds bytes that the code page has no letters for.
    """
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise UnreadableImport(
            f"Byte {error.start + 1} is no text; save the file as UTF-8."
        ) from None
