"""Mappings: which columns of which files go to which fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from crmkit.core.exchange.files import FileOptions
    from crmkit.core.exchange.readings import Reading
    from crmkit.core.exchange.targets import Target
    from crmkit.core.exchange.templates import Template

MODES = ("create", "update", "upsert")
POLICIES = ("error", "skip", "update")


@frozen(kw_only=True)
class ColumnMapping:
    """A column, template or constant, and where its texts go.

    Attributes:
        name: the name of the column; of a template or constant, its path.
        template: for templates, the text with places for columns.
        constant: for constants, the text.
    """

    name: str
    targets: tuple[Target, ...]
    reading: Reading
    template: Template | None = None
    constant: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that are needed."""
        if self.template is not None:
            return self.template.columns
        return () if self.constant is not None else (self.name,)


@frozen(kw_only=True)
class Lookup:
    """How a reference is found: by which fields of the other entity, and what is done if there is no such record."""

    field: str
    entity: str
    by: tuple[str, ...]
    missing: str = "error"
    create: Table[str, str] = attrs.field(factory=dict)


@frozen(kw_only=True)
class FileMapping:
    """One `[[files]]` of a mapping; see `shape.FileTable`.

    Attributes:
        texts: columns whose texts are needed by templates, and how they are read.
    """

    file: str
    options: FileOptions
    entity: str
    mode: str
    key: tuple[str, ...]
    duplicates: str
    distinct: bool
    unmapped: str
    ignore: tuple[str, ...]
    empty: str
    columns: tuple[ColumnMapping, ...]
    lookups: tuple[Lookup, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        return tuple(dict.fromkeys(name for each in self.columns for name in each.columns))

    @property
    def fields(self) -> frozenset[str]:
        """The fields that rows may set."""
        return frozenset(target.field for each in self.columns for target in each.targets)

    @property
    def remembers(self) -> bool:
        """Whether the file brings ids of its own, by which later files of the import refer to its records."""
        return "id" in self.fields and "id" not in self.key


@frozen(kw_only=True)
class Mapping:
    """All that a mapping says.

    Attributes:
        path: the file, or what stands for it in messages.
        digest: equal for equal mappings.
    """

    path: str
    digest: str
    files: tuple[FileMapping, ...]
