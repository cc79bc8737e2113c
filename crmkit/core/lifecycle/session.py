"""The session: the only thing that changes the world, by named commands, in one transaction."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar, cast

from attrs import evolve

from crmkit.core.assemble.model import known
from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref, ref_class
from crmkit.core.lifecycle import changing, creating, deleting, idempotency, moving, provenance, timeline
from crmkit.core.lifecycle.access import readable_ids, within
from crmkit.core.lifecycle.homezone import day_of
from crmkit.core.lifecycle.ledger import emit
from crmkit.core.reading.context import ReadContext
from crmkit.core.reading.reader import Reader
from crmkit.core.reading.reports.running import run_report
from crmkit.core.reading.trees import ancestors
from crmkit.errors import AccessDeniedError, DeclarationError, NotFoundError, Refusal, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from types import TracebackType

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.lifecycle.ledger import Statements
    from crmkit.core.lifecycle.provenance import Link
    from crmkit.core.lifecycle.timeline import HistoryEntry, TimelineEntry
    from crmkit.core.lifecycle.unit import Unit
    from crmkit.core.reading.page import Page
    from crmkit.core.reading.permission import Principal
    from crmkit.core.reading.reports.table import Table
    from crmkit.core.storage.tables import Tables

R = TypeVar("R", bound=Record)
"""The entity of the records that a command takes and gives."""


class Session:
    """One actor's transaction.

    It is committed at the end of the `with` block and rolled back if an error leaves it. Records are values: commands
    return them anew. In a filter, `given.name` stands for the value `given={"name": ...}`.

    Attributes:
        model: the assembled Model.
        principal: who acts.
        unit: the transaction, shared with `elevated`.
    """

    def __init__(self, model: Model, tables: Tables, unit: Unit, principal: Principal, statements: Statements) -> None:
        self.model = model
        self.tables = tables
        self.unit = unit
        self.principal = principal
        self.statements = statements

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unit.finish(failed=error is not None)

    @cached_property
    def elevated(self) -> Session:
        """The same session with system reach, as guards and reactions of plugins get it; the actor stays the same."""
        if self.principal.reaches_all:
            return self
        return Session(self.model, self.tables, self.unit, evolve(self.principal, reaches_all=True), self.statements)

    @property
    def reacher(self) -> Principal:
        """Whose reach binds this session."""
        return self.principal

    @cached_property
    def actor_ref(self) -> Ref[object] | None:
        """The acting user, None for the system."""
        return None if self.principal.user is None else ref_class("user")(self.principal.user)

    @property
    def today(self) -> date:
        """The day in the CRM's home time zone."""
        return day_of(self.unit.now, self.model.conventions.time_zone)

    @property
    def reader(self) -> Reader:
        """The read side, as this session's actor sees it."""
        self.unit.check_readable()
        context = ReadContext(
            now=self.unit.now,
            today=self.today,
            actor=self.principal.user,
            team=self.principal.team,
            conventions=self.model.conventions,
            reach=self.principal.reach,
            access_key=self.principal.key,
        )
        return Reader(self.model, self.tables, self.unit.connection, context, self.statements.plans)

    def setting(self, name: str) -> object:
        """Return the value of a setting.

        Raises:
            UnknownNameError: if no enabled plugin declares it.
        """
        return self.model.setting(name)

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
        return cast("list[R]", creating.create(self, self.model.entity(entity), list(rows)))

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
        entity = self._one_entity(record for record, _ in pairs)
        return cast("list[R]", changing.update(self, entity, pairs))

    def delete(self, record: Record, /) -> None:
        """Delete a record and its parts. It is hidden, not gone: see `restore`.

        Raises:
            ConflictError, Refused, AccessDeniedError: as `update`.
        """
        deleting.delete(self, self.model.entity(record), [record])

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
        return cast("list[R]", moving.move(self, self._one_entity(listed), pairs, to))

    def emit(self, name: str, record: Record, payload: Mapping[str, object] | None = None) -> None:
        """Write a declared event about a record into the outbox.

        Raises:
            UnknownNameError: if no enabled plugin declares the event.
            AccessDeniedError: if the actor may not change the record.
        """
        known(self.model.events, name, "event")
        self.unit.check_writable()
        entity = record.__crmkit_entity__.name
        if not self.principal.reaches_all and not within(self, entity, [record.id], "update"):
            raise AccessDeniedError(action=f"emit {name} about", entity=entity, actor=self.principal.name)
        emit(self, name, record, payload)

    def get(self, entity: type[R] | Ref[R], number: int | None = None, /, *, include: Sequence[str] = ()) -> R:
        """Return a record by its reference, or by entity and id.

        The references named in `include` are fetched in the same statement; a `get` of them right after, before any
        write, costs nothing.

        Raises:
            NotFoundError: if there is no such record, or none that the actor may see.
        """
        found = self.model.entity(cast("type | Ref[object]", entity))
        wanted = int(entity) if isinstance(entity, Ref) else int(number or 0)
        self.unit.check_readable()
        ready = self.unit.included.pop((found.name, wanted), None)
        if ready is not None:
            return cast("R", ready)
        answer = self.reader.get(found, wanted, include)
        if answer is None:
            raise NotFoundError(entity=found.name, id=wanted)
        record, included = answer
        self.unit.included.update({(each.__crmkit_entity__.name, each.id): each for each in included.values()})
        return cast("R", record)

    def by_id(self, entity: EntityModel, numbers: Iterable[int]) -> dict[int, Record]:
        """Return those of the records that exist and that the actor may see, by id, in one statement."""
        return self.reader.by_id(entity, numbers)

    def readable_ids(self, entity: str, numbers: Iterable[int]) -> set[int]:
        """Return those of the ids whose records exist and are seen by the actor."""
        return readable_ids(self, entity, numbers)

    def find(
        self,
        entity: type[R],
        where: str | Mapping[str, object] | None = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[R]:
        """Return the records that a filter and a search text select; `next` of the page is the cursor of the next.

        Raises:
            FilterError: pointing at what is wrong in the filter.
        """
        found = self.model.entity(entity)
        page = self.reader.find(found, where, given=given, search=search, order=order, limit=limit, after=after)
        return cast("Page[R]", page)

    def rows(
        self,
        entity: type[Record],
        fields: Sequence[str],
        where: str | Mapping[str, object] | None = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: str | Sequence[str] | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[tuple[object, ...]]:
        """Return values of fields instead of records; dotted paths reach into what references point to.

        Raises:
            FilterError: pointing at what is wrong in the filter, or naming an unknown field.
        """
        found = self.model.entity(entity)
        return self.reader.rows(found, fields, where, given=given, search=search, order=order, limit=limit, after=after)

    def count(
        self,
        entity: type[Record],
        where: str | Mapping[str, object] | None = None,
        *,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
    ) -> int:
        """Return how many records a filter and a search text select.

        Raises:
            FilterError: pointing at what is wrong in the filter.
        """
        return self.reader.count(self.model.entity(entity), where, given=given, search=search)

    def aggregate(
        self,
        entity: type[Record] | str,
        *,
        by: Sequence[str] = (),
        measures: Mapping[str, str],
        where: str | Mapping[str, object] | None = None,
        given: Mapping[str, object] | None = None,
        search: str | None = None,
        order: str | Sequence[str] | None = None,
    ) -> list[tuple[object, ...]]:
        """Return measures such as `count()` or `sum(amount)`, grouped by fields; money is in the base currency.

        Raises:
            FilterError: pointing at what is wrong.
        """
        return self.reader.aggregate(
            self.model.entity(entity), by=by, measures=measures, where=where, given=given, search=search, order=order
        )

    def related(
        self, record: Record, entity: type[R], /, *, by: str | None = None, order: str | None = None
    ) -> Page[R]:
        """Return the records of an entity that refer to a record, through the field `by` if there are several.

        Raises:
            DeclarationError: if no field, or more than one, of the entity refers to the record's.
        """
        found = self.model.entity(entity)
        source = self.model.entity(record).name
        fields = [name for name in found.references if found.fields[name].target == source]
        if by is None and len(fields) != 1:
            problem = f"fields that refer to a {source}: {', '.join(fields) or 'none'}; say by= which one is meant."
            raise DeclarationError(subject=f"related {found.name}", problem=problem)
        return self.find(entity, {by or fields[0]: record}, order=order)

    def ancestors(self, record: Ref[object], parent: str) -> list[int]:
        """Return the ids above a record in the tree of its field `parent`, nearest first; unseen ones are left out."""
        self.unit.check_readable()
        entity = self.model.entity(record)
        found = ancestors(self.unit.connection, self.tables[entity.name], entity.fields[parent], int(record))
        if self.principal.reaches_all:
            return found
        seen = self.readable_ids(entity.name, [int(record), *found])
        return [each for each in found if each in seen] if int(record) in seen else []

    def link(self, source: Record, kind: str, target: Record, /) -> Link:
        """Note where a record came from: lead `converted_to` opportunity, quote `became` order. Twice is once."""
        return provenance.link(self, source, kind, target)

    def trace(self, record: Record, /) -> list[Link]:
        """Return the links that lead to a record, from its nearest predecessors back to the origin."""
        return provenance.trace(self, record)

    def history(self, record: Record, /) -> list[HistoryEntry]:
        """Return what was changed in a record, by whom and when, newest first."""
        return timeline.history(self, record)

    def timeline(self, record: Record, /, *, limit: int = 50, after: str | None = None) -> Page[TimelineEntry]:
        """Return what happened around a record: its own changes and the records that refer to it, newest first."""
        return timeline.timeline(self, record, limit=limit, after=after)

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
        made = object.__new__(entity.record_class)
        for name, setter in entity.setters:
            setter(made, values.get(name))
        return made

    def serialise(self, name: str) -> None:
        """Wait until no other transaction holds this name, and hold it to the end of this one."""
        self.unit.check_writable()
        if self.unit.connection.dialect.name == "postgresql":
            self.unit.connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(%s))", (name,))

    def _one_entity(self, records: Iterable[Record]) -> EntityModel:
        entities = {record.__crmkit_entity__.name for record in records}
        if len(entities) != 1:
            text = f"Records of one entity are changed together, not of {', '.join(sorted(entities))}."
            raise Refused(entity="batch", refusals=(Refusal(path="", text=text),))
        return self.model.entity(entities.pop())
