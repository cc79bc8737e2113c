"""Subjects: what reminders are about, read for many of them at once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit import Ref
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.filling import records_of
from crmkit_activities.referring import chunks
from crmkit_activities.reminders.reminder import Reminder
from crmkit_activities.reminders.series import recurs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from crmkit import Record, Session


OFF = "off and about.entity == 'calendar_event' and about.id in given.some"


@frozen
class Subjects:
    """The records that some reminders are about.

    Attributes:
        records: those that are there, by entity and id.
        occurrences: the changed occurrences of the series among them, by the ids of the series.
        off: for whom reminders about the series are switched off, and for which of these occurrences.
    """

    records: Mapping[tuple[str, int], Record]
    occurrences: Mapping[int, Sequence[Record]]
    off: frozenset[tuple[object, int]]

    @classmethod
    def of(cls, session: Session, references: Iterable[object]) -> Subjects:
        """Read what references point to: a statement for each entity, and one for the changed occurrences."""
        records = records_of(session, references)
        occurrences: dict[int, list[Record]] = {}
        for some in chunks(sorted(each.id for each in records.values() if recurs(each))):
            for each in session.find(CalendarEvent, "series in given.some", given={"some": some}):
                assert isinstance(each.series, Ref)
                occurrences.setdefault(int(each.series), []).append(each)
        return cls(records, occurrences, frozenset(switched_off(session, chain.from_iterable(occurrences.values()))))

    def about(self, reminder: Record) -> Record | None:
        """Return the record that a reminder is about, if it is there."""
        about = reminder.about
        return self.records.get((about.entity, int(about))) if isinstance(about, Ref) else None

    def is_off(self, reminder: Record, event: Record) -> bool:
        """Return whether the owner of a reminder is not to be reminded of a changed occurrence by its series."""
        return (reminder.owner, event.id) in self.off

    def changed(self, about: Record | None) -> Sequence[Record]:
        """Return the changed occurrences of a series."""
        return () if not isinstance(about, CalendarEvent) else self.occurrences.get(about.id, ())


def switched_off(session: Session, occurrences: Iterable[Record]) -> Iterator[tuple[object, int]]:
    """Yield for whom reminders are switched off, and for which of some changed occurrences, by id."""
    for some in chunks(sorted(each.id for each in occurrences)):
        for each in session.find(Reminder, OFF, given={"some": some}):
            assert isinstance(each.about, Ref)
            yield each.owner, int(each.about)
