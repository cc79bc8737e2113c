"""The manifest of an archive: what it holds, of which versions, with the checksum of every table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import cattrs
from attrs import asdict, frozen

from crmkit.errors import BackupError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
NAME = "manifest.json"
LARGEST = 64 * 2**20


@frozen(kw_only=True)
class TableEntry:
    """A table in an archive: `columns` by name with their types, number of rows and bytes, and SHA-256."""

    columns: dict[str, str]
    key: tuple[str, ...]
    references: tuple[tuple[str, str, str], ...]
    rows: int
    bytes: int
    sha256: str


@frozen(kw_only=True)
class Manifest:
    """What an archive holds.

    Attributes:
        format: the version of the archive's format.
        crmkit: the version that wrote it.
        at: when its consistent point was, UTC, ISO 8601.
        database: the kind of database that it was taken from.
        epoch: how often its data had been restored before.
        plugins: the plugins in the ledger, with version and state.
        sequences: the next id of every entity.
        tables: the tables, by name without the prefix.
    """

    format: int
    crmkit: str
    at: str
    database: str
    epoch: int
    plugins: dict[str, tuple[str, str]]
    sequences: dict[str, int]
    tables: dict[str, TableEntry]

    def to_json(self) -> str:
        """Return the manifest as the archive holds it."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)


def read_manifest(path: str, text: bytes) -> Manifest:
    """Return the manifest of an archive.

    Raises:
        BackupError: if it is no manifest, or of a newer format.
    """
    try:
        given: Mapping[str, Any] = json.loads(text)
        if isinstance(given, dict) and isinstance(given.get("format"), int) and given["format"] > FORMAT:
            problem = _("its format {format} is newer than this crmkit; install a newer one", format=given["format"])
            raise BackupError(path=path, problem=problem)
        return cattrs.Converter(forbid_extra_keys=True, detailed_validation=False).structure(given, Manifest)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        problem = _("its manifest can't be read ({error})", error=f"{type(error).__name__}: {error}")
        raise BackupError(path=path, problem=problem) from error
    except (cattrs.errors.BaseValidationError, cattrs.errors.ForbiddenExtraKeysError) as error:
        raise BackupError(path=path, problem=_("its manifest can't be read ({error})", error=error)) from error
