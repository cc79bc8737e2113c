"""The session: the only thing that changes the world, by named commands, in one transaction."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar, cast

from attrs import evolve

from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle import (
    changing,
    creating,
    deleting,
    emitting,
    enqueuing,
    explaining,
    idempotency,
    lookups,
    moving,
    profiles,
    provenance,
    sharing,
    timeline,
)
from crmkit.core.lifecycle.calendars import Calendars
from crmkit.core.lifecycle.cautions import Caution
from crmkit.core.lifecycle.custom_fields.guarding import CustomFields
from crmkit.core.lifecycle.duplicates import known_as
from crmkit.core.lifecycle.duplicates.identity import Identity
from crmkit.core.lifecycle.levels.levels import Levels
from crmkit.core.lifecycle.notices.commands import Notifying
from crmkit.core.lifecycle.privacy import accesses
from crmkit.core.lifecycle.privacy.consents import Consents
from crmkit.core.lifecycle.together import one_entity
from crmkit.core.lifecycle.trail import Trail
from crmkit.core.reading.reports.running import run_report
from crmkit.core.storage.locks import hold, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from types import TracebackType

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.explaining import Explanation
    from crmkit.core.lifecycle.lookups import ExternalRecord
    from crmkit.core.lifecycle.profiles import Profile
    from crmkit.core.lifecycle.provenance import Link
    from crmkit.core.lifecycle.sharing import Access, Share
    from crmkit.core.lifecycle.timeline import HistoryEntry, TimelineEntry
    from crmkit.core.reading.page import Page
    from crmkit.core.reading.reports.table import Table

R = TypeVar("R", bound=Record)
"""The entity of the records that a command takes and gives."""


class Session(Notifying):
    """One actor's transaction.

    It is committed at the end of the `with` block and rolled back if an error leaves it. Records are values: commands
    return them anew.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.unit.finish(failed=error is not None)
        finally:
            accesses.keep(self, failed=error is not None)

    @cached_property
    def acting(self) -> Session:
        """The same session with the reach of who acts, for guards and reactions that say something to the actor."""
        if not self.principal.reaches_all or self.principal.user is None:
            return self
        return Session(self.model, self.tables, self.unit, evolve(self.principal, reaches_all=False), self.statements)

    def caution(self, record: Record | Ref[object], path: str, text: str, /, *, detail: object = None) -> None:
        """Tell the session of something about a record that was written, which is no reason to refuse it.

        It is all that the actor sees of it: quote nothing that it may not know.
        """
        found = record if isinstance(record, Ref) else record.ref
        self.unit.cautions.append(Caution(record=found, path=path, text=text, detail=detail))

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What this session was told about records that it has written."""
        return tuple(self.unit.cautions)

    @cached_property
    def elevated(self) -> Session:
        """The same session with system reach, as guards and reactions of plugins get it; the actor stays the same."""
        if self.principal.reaches_all:
            return self
        return Session(self.model, self.tables, self.unit, evolve(self.principal, reaches_all=True), self.statements)

    @cached_property
    def actor_ref(self) -> Ref[object] | None:
        """The acting user, None for the system."""
        return None if self.principal.user is None else ref_class("user")(self.principal.user)

    @property
    def identity(self) -> Identity:
        """What tells which records are likely to be the same."""
        return Identity(self)

    @property
    def levels(self) -> Levels:
        """What asks level rules again."""
        return Levels(self)

    @property
    def calendars(self) -> Calendars:
        """The business calendars, and the hours of users and teams."""
        return Calendars(self)

    @property
    def custom_fields(self) -> CustomFields:
        """What guards the definitions of custom fields."""
        return CustomFields(self)

    @property
    def consents(self) -> Consents:
        """What persons have agreed to."""
        return Consents(self)

    @property
    def audit(self) -> Trail:
        """What reads the audit trail, for those who may."""
        return Trail(self)

    def create(self, entity: type[R], /, *, idempotency_key: str | None = None, **values: object) -> R:
        """Create a record. With an idempotency key, a repeated call returns the record that the first one made.

        Raises:
            Refused: with everything that is wrong.
            AccessDeniedError: if the actor may not create it.
            KeyReusedError: if the key came with another command before.
        """
        found = self.model.entity(entity)
        if idempotency_key is None:
            return cast("R", creating.create(self, found, [values])[0])
        command = ("create", found.name, values)
        return cast(
            "R", idempotency.once(self, idempotency_key, command, lambda: creating.create(self, found, [values])[0])
        )

    def create_many(self, entity: type[R], rows: Iterable[Mapping[str, object]], /) -> list[R]:
        """Create records, all or none, at bulk speed.

        Raises:
            Refused: with everything that is wrong with any of them; `index` counts the rows from 0.
            AccessDeniedError: if the actor may not create one of them.
        """
        listed = list(rows)
        return cast("list[R]", creating.create(self, self.model.entity(entity), listed)) if listed else []

    def update(self, record: R, /, *, idempotency_key: str | None = None, **values: object) -> R:
        """Change a record and return it as it is now; the version that is given must be the current one.

        Raises:
            ConflictError: naming the fields that somebody else changed meanwhile.
            Refused: with everything that is wrong.
            AccessDeniedError: if the actor may not change it.
        """
        found = self.model.entity(record)
        if idempotency_key is None:
            return cast("R", changing.update(self, found, [(record, values)])[0])
        command = ("update", str(record.ref), values)
        return cast(
            "R",
            idempotency.once(
                self, idempotency_key, command, lambda: changing.update(self, found, [(record, values)])[0]
            ),
        )

    def update_many(self, changes: Iterable[tuple[R, Mapping[str, object]]], /) -> list[R]:
        """Change records of one entity, each with its own values, all or none.

        Raises:
            ConflictError, Refused, AccessDeniedError: as `update`.
        """
        pairs = list(changes)
        if not pairs:
            return []
        entity = one_entity(self.model, (record for record, _ in pairs))
        return cast("list[R]", changing.update(self, entity, pairs))

    def set_external_id(self, record: Record, system: str, value: str, /) -> Record:
        """Note the id that a record has in another system; noting it again changes nothing.

        Raises:
            Refused: if another record of the entity has it.
            AccessDeniedError: if the actor may not change the record.
        """
        return known_as.set_external_id(self, record, system, value)

    def by_external_id(self, entity: type[R], system: str, value: str, /) -> R:
        """Return the record that has an id in another system.

        Raises:
            NotFoundError: if there is none that the actor may see.
        """
        return cast("R", known_as.by_external_id(self, self.model.entity(entity), system, value))

    def delete(self, record: Record, /) -> None:
        """Delete a record and its parts. It is hidden, not gone: see `restore`.

        Raises:
            ConflictError, Refused, AccessDeniedError: as `update`.
        """
        deleting.delete(self, self.model.entity(record), [record])

    def delete_many(self, records: Iterable[Record], /) -> None:
        """Delete records of one entity and their parts, all or none.

        Raises:
            ConflictError, Refused, AccessDeniedError: as `update`.
        """
        listed = list(records)
        if listed:
            deleting.delete(self, one_entity(self.model, listed), listed)

    def restore(self, entity: type[R], number: int, /) -> R:
        """Bring a deleted record back, with the parts that were deleted along with it.

        Raises:
            NotFoundError: if there is no such deleted record.
            Refused: if another record has taken a unique value meanwhile.
        """
        return cast("R", deleting.restore(self, self.model.entity(entity), int(number)))

    def move(
        self,
        record: R,
        to: str,
        /,
        *,
        pipeline: str | None = None,
        idempotency_key: str | None = None,
        **values: object,
    ) -> R:
        """Move a record to another stage, giving values along with it if the stage wants them.

        Raises:
            Refused: with every gate that is not met.
            ConflictError, AccessDeniedError: as `update`.
        """
        found = self.model.entity(record)

        def act() -> Record:
            return moving.move(self, found, [(record, values)], to, pipeline)[0]

        if idempotency_key is None:
            return cast("R", act())
        command = ("move", str(record.ref), to, pipeline, values)
        return cast("R", idempotency.once(self, idempotency_key, command, act))

    def move_many(self, records: Iterable[R], to: str, /, **values: object) -> list[R]:
        """Move records of one entity to a stage, all or none.

        Raises:
            Refused, ConflictError, AccessDeniedError: as `move`.
        """
        listed = list(records)
        if not listed:
            return []
        pairs = [(record, values) for record in listed]
        return cast("list[R]", moving.move(self, one_entity(self.model, listed), pairs, to))

    def emit(self, name: str, record: Record, payload: Mapping[str, object] | None = None) -> None:
        """Write a declared event about a record into the outbox.

        Raises:
            UnknownNameError: if no enabled plugin declares the event.
            AccessDeniedError: if the actor may not change the record.
        """
        emitting.emit(self, name, record, payload)

    def enqueue(self, job: str, /, *, key: str | None = None, at: datetime | None = None, **parameters: object) -> bool:
        """Ask for a run of a job, by a worker, once this transaction is committed; return whether it is a new one.

        With a `key`, a job is enqueued but once for as long as its run is remembered. `at` (UTC) is the moment before
        which it is not done. For programs and plugins: the session must have system reach.

        Raises:
            UnknownNameError: if there is no such job.
            Refused: if a parameter doesn't fit.
            AccessDeniedError: if the actor is a user.
        """
        return enqueuing.enqueue(self, job, parameters, key=key, at=at)

    def link(self, source: Record, kind: str, target: Record, /) -> Link:
        """Note where a record came from: lead `converted_to` opportunity, quote `became` order. Twice is once."""
        return provenance.link(self, source, kind, target)

    def trace(self, record: Record, /) -> list[Link]:
        """Return the links that lead to a record, from its nearest predecessors back to the origin."""
        return provenance.trace(self, record)

    def share(
        self, record: Record, to: Record | Ref[object], /, *, access: Access = "read", until: object = None
    ) -> Share:
        """Open a record to a user, or to a team and those below it, to read or to write, to a moment if wished.

        Raises:
            NotFoundError, AccessDeniedError, Refused: see `sharing.share`.
        """
        return sharing.share(self, record, to, access=access, until=until)

    def unshare(self, record: Record, to: Record | Ref[object], /) -> bool:
        """Close a record to a user or team again, and return whether it was shared with it."""
        return sharing.unshare(self, record, to)

    def shares(self, record: Record, /) -> list[Share]:
        """Return with whom a record is shared."""
        return sharing.shares(self, record)

    def explain(self, record: Record, user: Record | Ref[object], /) -> Explanation:
        """Explain what a user may do with a record: which role, level or share allows it, and which fields are hidden.

        Raises:
            AccessDeniedError: if it is about somebody else and the actor may not change every user.
        """
        return explaining.explain(self, record, user)

    def transfer(self, record: R, to: Record | Ref[object], /, *, along: Iterable[str] = ()) -> list[Record]:
        """Give a record to another owner, along with what refers to it and has the same owner; return all of them."""
        return sharing.transfer(self, record, to, tuple(along))

    def history(self, record: Record, /) -> list[HistoryEntry]:
        """Return what was changed in a record, by whom and when, newest first."""
        return timeline.history(self, record)

    def timeline(self, record: Record, /, *, limit: int = 50, after: str | None = None) -> Page[TimelineEntry]:
        """Return what happened around a record: its own changes and the records that refer to it, newest first."""
        return timeline.timeline(self, record, limit=limit, after=after)

    def lookup(self, system: str, id: str, /) -> ExternalRecord:
        """Return what another system knows of one of its records, read now and stored nowhere.

        Raises:
            UnknownNameError, AccessDeniedError, NotFoundError, SourceFailedError: see `lookups.lookup`.
        """
        return lookups.lookup(self, system, id)

    def lookups(self, record: Record, /) -> list[ExternalRecord]:
        """Return what all other systems know of a record, by its external ids; each system is asked once.

        Raises:
            NotFoundError: if the actor doesn't see the record.
        """
        return lookups.lookups(self, record)

    def profile(self, record: Record | Ref[object], /, *, timeline: int = 20) -> Profile:
        """Return all that is around a record, section by section, with the latest of its timeline, in few statements.

        Raises:
            NotFoundError: if there is no such record, or none that the actor may see.
        """
        return profiles.profile(self, record, timeline=timeline)

    def report(self, name: str, /, **parameters: object) -> Table:
        """Run a report.

        Raises:
            UnknownNameError: if there is no such report.
            AccessDeniedError: if the actor may read none of what it is about.
            Refused: if a parameter doesn't fit.
        """
        return run_report(self, name, parameters)

    def make(self, entity: EntityModel, values: Mapping[str, object]) -> Record:
        """Return a record of these values, others being None."""
        made, value_of = object.__new__(entity.record_class), values.get
        for name, setter in entity.setters:
            setter(made, value_of(name))
        return made

    def serialise(self, name: str, *, shared: bool = False) -> None:
        """Wait until no other transaction holds this name, and hold it to the end of this one.

        With `shared`, any number may hold it together, and only whoever wants it alone waits, or is waited for.
        """
        self.unit.check_writable()
        (share if shared else hold)(self.unit.connection, self.tables, name)
