"""Watching: which sensitive values a read shows, or is asked about, is told to whoever keeps the audit trail.

Only for actors who see sensitive fields: everybody else's reads are not watched, and cost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit.core.declare.records import Record
    from crmkit.core.reading.measures import Measure
    from crmkit.core.reading.paths import Path
    from crmkit.core.reading.requests import Request


class Note(Protocol):
    """Notes that fields of some records were shown; of no records, that they were asked about."""

    def __call__(self, entity: str, fields: Iterable[str], ids: Iterable[int]) -> None:
        """Note it."""


@frozen(eq=False)
class Watch:
    """Watches the reads of one actor.

    Attributes:
        sensitive: by entity, the sensitive fields that the actor sees.
        note: notes what was shown.
    """

    sensitive: Mapping[str, frozenset[str]]
    note: Note

    def records(self, records: Iterable[Record]) -> None:
        """Note which sensitive values some records hold."""
        shown: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for record in records:
            entity = record.__crmkit_entity__.name
            filled = tuple(name for name in self.sensitive.get(entity, ()) if getattr(record, name) is not None)
            if filled:
                shown.setdefault((entity, filled), []).append(record.id)
        for (entity, fields), ids in shown.items():
            self.note(entity, fields, ids)

    def is_sensitive(self, path: Path) -> bool:
        """Return whether a path leads to a sensitive value."""
        return path.field.name in self.sensitive.get(path.entity.name, frozenset())

    def columns(self, paths: Sequence[Path]) -> list[tuple[Path, int]]:
        """Return the sensitive paths with their positions."""
        return [(path, position) for position, path in enumerate(paths) if self.is_sensitive(path)]

    def rows(self, watched: Sequence[tuple[Path, int]], rows: Sequence[Sequence[object]], width: int) -> None:
        """Note which sensitive values stand in rows; behind the first `width` cells come the ids of their records."""
        for offset, (path, position) in enumerate(watched):
            ids = {int(str(row[width + offset])) for row in rows if row[position] is not None}
            if ids:
                self.note(path.entity.name, (path.field.name,), ids)

    def request(self, request: Request) -> None:
        """Note which sensitive fields a read is asked about: what it finds tells of their values."""
        paths = [key.path for key in request.keys]
        if request.filter is not None:
            paths += request.filter.paths
        self.asked(paths)
        names = self.sensitive.get(request.entity.name, frozenset())
        searched = [each.name for each in request.entity.searched if request.search is not None and each.name in names]
        if searched:
            self.note(request.entity.name, searched, ())

    def measures(self, by: Sequence[Path], measures: Sequence[Measure]) -> None:
        """Note which sensitive fields groups and measures tell of."""
        named = [path for each in measures for path in (each.path, each.factor) if path is not None]
        self.asked([*by, *named, *(path for each in measures if each.filter is not None for path in each.filter.paths)])

    def asked(self, paths: Iterable[Path]) -> None:
        """Note which of some paths are sensitive."""
        for path in paths:
            if self.is_sensitive(path):
                self.note(path.entity.name, (path.field.name,), ())
