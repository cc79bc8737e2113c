"""Types of files: contents are what the name says, and no larger than the field allows."""

from __future__ import annotations

import io
import zipfile

import pytest

from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import FileKind
from crmkit.core.declare.kinds.file_types import FILE_TYPES
from crmkit.core.declare.values import File
from crmkit.errors import InvalidValue

CONVENTIONS = Conventions()


def zipped() -> bytes:
    """Return a small archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "b")
    return stream.getvalue()


TEXTS = {"txt", "csv", "md", "log", "json", "ics", "vcf", "eml"}
SAMPLES: dict[bytes, set[str]] = {
    b"%PDF-1.7\n\x00": {"pdf"},
    b"\x89PNG\r\n\x1a\n\x00": {"png"},
    b"\xff\xd8\xff\xe0\x00": {"jpg", "jpeg"},
    b"GIF89a\x00": {"gif"},
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": {"webp"},
    b"RIFF\x00\x00\x00\x00WAVEfmt ": {"wav"},
    b"\x00\x00\x00\x18ftypmp42": {"mp4", "m4a", "heic"},
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": {"doc", "xls", "ppt", "msg"},
    zipped(): {"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"},
    "Gr\u00fc\u00dfe, \u5ba2\u6237".encode(): TEXTS,
    "\u5ba2\u6237".encode("gb18030"): TEXTS,
    "Angebot".encode("utf-16"): TEXTS,
    b"MZ\x90\x00\x03\x00\x00\x00": set(),
    b"\x7fELF\x02\x01\x01\x00": set(),
}


@pytest.mark.parametrize("content", SAMPLES, ids=range(len(SAMPLES)))
def test_contents_are_what_the_name_says(content: bytes) -> None:
    """Contents are taken under the names of their types only; a program is of none."""
    taken = set()
    for extension in FILE_TYPES:
        try:
            FileKind().parse(File(f"a.{extension}", content=content), CONVENTIONS)
        except InvalidValue as error:
            assert "are not those of a" in str(error)  # noqa: PT017  (which types are taken is the point)
        else:
            taken.add(extension)
    assert taken == SAMPLES[content]


def test_a_field_takes_the_types_and_sizes_that_it_names() -> None:
    """A field for pictures takes no text, nothing larger than it says, and nothing empty."""
    kind = FileKind(types=("png", "jpg"), max=2048)
    png = b"\x89PNG\r\n\x1a\n"
    assert kind.parse(File("a.PNG", content=png.ljust(2048)), CONVENTIONS).type == "image/png"  # type: ignore[union-attr]
    for file, reason in (
        (File("a.txt", content=b"a"), "none of these types: png, jpg"),
        (File("a.png", content=png.ljust(2049)), "larger than 2 kB"),
        (File("a.png", content=b""), "is empty"),
    ):
        with pytest.raises(InvalidValue, match=reason):
            kind.parse(file, CONVENTIONS)


PATHS = ("/etc/passwd", "a.pdf", "file:///etc/passwd", b"%PDF-1.7", 5, {"path": "/etc/passwd"}, "{", '{"name": 1}')


@pytest.mark.parametrize("value", PATHS)
def test_no_path_is_a_file(value: object) -> None:
    """Nothing but a name with its contents is a file: no path, no bytes without a name."""
    with pytest.raises(InvalidValue, match="a path or a text is none"):
        FileKind().parse(value, CONVENTIONS)
