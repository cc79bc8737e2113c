"""What users see: of a text that may be hidden, and of what plugins tell them on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.errors import FieldHidden, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Record, Ref, Session
    from crmkit.core.lifecycle.questions import Questions

    Seen = set[tuple[int, Ref[object]]]
    """Users' ids, and records that they may read."""


def seen(record: Record, name: str) -> str | None:
    """Return a text of a record, None if it is hidden."""
    try:
        value = getattr(record, name)
    except FieldHidden:
        return None
    return None if value is None else str(value)


class Eyes:
    """What several users may see, each asked for once; the session must have system reach."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._users: dict[int, Questions | None] = {}

    def of(self, user: Ref[object]) -> Questions | None:
        """Return what asks with the reach of a user; None of one who is gone, and sees nothing."""
        if int(user) not in self._users:
            try:
                self._users[int(user)] = self._session.seen_by(user)
            except NotFoundError:
                self._users[int(user)] = None
        return self._users[int(user)]

    def see(self, user: Ref[object], entity: str, field: str) -> bool:
        """Return whether a user may see a field of an entity."""
        found, asking = self._session.model.entities[entity], self.of(user)
        return asking is not None and field in found.fields and asking.principal.sees(found, found.fields[field])

    def reading(self, wanted: Iterable[tuple[Ref[object], Ref[object]]]) -> Seen:
        """Return which of some users may read which records, in a statement for each user and entity."""
        numbers: dict[tuple[Ref[object], str], set[int]] = {}
        for user, record in wanted:
            numbers.setdefault((user, record.entity), set()).add(int(record))
        return {
            (int(user), ref_class(entity)(number))
            for (user, entity), some in numbers.items()
            if (asking := self.of(user)) is not None
            for number in asking.readable_ids(entity, sorted(some))
        }
