"""Changing records: the versioned update that every change, move, deletion and restoration comes down to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import actions_of, check_handover, note_readable
from crmkit.core.lifecycle.branches import follow_trees
from crmkit.core.lifecycle.drafts import Batch, Change, UpdateDraft
from crmkit.core.lifecycle.duplicates.finding import dedupe, settle
from crmkit.core.lifecycle.duplicates.keys import concerns, follow
from crmkit.core.lifecycle.files import store_contents, take_contents
from crmkit.core.lifecycle.hooking import CHANGES, DRAFTS, prepare, refuse_all, run_hook
from crmkit.core.lifecycle.levels.grading import grade
from crmkit.core.lifecycle.merging.redirects import merged_error
from crmkit.core.lifecycle.seeing import differing, shown, visible, whole
from crmkit.core.lifecycle.validation import check_unique, refuse_duplicate, validate
from crmkit.core.lifecycle.values import normalise, price
from crmkit.core.reading.sharing import NOW
from crmkit.errors import AccessDeniedError, ConflictError, FieldHidden, NotFoundError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.access import Action
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.session import Session

MANY = 8
"""So many records are written together, in a savepoint of their own."""


def update(session: Session, entity: EntityModel, given: Sequence[tuple[Record, Mapping[str, object]]]) -> list[Record]:
    """Change records, all or none, and return them as they are now; what is the same already is no change.

    Raises:
        ConflictError: if one was changed by somebody else since it was read.
        AccessDeniedError: if the actor may not change it.
        Refused: with everything that is wrong with any of them.
        PluginFailedError: if a plugin's hook raised.
    """
    with session.unit.command(writes_much=len(given) > 1):
        drafts = [
            UpdateDraft(session, entity, record=whole(session, entity, current(session, record)), index=index)
            for index, (record, _) in enumerate(given)
        ]
        for draft, (_, values) in zip(drafts, given, strict=True):
            normalise(session, draft, values)
            drop_unchanged(draft)
        active = [draft for draft in drafts if draft.values or draft.refusals]
        batch = Batch(entity, active, session)
        if active:
            run_hook(session, "crmkit_before_update", DRAFTS, batch)
            for draft in active:
                drop_unchanged(draft)
            active = [draft for draft in active if draft.values or draft.refusals or draft.preparations]
            changes = write(session, entity, active, "update", "updated")
            note_readable(session, entity, [change.after for change in changes])
            with session.unit.writing():
                run_hook(session, "crmkit_after_update", CHANGES, Batch(entity, changes, session))
        return shown(session, entity, (current(session, record) for record, _ in given))


def current(session: Session, record: Record) -> Record:
    """Return the record as this transaction last wrote it, if it did so after reading the one that is given."""
    found = session.unit.latest.get((record.__crmkit_entity__.name, record.id))
    if found is None:
        return record
    first, latest = found
    return latest if first <= record.version <= latest.version else record


def drop_unchanged(draft: Draft) -> None:
    """Drop the values that the record has already."""
    for name in list(draft.values):
        try:
            same = getattr(draft.record, name) == draft.values[name]
        except FieldHidden:
            continue
        if same:
            del draft.values[name]


def write(session: Session, entity: EntityModel, drafts: Sequence[Draft], action: str, event: str) -> list[Change]:
    """Validate and write drafts of existing records, with their changes and events."""
    grade(session, entity, drafts)
    price(session, entity, drafts)
    validate(session, entity, drafts)
    touching = [draft for draft in drafts if concerns(session, entity, draft.values)]
    suspected = dedupe(session, entity, touching)
    refuse_all(entity.name, drafts)
    check_handover(session, entity, drafts)
    with session.unit.writing_after(drafts):
        prepare(session, drafts)
        if any(unique_touched(entity, draft) for draft in drafts):
            check_unique(session, entity, drafts)
            refuse_all(entity.name, drafts)
        contents = take_contents(entity, drafts)
        changes = apply_all(session, entity, drafts, action)
        store_contents(session, contents)
        follow_trees(session, entity, ((change.before, change.after) for change in changes))
        entries = (
            (
                change.after.id,
                change.after.version,
                {name: visible(change.before, name) for name in names},
                {name: visible(change.after, name) for name in names},
            )
            for change in changes
            for names in (sorted(change.changed),)
        )
        ledger.log(session, action, event, entity, entries)
        after = {change.index: change.after for change in changes}
        written = [after[draft.index] for draft in touching]
        follow(session, entity, written)
        settle(session, suspected, touching, written)
    return changes


def unique_touched(entity: EntityModel, draft: Draft) -> bool:
    """Return whether the draft sets a field that must be unique."""
    return any(draft.sets(*unique.fields, unique.where) for unique in entity.uniques)


def apply_all(session: Session, entity: EntityModel, drafts: Sequence[Draft], action: str) -> list[Change]:
    """Write drafts: many of them together if all can be written, else one by one, to tell which one can't."""
    if len(drafts) >= MANY:
        try:
            with session.unit.savepoint():
                return apply_together(session, entity, drafts, action)
        except (_NotAll, IntegrityError):
            pass
    return [apply(session, entity, draft, actions=actions_of(entity, draft, action)) for draft in drafts]


def apply_together(session: Session, entity: EntityModel, drafts: Sequence[Draft], action: str) -> list[Change]:
    """Write drafts by one statement for all that set the same fields.

    Raises:
        _NotAll: if a record is no longer as it was read, or not within reach.
    """
    groups: dict[tuple[tuple[str, ...], tuple[Action, ...]], list[Sequence[object]]] = {}
    changes = []
    for draft in drafts:
        record, values = to_write(session, entity, draft), written_values(session, draft)
        actions = actions_of(entity, draft, action)
        groups.setdefault((tuple(values), actions), []).append(update_row(session, entity, record, values, actions))
        changes.append(changed(session, entity, draft, record, values))
    for (names, actions), rows in groups.items():
        statement = session.statements.of(entity).update_fields(names) + reach_of(session, entity, actions)[0]
        if session.unit.execute_many(statement, rows) != len(rows):
            raise _NotAll
    return changes


class _NotAll(Exception):
    """Leaves the savepoint in which records were written together."""


def apply(session: Session, entity: EntityModel, draft: Draft, *, actions: tuple[Action, ...] = ("update",)) -> Change:
    """Write one draft's values if the record is still as it was read, and is within reach."""
    record, values = to_write(session, entity, draft), written_values(session, draft)
    try:
        touched = run_update(session, entity, record, values, actions)
    except IntegrityError as error:
        raise taken(entity, draft) from error
    if touched != 1:
        raise refused_update(session, entity, record, actions)
    return changed(session, entity, draft, record, values)


def to_write(session: Session, entity: EntityModel, draft: Draft) -> Record:
    """Return the record of a draft as it is now, unless it is deleted and stays so."""
    assert draft.record is not None
    record = current(session, draft.record)
    if record.deleted_at is not None and draft.values.get("deleted_at", record.deleted_at) is not None:
        raise NotFoundError(entity=entity.name, id=record.id)
    return record


def written_values(session: Session, draft: Draft) -> dict[str, object]:
    """Return what a draft writes, with when and by whom, unless it is bookkeeping only."""
    if draft.values and draft.values.keys() <= draft.entity.bookkeeping:
        return dict(draft.values)
    return {**draft.values, "updated_at": session.unit.now, "updated_by": session.actor_ref}


def changed(
    session: Session, entity: EntityModel, draft: Draft, record: Record, values: Mapping[str, object]
) -> Change:
    """Return the change that was written, and remember the record as it is now."""
    unit = session.unit
    after = rewritten(session, entity, record, {**values, "version": record.version + 1})
    key = (entity.name, record.id)
    first = unit.latest[key][0] if key in unit.latest else record.version
    unit.latest[key] = (first, after)
    return Change(before=record, after=after, changed=frozenset(draft.values), index=draft.index)


def rewritten(session: Session, entity: EntityModel, record: Record, values: Mapping[str, object]) -> Record:
    """Return a record with other values."""
    if type(record) is entity.record_class and not entity.secrets:
        return entity.rewrite(record, values)
    return session.make(entity, {**dict(record.items()), **values})


def run_update(
    session: Session, entity: EntityModel, record: Record, values: Mapping[str, object], actions: tuple[Action, ...]
) -> int:
    """Run the conditional update and return how many rows it touched: one, or none."""
    statement = session.statements.of(entity).update_fields(tuple(values)) + reach_of(session, entity, actions)[0]
    return session.unit.execute(statement, update_row(session, entity, record, values, actions))


def update_row(
    session: Session, entity: EntityModel, record: Record, values: Mapping[str, object], actions: tuple[Action, ...]
) -> Sequence[object]:
    """Return the parameters of a conditional update."""
    statements = session.statements.of(entity)
    row, moments = statements.changed_row(values, values), reach_of(session, entity, actions)[1]
    now = statements.changed_row(("updated_at",), {"updated_at": session.unit.now}) if moments else []
    return (*row, record.id, record.version, *now * moments)


def reach_of(session: Session, entity: EntityModel, actions: tuple[Action, ...]) -> tuple[str, int]:
    """Return the end of an update's statement: the actor's reach, if anything binds it, read once per actor.

    Beside the text comes how many times the moment is to be given as a parameter.
    """
    principal = session.reacher
    if principal.reaches_all:
        return "", 0

    def compiled() -> tuple[str, int]:
        statements = session.statements.of(entity)
        conditions = [principal.reach(entity, statements.table, action) for action in actions]
        texts = [statements.literal(each, NOW) for each in conditions if each is not None]
        return "".join(f" AND ({text})" for text, _ in texts), sum(moments for _, moments in texts)

    return session.statements.plans.get(("reach", entity.name, actions, principal.key), compiled)


def taken(entity: EntityModel, draft: Draft) -> Refused:
    """Return the refusal for a unique index that was hit although it had been looked at just before."""
    for unique in entity.uniques:
        if draft.sets(*unique.fields, unique.where):
            refuse_duplicate(unique, draft)
    return Refused(entity=entity.name, refusals=tuple(draft.refusals))


def refused_update(
    session: Session, entity: EntityModel, record: Record, actions: tuple[Action, ...]
) -> ConflictError | NotFoundError | AccessDeniedError:
    """Return why an update touched no row: the record is gone, out of reach, or was changed by somebody else."""
    seen = session.reader.by_id(entity, [record.id], deleted=True).get(record.id)
    if seen is None:
        return NotFoundError(entity=entity.name, id=record.id)
    if seen.version == record.version:
        return AccessDeniedError(action=actions[0], entity=entity.name, actor=session.reacher.name)
    merged = merged_error(session, entity, seen) if seen.deleted_at is not None else None
    if merged is not None:
        return merged
    changed = differing(record, seen)
    return ConflictError(entity=entity.name, id=record.id, changed=changed, version=seen.version)
