"""Reading an archive: nothing in it is trusted until its size, its names and its checksums are known to be right."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.backup.contents import TYPES
from crmkit.core.backup.manifest import LARGEST, NAME, Manifest, TableEntry, read_manifest
from crmkit.errors import BackupError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
LONGEST_LINE = 64 * 2**20
MOST_GROWTH = 2000
RULES = ("CASCADE", "SET NULL", "NO ACTION", "RESTRICT")


@frozen(kw_only=True)
class Archive:
    """An archive that is open, and whose manifest is read."""

    path: str
    file: zipfile.ZipFile
    manifest: Manifest

    def lines(self, name: str) -> Iterator[list[object]]:
        """Yield the rows of a table, checking size, number and checksum on the way.

        Raises:
            BackupError: if the table isn't what the manifest says.
        """
        entry = self.manifest.tables[name]
        digest, rows, size = hashlib.sha256(), 0, 0
        with self.file.open(f"tables/{name}.jsonl") as opened:
            while line := opened.readline(LONGEST_LINE + 1):
                rows, size = rows + 1, size + len(line)
                if len(line) > LONGEST_LINE or size > entry.bytes or rows > entry.rows:
                    self.refuse(_("the table {name} is longer than its manifest says", name=name))
                digest.update(line)
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                if not isinstance(row, list) or len(row) != len(entry.columns):
                    self.refuse(_("line {line} of the table {name} can't be read", line=rows, name=name))
                yield row
        if (rows, size, digest.hexdigest()) != (entry.rows, entry.bytes, entry.sha256):
            self.refuse(_("the table {name} was changed since it was written, or is incomplete", name=name))

    def verify(self) -> None:
        """Read everything once.

        Raises:
            BackupError: if anything isn't what the manifest says.
        """
        for name in self.manifest.tables:
            for _row in self.lines(name):
                pass

    def refuse(self, problem: str) -> None:
        """Refuse the archive."""
        raise BackupError(path=self.path, problem=problem)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an archive, and check its names and sizes.

    Raises:
        BackupError: if it is no backup, is damaged, or is made to do harm.
    """
    try:
        with zipfile.ZipFile(path) as file:
            check_parts(str(path), file)
            with file.open(NAME) as found:
                manifest = read_manifest(str(path), found.read(LARGEST))
            archive = Archive(path=str(path), file=file, manifest=manifest)
            check_manifest(archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BackupError(path=str(path), problem=_("it is no sound archive ({error})", error=error)) from error
    except OSError as error:
        raise BackupError(path=str(path), problem=error.strerror or str(error)) from error


def check_parts(path: str, file: zipfile.ZipFile) -> None:
    """Refuse parts with other names than a backup has, twice the same, or that unpack to far more than they should."""
    names = [each.filename for each in file.infolist()]
    strange = [name for name in names if name != NAME and not TABLE.match(table_of(name) or "")]
    if NAME not in names:
        raise BackupError(path=path, problem=_("it has no manifest"))
    if strange or len(set(names)) != len(names):
        problem = _("it holds what no backup does: {name!r}", name=(strange or names)[0])
        raise BackupError(path=path, problem=problem)
    for each in file.infolist():
        if each.file_size > MOST_GROWTH * max(each.compress_size, 1) or (
            each.filename == NAME and each.file_size > LARGEST
        ):
            raise BackupError(path=path, problem=_("its part {name} unpacks to far too much", name=each.filename))


def table_of(name: str) -> str | None:
    """Return the table that a part holds."""
    return name.removeprefix("tables/").removesuffix(".jsonl") if name.startswith("tables/") else None


def check_manifest(archive: Archive) -> None:
    """Refuse a manifest that names other tables than the archive has, or that no database could hold."""
    parts = {table_of(each.filename) for each in archive.file.infolist()} - {None}
    if parts != set(archive.manifest.tables):
        archive.refuse(_("its manifest names other tables than it holds"))
    for name, entry in archive.manifest.tables.items():
        if not is_sound(entry, archive.manifest):
            archive.refuse(_("its manifest describes the table {name} as none can be", name=name))


def is_sound(entry: TableEntry, manifest: Manifest) -> bool:
    """Return whether a table's description can be made into a table."""
    names = list(entry.columns)
    return (
        names == sorted(names)
        and all(COLUMN.match(name) for name in names)
        and set(entry.columns.values()) <= TYPES.keys()
        and bool(entry.key)
        and set(entry.key) <= set(names)
        and all(
            column in entry.columns and target in manifest.tables and rule in RULES
            for column, target, rule in entry.references
        )
    )
