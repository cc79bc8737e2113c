"""Types of files: which extensions there are, and how the contents of each begin.

Only what is listed is taken. Types that a browser would run (HTML, SVG, scripts) are not listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
PDF_WITHIN = 1024
"""Readers take a PDF whose header comes within so many bytes (ISO 32000-1, Annex H)."""
ENCODINGS = ("utf-8-sig", "gb18030", "cp1252")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@frozen
class FileType:
    """A type of file: its media type (IANA), and whether contents are of it."""

    media: str
    fits: Callable[[bytes], bool]


def begins(*signatures: bytes, at: int = 0) -> Callable[[bytes], bool]:
    """Return a test that contents have one of some signatures at a position."""
    return lambda content: content[at:].startswith(signatures) if at else content.startswith(signatures)


def riff(form: bytes) -> Callable[[bytes], bool]:
    """Return a test for a RIFF container of a form."""
    return lambda content: content.startswith(b"RIFF") and content[8:12] == form


def is_pdf(content: bytes) -> bool:
    """Return whether contents are a PDF."""
    return b"%PDF-" in content[:PDF_WITHIN]


def is_text(content: bytes) -> bool:
    """Return whether contents are text: without NUL and other control characters, in an encoding that offices use."""
    if content.startswith(UTF16_MARKS):
        return is_readable(content, "utf-16")
    return any(is_readable(content, each) for each in ENCODINGS)


def is_readable(content: bytes, encoding: str) -> bool:
    """Return whether contents can be read in an encoding, and hold no characters that text hasn't."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return not any(each < " " and each not in "\t\n\r\f\x1b" for each in set(text))


TEXT, ZIPPED, OFFICE = is_text, begins(*ZIPS), begins(OLE)
OPEN_XML = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
FILE_TYPES = {
    "pdf": FileType("application/pdf", is_pdf),
    "txt": FileType("text/plain", TEXT),
    "md": FileType("text/markdown", TEXT),
    "log": FileType("text/plain", TEXT),
    "csv": FileType("text/csv", TEXT),
    "json": FileType("application/json", TEXT),
    "ics": FileType("text/calendar", TEXT),
    "vcf": FileType("text/vcard", TEXT),
    "eml": FileType("message/rfc822", TEXT),
    "rtf": FileType("application/rtf", begins(rb"{\rtf")),
    "doc": FileType("application/msword", OFFICE),
    "xls": FileType("application/vnd.ms-excel", OFFICE),
    "ppt": FileType("application/vnd.ms-powerpoint", OFFICE),
    "msg": FileType("application/vnd.ms-outlook", OFFICE),
    "docx": FileType(f"{OPEN_XML}.wordprocessingml.document", ZIPPED),
    "xlsx": FileType(f"{OPEN_XML}.spreadsheetml.sheet", ZIPPED),
    "pptx": FileType(f"{OPEN_XML}.presentationml.presentation", ZIPPED),
    "odt": FileType(f"{OPEN_DOCUMENT}.text", ZIPPED),
    "ods": FileType(f"{OPEN_DOCUMENT}.spreadsheet", ZIPPED),
    "odp": FileType(f"{OPEN_DOCUMENT}.presentation", ZIPPED),
    "zip": FileType("application/zip", ZIPPED),
    "png": FileType("image/png", begins(b"\x89PNG\r\n\x1a\n")),
    "jpg": FileType("image/jpeg", begins(b"\xff\xd8\xff")),
    "jpeg": FileType("image/jpeg", begins(b"\xff\xd8\xff")),
    "gif": FileType("image/gif", begins(b"GIF87a", b"GIF89a")),
    "webp": FileType("image/webp", riff(b"WEBP")),
    "tif": FileType("image/tiff", begins(b"II*\x00", b"MM\x00*")),
    "tiff": FileType("image/tiff", begins(b"II*\x00", b"MM\x00*")),
    "heic": FileType("image/heic", begins(b"ftyp", at=4)),
    "mp4": FileType("video/mp4", begins(b"ftyp", at=4)),
    "m4a": FileType("audio/mp4", begins(b"ftyp", at=4)),
    "mp3": FileType("audio/mpeg", begins(b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    "wav": FileType("audio/wav", riff(b"WAVE")),
    "ogg": FileType("audio/ogg", begins(b"OggS")),
}
"""The types by extension."""
