"""Subjects: what reminders are about, read for many of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.filling import records_of
from crmkit_activities.referring import chunks
from crmkit_activities.reminders.series import recurs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import Record, Session


@frozen
class Subjects:
    """The records that some reminders are about.

    Attributes:
        records: those that are there, by entity and id.
        occurrences: the changed occurrences of the series among them, by the ids of the series.
    """

    records: Mapping[tuple[str, int], Record]
    occurrences: Mapping[int, Sequence[Record]]

    @classmethod
    def of(cls, session: Session, references: Iterable[object]) -> Subjects:
        """Read what references point to: a statement for each entity, and one for the changed occurrences."""
        records = records_of(session, references)
        occurrences: dict[int, list[Record]] = {}
        for some in chunks(sorted(each.id for each in records.values() if recurs(each))):
            for each in session.find(CalendarEvent, "series in given.some", given={"some": some}):
                assert isinstance(each.series, Ref)
                occurrences.setdefault(int(each.series), []).append(each)
        return cls(records, occurrences)

    def about(self, reminder: Record) -> Record | None:
        """Return the record that a reminder is about, if it is there."""
        about = reminder.about
        return self.records.get((about.entity, int(about))) if isinstance(about, Ref) else None

    def changed(self, about: Record | None) -> Sequence[Record]:
        """Return the changed occurrences of a series."""
        return () if not isinstance(about, CalendarEvent) else self.occurrences.get(about.id, ())
