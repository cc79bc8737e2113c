"""Creating records, one or many: the phases of a write in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.access import check_create, note_readable
from crmkit.core.lifecycle.branches import follow_trees
from crmkit.core.lifecycle.drafts import Batch, Change, CreateDraft
from crmkit.core.lifecycle.duplicates.finding import dedupe, settle
from crmkit.core.lifecycle.duplicates.keys import follow
from crmkit.core.lifecycle.files import store_contents, take_contents
from crmkit.core.lifecycle.hooking import CHANGES, DRAFTS, prepare, refuse_all, run_hook
from crmkit.core.lifecycle.levels.grading import grade
from crmkit.core.lifecycle.moving import begin_stages, guard_entry
from crmkit.core.lifecycle.seeing import shown
from crmkit.core.lifecycle.validation import check_unique, validate
from crmkit.core.lifecycle.values import fill_defaults, normalise, price
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


def create(session: Session, entity: EntityModel, given: Sequence[Mapping[str, object]]) -> list[Record]:
    """Create records, all or none.

    Raises:
        AccessDeniedError: if the actor may not create them.
        Refused: with everything that is wrong with any of them.
        PluginFailedError: if a plugin's hook raised.
    """
    with session.unit.command(writes_much=len(given) > 1):
        drafts = [CreateDraft(session, entity, index=index) for index in range(len(given))]
        batch = Batch(entity, drafts, session)
        for draft, values in zip(drafts, given, strict=True):
            stage = normalise_new(session, draft, values)
            fill_defaults(session, draft)
            if entity.staged:
                begin_stages(session, draft, *stage)
        check_create(session, entity, drafts)
        run_hook(session, "crmkit_before_create", DRAFTS, batch)
        guard_entry(session, entity, drafts)
        grade(session, entity, drafts)
        price(session, entity, drafts)
        validate(session, entity, drafts)
        suspected = dedupe(session, entity, drafts)
        refuse_all(entity.name, drafts)
        with session.unit.writing_after(drafts):
            prepare(session, drafts)
            if len(drafts) > 1:
                check_unique(session, entity, drafts)
                refuse_all(entity.name, drafts)
            contents = take_contents(entity, drafts)
            records = insert(session, entity, drafts)
            store_contents(session, contents)
            settle(session, suspected, drafts, records)
            changed = [frozenset(name for name, value in d.values.items() if value is not None) for d in drafts]
            changes = [
                Change(before=None, after=record, changed=names, index=index)
                for index, (record, names) in enumerate(zip(records, changed, strict=True))
            ]
            run_hook(session, "crmkit_after_create", CHANGES, Batch(entity, changes, session))
    note_readable(session, entity, records)
    return shown(session, entity, records)


UNLOGGED = frozenset({"id", "version", "created_at", "created_by", "updated_at", "updated_by"})
STAGE_NAMES = ("pipeline", "stage", "stage_since")


def normalise_new(session: Session, draft: CreateDraft, given: Mapping[str, object]) -> tuple[object, object, object]:
    """Normalise the values of a new record and return the pipeline, stage and time of entry that it asks for."""
    if not draft.entity.staged:
        normalise(session, draft, given)
        return None, None, None
    asked = [given.get(name) for name in STAGE_NAMES]
    if any(each is not None for each in asked):
        given = {name: value for name, value in given.items() if name not in STAGE_NAMES}
    normalise(session, draft, given)
    pipeline, stage, since = asked
    return pipeline, stage, since


def insert(session: Session, entity: EntityModel, drafts: Sequence[CreateDraft]) -> list[Record]:
    """Write new records with their changes, events and stage history, and return them."""
    unit, statements = session.unit, session.statements.of(entity)
    ids = unit.ids.take(unit.connection, entity.name, len(drafts), unit.taken)
    actor = session.actor_ref
    system = {
        "version": 1,
        "created_at": unit.now,
        "created_by": actor,
        "updated_at": unit.now,
        "updated_by": actor,
    }
    template = statements.row(system)
    rows = []
    for draft, number in zip(drafts, ids, strict=True):
        draft.values["id"] = number
        rows.append(statements.row(draft.values, template))
        draft.values.update(system)
    written = unit.execute_many(statements.insert_all, rows)
    if written != len(drafts):
        check_unique(session, entity, drafts)
        refuse_all(entity.name, drafts)
        text = _("A record with the same value was written and deleted at this very moment. Try again.")
        raise Refused(entity=entity.name, refusals=(Refusal(path="id", text=text),))
    entries = (
        (number, 1, None, {n: v for n, v in draft.values.items() if v is not None and n not in UNLOGGED})
        for draft, number in zip(drafts, ids, strict=True)
    )
    ledger.log(session, "create", "created", entity, entries)
    records = [session.make(entity, draft.values) for draft in drafts]
    follow_trees(session, entity, ((None, record) for record in records))
    follow(session, entity, records, new=True)
    if entity.staged:
        ledger.log_stages(session, entity, ((None, record) for record in records))
    return records
