"""Questions: what a session asks of the read side, with its actor's reach. Nothing in here writes."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar, cast

import sqlalchemy as sa

from crmkit.core.declare.kinds import AnyRefKind
from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle import files
from crmkit.core.lifecycle.homezone import day_of
from crmkit.core.lifecycle.merging.redirects import survivor_of
from crmkit.core.lifecycle.privacy.accesses import note
from crmkit.core.reading.context import ReadContext
from crmkit.core.reading.reader import Reader
from crmkit.core.reading.trees import ancestors
from crmkit.core.reading.watching import Watch
from crmkit.errors import DeclarationError, NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.access import Action
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.ledger import Statements
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.lifecycle.unit import Unit
    from crmkit.core.reading.page import Page
    from crmkit.core.reading.permission import Principal
    from crmkit.core.storage.tables import Tables

IDS_AT_ONCE = 500
R = TypeVar("R", bound=Record)
"""The entity of the records that a question is about."""


def may_refer(kind: Kind, entity: str) -> bool:
    """Return whether a reference to records of several entities may point to one of this."""
    return isinstance(kind, AnyRefKind) and (not kind.targets or entity in kind.targets)


class Questions:
    """The reading half of a session.

    In a filter, `given.name` stands for the value `given={"name": ...}`.

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

    @property
    def reacher(self) -> Principal:
        """Whose reach binds this session."""
        return self.principal

    @property
    def today(self) -> date:
        """The day in the CRM's home time zone."""
        self.unit.check_readable()
        return day_of(self.unit.now, self.model.conventions.time_zone)

    @cached_property
    def watch(self) -> Watch | None:
        """What notes which sensitive values the actor is shown; None if it sees none, or is a program."""
        sensitive = {} if self.principal.reaches_all else self.principal.rights.sensitive
        return Watch(sensitive, partial(note, cast("Session", self))) if sensitive else None

    @property
    def reader(self) -> Reader:
        """The read side, as this session's actor sees it."""
        return self.reader_for("read")

    def reader_for(self, action: Action) -> Reader:
        """Return the read side within what the actor may read and do this with, such as export."""
        self.unit.check_readable()
        principal = self.principal
        context = ReadContext(
            now=self.unit.now,
            today=self.today,
            actor=self.principal.user,
            team=self.principal.team,
            conventions=self.model.conventions,
            reach=principal.reach if action == "read" else partial(principal.reach, action=action),
            visible=principal.visible,
            watch=self.watch,
            access_key=(*principal.key, action),
        )
        return Reader(self.model, self.tables, self.unit.connection, context, self.statements.plans)

    def setting(self, name: str) -> object:
        """Return the value of a setting.

        Raises:
            UnknownNameError: if no enabled plugin declares it.
        """
        return self.model.setting(name)

    def get(self, entity: type[R] | Ref[R], number: int | None = None, /, *, include: Sequence[str] = ()) -> R:
        """Return a record by its reference, or by entity and id.

        The id of a record that was merged leads to the one that it lives on in. The references named in `include` are
        fetched in the same statement; a `get` of them right after, before any write, costs nothing.

        Raises:
            NotFoundError: if there is no such record, or none that the actor may see.
        """
        found = self.model.entity(cast("type | Ref[object]", entity))
        wanted = int(entity) if isinstance(entity, Ref) else int(number or 0)
        self.unit.check_readable()
        ready = self.unit.included.pop((self.principal.reaches_all, found.name, wanted), None)
        if ready is not None:
            return cast("R", ready)
        answer = self.reader.get(found, wanted, include)
        if answer is None:
            into = survivor_of(self, found.name, wanted)
            answer = None if into is None else self.reader.get(found, into, include)
        if answer is None:
            raise NotFoundError(entity=found.name, id=wanted)
        record, included = answer
        reach = self.principal.reaches_all
        self.unit.included.update({(reach, each.__crmkit_entity__.name, each.id): each for each in included.values()})
        return cast("R", record)

    def content(self, record: Record, field: str, /) -> bytes:
        """Return the contents of the file that a record has in a field now.

        Raises:
            NotFoundError: if the actor doesn't see the record, or it has no file there.
            FieldHidden: if the actor may not see the field.
            FileDamagedError: if the contents are not what was stored.
        """
        return files.content(self, record, field)

    def by_id(self, entity: EntityModel, numbers: Iterable[int]) -> dict[int, Record]:
        """Return those of the records that exist and that the actor may see, by id, in one statement."""
        return self.reader.by_id(entity, numbers)

    def readable_ids(self, entity: str, numbers: Iterable[int], *, keep: bool = False) -> set[int]:
        """Return those of the ids whose records are there and may be read.

        With `keep`, nobody merges them before the end of the transaction.
        """
        found = self.model.entities.get(entity)
        if found is None:
            return set()
        self.unit.check_readable()
        table = self.tables[entity]
        reach = self.principal.reach(found, table, "read")
        living = table.c.deleted_at.is_(None) if reach is None else sa.and_(table.c.deleted_at.is_(None), reach)
        wanted, seen = list(numbers), set[int]()
        for start in range(0, len(wanted), IDS_AT_ONCE):
            query = sa.select(table.c.id).where(table.c.id.in_(wanted[start : start + IDS_AT_ONCE]), living)
            if keep:
                query = query.with_for_update(read=True, key_share=True, of=table)
            seen.update(self.unit.connection.execute(query).scalars())
        return seen

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

        A reference to any entity counts if no other field refers to the record's.

        Raises:
            DeclarationError: if no field, or more than one, of the entity refers to the record's.
        """
        found = self.model.entity(entity)
        source = self.model.entity(record).name
        sees = self.principal.sees
        refers = [each for each in map(found.field, found.references) if sees(found, each)]
        fields = [each.name for each in refers if each.target == source]
        fields = fields or [each.name for each in refers if may_refer(each.kind, source)]
        if by is None and len(fields) != 1:
            problem = _(
                "fields that refer to a {source}: {names}; say by= which one is meant.",
                source=source,
                names=", ".join(fields) or _("none"),
            )
            raise DeclarationError(subject=_("related {found}", found=found.name), problem=problem)
        return self.find(entity, {by or fields[0]: record}, order=order)

    def ancestors(self, record: Ref[object], parent: str) -> list[int]:
        """Return the ids above a record in the tree of its field `parent`, nearest first; unseen ones are left out."""
        self.unit.check_readable()
        entity = self.model.entity(record)
        if not self.principal.sees(entity, entity.fields[parent]):
            return []
        found = ancestors(self.unit.connection, self.tables[entity.name], entity.fields[parent], int(record))
        if self.principal.reaches_all:
            return found
        seen = self.readable_ids(entity.name, [int(record), *found])
        return [each for each in found if each in seen] if int(record) in seen else []
