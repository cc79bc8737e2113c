"""Drafts: what guards see of a write before it happens, and changes: what reactions see of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from crmkit.core.declare.names import nearest
from crmkit.core.declare.records import STAGE_FIELDS
from crmkit.core.lifecycle.seeing import shown_refusal, unfit
from crmkit.errors import InvalidValue, Refusal
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.stages import Stage
    from crmkit.core.lifecycle.session import Session

T_co = TypeVar("T_co", covariant=True)


class Batch(Generic[T_co]):
    """Drafts or changes of one entity, handled together.

    Attributes:
        entity: the entity of them all.
        plugin: the plugin whose hook is running, so that each refusal has an owner.
    """

    def __init__(self, entity: EntityModel, items: Iterable[T_co], session: Session) -> None:
        self.entity = entity
        self.items = tuple(items)
        self.plugin = "core"
        self._session = session
        self._related: dict[str, dict[int, Record]] = {}
        for item in self.items:
            item._batch = self  # type: ignore[attr-defined]  # noqa: SLF001  (the batch owns its drafts)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def of(self, entity: type | str, *, to: str | None = None) -> Iterator[T_co]:
        """Yield the items if they are of this entity; of moves, those to the stage `to`."""
        if entity == self.entity.name or getattr(entity, "__crmkit_entity__", None) == self.entity.declared:
            for item in self.items:
                if to is None or item.target.name == to:  # type: ignore[attr-defined]
                    yield item

    def related(self, field: str, chosen: int, wanted: Iterable[object]) -> Record | None:
        """Return the record that a reference points to, fetched with those of the whole batch in one statement."""
        found = self._related.setdefault(field, {})
        if chosen not in found:
            target = self._session.model.entities[str(self.entity.field(field).target)]
            missing = [int(each) for each in wanted if isinstance(each, int) and int(each) not in found]
            found.update(self._session.by_id(target, missing))
        return found.get(chosen)


class Draft:
    """A record that is about to be written.

    Attributes:
        entity: its entity.
        record: the record as it is now; None if it is to be created.
        values: the values that are being set, in their proper form.
        index: its position in the batch that was given, counted from 0.
        refusals: why it can't be written; nobody needs to read them but the lifecycle.
    """

    __slots__ = ("_batch", "_plain", "_session", "entity", "index", "preparations", "record", "refusals", "values")
    _batch: Batch[Draft]

    def __init__(
        self,
        session: Session,
        entity: EntityModel,
        *,
        record: Record | None = None,
        values: dict[str, object] | None = None,
        index: int = 0,
    ) -> None:
        self._session = session
        self.entity = entity
        self.record = record
        self.values = {} if values is None else values
        self.index = index
        self.refusals: list[Refusal] = []
        self._plain: tuple[Refusal, ...] = ()
        self.preparations: list[Callable[[Session, Draft], None]] = []

    def get(self, field: str) -> object:
        """Return the value that the field will have."""
        if field in self.values or self.record is None:
            return self.values.get(field)
        return getattr(self.record, field)

    def sets(self, *fields: str) -> bool:
        """Return whether this write gives any of the fields a value."""
        return not self.values.keys().isdisjoint(fields)

    def set(self, field: str, value: object) -> None:
        """Give a field a value, in any form that its kind reads; a value that doesn't fit is a refusal."""
        found = self.entity.writable.get(field)
        if found is None:
            self.refuse(field, self._why_not(field))
            return
        try:
            parsed = None if value is None else found.kind.parse(value, self._session.model.conventions)
        except InvalidValue as error:
            self.refuse(field, unfit(found, error))
            return
        self.values[field] = parsed

    def _why_not(self, field: str) -> str:
        if self.entity.staged and field in STAGE_FIELDS:
            return _("A stage is entered by a move, not by an update.")
        if field in self.entity.fields:
            return _("The system sets this field.")
        return self._no_such(field)

    def _no_such(self, field: str) -> str:
        sees = self._session.principal.rights.sees
        close = nearest(field, [name for name, each in self.entity.writable.items() if sees(self.entity, each)])
        hint = [_("Did you mean {name!r}?", name=close)] if close else []
        return joined([_("There is no such field."), *hint])

    def refuse(self, path: str, text: str) -> None:
        """Refuse the write, for a reason that belongs to a field; all reasons are collected."""
        plugin = self._batch.plugin if hasattr(self, "_batch") else "core"
        self.refusals.append(Refusal(path=path, text=text, plugin=plugin, index=self.index))

    def refuse_locked(self, field: str) -> None:
        """Refuse a value that the actor may not give; of a field that it may not see, as if there were none."""
        if self._session.principal.sees(self.entity, self.entity.fields[field]):
            self.refuse(field, _("You may not change this field."))
        else:
            self.refuse(field, self._no_such(field))
        self._plain += (self.refusals[-1],)

    def shown_refusals(self) -> list[Refusal]:
        """Return the refusals as the actor may read them: none tells what a hidden field holds, or that it is there."""
        principal = self._session.principal
        if principal.user is None:
            return self.refusals
        model, plain = self._session.model, self._plain
        return [
            each if any(each is said for said in plain) else shown_refusal(model, principal.rights, self.entity, each)
            for each in self.refusals
        ]

    def first(self, function: Callable[[Session, Draft], None]) -> None:
        """Have something written just before this record, once it is certain that nothing refuses it."""
        self.preparations.append(function)

    def related(self, field: str) -> Record | None:
        """Return the record that a reference of this draft points to, or None."""
        chosen = self.get(field)
        if not isinstance(chosen, int):
            return None
        return self._batch.related(field, int(chosen), (draft.get(field) for draft in self._batch))

    @property
    def is_closed(self) -> bool:
        """Whether the record's stage will be a closed one."""
        return self.get("stage_kind") in {"won", "lost", "done", "void"}


class CreateDraft(Draft):
    """A record that is about to be created."""

    __slots__ = ()


class UpdateDraft(Draft):
    """A record that is about to be changed."""

    __slots__ = ()


class DeleteDraft(Draft):
    """A record that is about to be deleted."""

    __slots__ = ()


class RestoreDraft(Draft):
    """A deleted record that is about to be brought back, with all the values that it had: it sets every field."""

    __slots__ = ()


class MergeDraft(Draft):
    """A record that is about to be merged: the first of a batch is the one that the others become part of."""

    __slots__ = ()

    @property
    def is_survivor(self) -> bool:
        """Whether it is the record that stays."""
        return self.index == 0


class MoveDraft(Draft):
    """A record that is about to enter a stage.

    A record that is created in another stage than its pipeline's first passes the guards of moves, too: its `record`
    and `source` are None then.

    Attributes:
        source: the stage it is in; None if it is new, or if its stage is no longer part of the pipeline.
        target: the stage it is about to enter.
    """

    __slots__ = ("pipeline", "source", "target")

    def __init__(
        self, session: Session, entity: EntityModel, *, source: Stage | None, target: Stage, **given: object
    ) -> None:
        super().__init__(session, entity, **given)  # type: ignore[arg-type]
        self.source = source
        self.target = target


class Change:
    """A record that was written.

    Attributes:
        before: the record as it was; None if it is new.
        after: the record as it is now.
        changed: the names of the fields whose values are different now; of a new record, those that have one.
        index: its position in the batch that was given.
    """

    __slots__ = ("_batch", "after", "before", "changed", "index", "source", "target")

    def __init__(
        self,
        *,
        before: Record | None,
        after: Record,
        changed: frozenset[str],
        index: int = 0,
        source: Stage | None = None,
        target: Stage | None = None,
    ) -> None:
        self.before = before
        self.after = after
        self.changed = changed
        self.index = index
        self.source = source
        self.target = target


class Emission:
    """A declared event that was written into the outbox.

    Attributes:
        event: its name, such as `order.paid`.
        record: the record that it is about.
        payload: what was said with it.
    """

    __slots__ = ("_batch", "event", "payload", "record")

    def __init__(self, *, event: str, record: Record, payload: Mapping[str, object] | None) -> None:
        self.event = event
        self.record = record
        self.payload = payload or {}
