"""Files: a name, a type, a size, and the contents, which are kept by their SHA-256 and never on a path."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, ClassVar

from attrs import evolve, field, frozen

from crmkit.core.declare.kinds.file_names import clean_name, extension_of
from crmkit.core.declare.kinds.file_types import FILE_TYPES
from crmkit.core.declare.kinds.kind import Kind, Part, search_key
from crmkit.core.declare.values import File
from crmkit.errors import DeclarationError, InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.declare.conventions import Conventions

LARGEST_FILE = 25 * 2**20
"""Bytes that a file may have if the field doesn't say otherwise."""
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
PARTS = ("name", "type", "size", "sha256")


def as_types(given: Iterable[str]) -> tuple[str, ...]:
    """Return extensions as a tuple, having checked that there are such types.

    Raises:
        DeclarationError: naming one that isn't known.
    """
    found = tuple(given)
    for each in found:
        if each not in FILE_TYPES:
            text = _("there is no type of files {name!r}; there are: {types}.", name=each, types=", ".join(FILE_TYPES))
            raise DeclarationError(subject="file()", problem=text)
    return found


@frozen(kw_only=True)
class FileKind(Kind):
    """A file, of one of the types named by their extensions (all known ones if none is named), up to `max` bytes."""

    name: ClassVar[str] = "file"
    widget: ClassVar[str] = "file"
    parts: ClassVar[tuple[Part, ...]] = (
        Part(suffix="_name"),
        Part(suffix="_type"),
        Part(suffix="_size", type="integer"),
        Part(suffix="_sha256", length=64),
    )
    is_plain: ClassVar[bool] = False
    is_sortable: ClassVar[bool] = False
    types: tuple[str, ...] = field(default=(), converter=as_types)
    max: int = LARGEST_FILE

    def parse(self, value: object, conventions: Conventions) -> File | None:
        """Return the file with a clean name and its type, from a `File`; one without contents means a stored one.

        The canonical text and the JSON of a file are read, too, and are without contents.
        """
        del conventions
        if value == "":
            return None
        given = value if isinstance(value, File) else self._from_text(value)
        name = clean_name(given.name)
        extension = extension_of(name)
        allowed = self.types or tuple(FILE_TYPES)
        if not name or extension not in allowed:
            shown = name or given.name[:80]
            raise InvalidValue(
                _("The file {name!r} is of none of these types: {types}.", name=shown, types=", ".join(allowed))
            )
        found = evolve(given, name=name, type=FILE_TYPES[extension].media)
        if found.content is not None:
            self.check_content(found, found.content)
        return found

    def check_content(self, file: File, content: bytes) -> None:
        """Refuse contents that are too large, empty, or not of the type that the name says.

        Raises:
            InvalidValue: saying which.
        """
        if len(content) > self.max:
            raise InvalidValue(_("The file {name!r} is larger than {max}.", name=file.name, max=size_text(self.max)))
        if not content:
            raise InvalidValue(_("The file {name!r} is empty.", name=file.name))
        extension = extension_of(file.name)
        if not FILE_TYPES[extension].fits(content):
            raise InvalidValue(
                _("The contents of {name!r} are not those of a {extension} file.", name=file.name, extension=extension)
            )

    @staticmethod
    def _from_text(value: object) -> File:
        given = value
        if isinstance(given, str) and given.lstrip().startswith("{"):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                given = None
        if isinstance(given, dict) and given.keys() == set(PARTS):
            name, _type, size, digest = (given[part] for part in PARTS)
            is_size = isinstance(size, int) and not isinstance(size, bool) and size > 0
            if isinstance(name, str) and is_size and isinstance(digest, str) and DIGEST.match(digest):
                return File(name, size=size, sha256=digest)
        raise InvalidValue(
            _("A file is given with its name and contents, File(name, content=...); a path or a text is none.")
        )

    def dump(self, value: object) -> tuple[object, ...]:
        """Return the four parts."""
        return tuple(getattr(value, part) for part in PARTS)

    def load(self, *raw: object) -> File | None:
        """Return the file without its contents, or None if there is none."""
        name, media, size, digest = raw
        return None if digest is None else File(str(name), type=str(media), size=int(str(size)), sha256=str(digest))

    def to_text(self, value: object) -> str:
        """Return the four parts as JSON."""
        return json.dumps(self.to_json(value), ensure_ascii=False)

    def to_json(self, value: object) -> object:
        """Return an object with the four parts."""
        return {part: getattr(value, part) for part in PARTS}

    def format(self, value: object, conventions: Conventions) -> str:
        """Return the name and the size."""
        del conventions
        assert isinstance(value, File)
        return f"{value.name} ({size_text(value.size)})"

    def key(self, value: object) -> str | None:
        """Return the key of the name."""
        assert isinstance(value, File)
        return search_key(value.name)

    def json_schema(self) -> Mapping[str, object]:
        """Return an object schema."""
        texts = {part: {"type": "string"} for part in PARTS if part != "size"}
        return {
            "type": "object",
            "properties": {**texts, "size": {"type": "integer", "minimum": 1, "maximum": self.max}},
            "required": list(PARTS),
        }


def size_text(size: int) -> str:
    """Return a number of bytes as people read it: 950 B, 12 kB, 25 MB (1 kB is 1024 bytes)."""
    for unit, worth in (("MB", 2**20), ("kB", 2**10)):
        if size >= worth:
            return f"{size / worth:.1f} {unit}".replace(".0 ", " ")
    return f"{size} B"
