"""The commands of a session that merge records and take them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from crmkit.core.declare.records import Record
from crmkit.core.lifecycle.merging.listing import Merge, merges
from crmkit.core.lifecycle.merging.merge import merge
from crmkit.core.lifecycle.merging.undo import unmerge
from crmkit.core.lifecycle.questions import Questions
from crmkit.core.lifecycle.together import one_entity
from crmkit.errors import NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.lifecycle.session import Session

R = TypeVar("R", bound=Record)
"""The entity of the records that a command takes and gives."""


class Merging(Questions):
    """The part of a session that merges."""

    def merge(self, survivor: R, /, *others: R, values: Mapping[str, object] | None = None) -> R:
        """Merge records into one of the same entity, with all that refers to them, and return it as it is then.

        The survivor keeps its values and gets those that it lacks from the others, in their order; tags are united.
        `values` says otherwise, by field: a value, the record whose value is kept, or `"survivor"`. The others are
        deleted, and their ids lead to the survivor. See `unmerge`.

        Raises:
            Refused: with everything that is wrong.
            ConflictError: if one was changed by somebody else since it was read; `MergedError` if it was merged.
            AccessDeniedError: if the actor may not change and delete every one of them.
        """
        session, records = cast("Session", self), [survivor, *others]
        return cast("R", merge(session, one_entity(self.model, records), records, values or {}))

    def unmerge(self, merge: Merge | Record, /) -> list[Record]:
        """Undo a merge, or the latest one into a record, and return the records that are there again.

        What was changed since the merge stays as it is.

        Raises:
            NotFoundError: if there is nothing to undo, or the actor doesn't see it.
            Refused: if something is in the way, such as a unique value that another record has taken meanwhile.
            AccessDeniedError: if the actor may not change and delete all of them.
        """
        if isinstance(merge, Merge):
            return unmerge(cast("Session", self), merge)
        found = next((each for each in self.merges(merge) if each.undone_at is None), None)
        if found is None:
            raise NotFoundError(entity=_("merge into {ref}", ref=merge.ref), id="")
        return unmerge(cast("Session", self), found)

    def merges(self, record: Record, /) -> list[Merge]:
        """Return the merges into a record, the latest first, undone ones included."""
        return merges(cast("Session", self), record)
