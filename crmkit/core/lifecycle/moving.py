"""Moving records through the stages of their pipelines, past every gate."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import search_key
from crmkit.core.declare.names import nearest
from crmkit.core.lifecycle import ledger
from crmkit.core.lifecycle.changing import current, drop_unchanged, write
from crmkit.core.lifecycle.conditions import holds
from crmkit.core.lifecycle.drafts import Batch, MoveDraft
from crmkit.core.lifecycle.hooking import CHANGES, MOVES, run_hook
from crmkit.core.lifecycle.seeing import shown, whole
from crmkit.core.lifecycle.values import normalise
from crmkit.errors import InvalidValue, Refusal, Refused
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.assemble.pipelines import PipelineModel
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.stages import Gate, Stage
    from crmkit.core.lifecycle.drafts import CreateDraft, Draft
    from crmkit.core.lifecycle.session import Session

STAGE_SINCE = "stage_since"


def move(
    session: Session,
    entity: EntityModel,
    given: Sequence[tuple[Record, Mapping[str, object]]],
    to: str,
    pipeline: str | None = None,
) -> list[Record]:
    """Move records to a stage, all or none; one that is there already stays as it is.

    Raises:
        Refused: with every gate that is not met.
        ConflictError: if one was changed by somebody else since it was read.
        AccessDeniedError: if the actor may not change it.
        PluginFailedError: if a plugin's hook raised.
    """
    with session.unit.command(writes_much=len(given) > 1):
        drafts = []
        for index, (record, values) in enumerate(given):
            draft = begin_move(
                session, entity, whole(session, entity, current(session, record)), to, pipeline=pipeline, index=index
            )
            normalise(session, draft, values)
            if draft.sets("pipeline") or draft.source != draft.target or draft.refusals or is_different(draft):
                drafts.append(draft)
        if drafts:
            run_moves(session, entity, drafts)
        return shown(session, entity, (current(session, record) for record, _ in given))


def run_moves(session: Session, entity: EntityModel, drafts: list[MoveDraft]) -> None:
    """Pass moves by their gates and guards and write them."""
    run_hook(session, "crmkit_before_move", MOVES, Batch(entity, drafts, session))
    for draft in drafts:
        check_gates(session, entity, draft)
        enter(session, draft, draft.target)
        drop_unchanged(draft)
    changes = write(session, entity, drafts, "move", "moved")
    with session.unit.writing():
        ledger.log_stages(session, entity, ((change.before, change.after) for change in changes))
        for change, draft in zip(changes, drafts, strict=True):
            change.source, change.target = draft.source, draft.target
        run_hook(session, "crmkit_after_move", CHANGES, Batch(entity, changes, session))


def is_different(draft: MoveDraft) -> bool:
    """Return whether a move to the stage that the record is in gives other values than it has; that is refused."""
    drop_unchanged(draft)
    if draft.values:
        text = _(
            "The record is in the stage {target!r} already. Update it to change its values.", target=draft.target.name
        )
        draft.refuse("stage", text)
    return bool(draft.values)


def begin_move(
    session: Session, entity: EntityModel, record: Record, to: str, *, pipeline: str | None, index: int
) -> MoveDraft:
    """Return the draft of one move; a move that the pipeline does not allow is refused on it."""
    pipeline = None if pipeline == record.pipeline else pipeline
    found = pipeline_of(session, entity, pipeline or record.pipeline)
    target = stage_of(entity, found, to)
    stage = str(record.stage)
    left = session.model.pipelines.get(str(record.pipeline))
    source = left.stage(stage) if left is not None and stage in left.positions else None
    draft = MoveDraft(session, entity, record=record, index=index, source=source, target=target)
    if pipeline:
        draft.values["pipeline"] = found.name
        is_allowed = not target.hidden and not is_final(left, source)
    else:
        is_allowed = target.name == stage or found.allows(stage, target.name)
    if not is_allowed:
        why = _("it is no longer in use") if target.hidden else _("the pipeline does not allow it")
        draft.refuse(
            "stage",
            _(
                "A {entity} can't go from {stage!r} to {target!r}: {why}.",
                entity=entity.label.lower(),
                stage=stage,
                target=target.name,
                why=why,
            ),
        )
    return draft


def is_final(pipeline: PipelineModel | None, stage: Stage | None) -> bool:
    """Return whether a record in this stage of its pipeline may never leave it, not even for another pipeline."""
    return pipeline is not None and stage is not None and stage.is_closed and not pipeline.declared.reopen


def enter(session: Session, draft: Draft, stage: Stage, since: object = None) -> None:
    """Set what follows from entering a stage; the probability snaps to the stage's unless another is given."""
    draft.values["stage"] = stage.name
    draft.values["stage_kind"] = stage.kind
    draft.values[STAGE_SINCE] = session.unit.now if since is None else since
    if stage.probability is not None and "probability" in draft.entity.writable and not draft.sets("probability"):
        draft.set("probability", stage.probability)


def check_gates(session: Session, entity: EntityModel, draft: MoveDraft) -> None:
    """Refuse a move for every gate that is not met: the stage left and the stage entered."""
    for name in draft.target.requires:
        if draft.get(name) is None:
            draft.refuse(name, _("A value is required in the stage {target!r}.", target=draft.target.label))
    leaving: tuple[Gate, ...] = () if draft.source is None else draft.source.leave
    for gate in (*leaving, *draft.target.entry):
        if not holds(session, entity, gate.condition, draft):
            draft.refuse(gate.path, gate.message)


def begin_stages(session: Session, draft: CreateDraft, pipeline: object, stage: object, since: object) -> None:
    """Put a new record into a pipeline and a stage, by default the first of the default one."""
    try:
        found = pipeline_of(session, draft.entity, pipeline)
        chosen = found.first if stage is None or stage == "" else stage_of(draft.entity, found, stage)
        if chosen.hidden:
            raise refused(draft.entity, "stage", _("The stage {chosen!r} is no longer in use.", chosen=chosen.name))
        entered = moment(session, draft.entity, since)
    except Refused as error:
        for each in error.refusals:
            draft.refuse(each.path, each.text)
        return
    draft.values["pipeline"] = found.name
    enter(session, draft, chosen, entered)


def moment(session: Session, entity: EntityModel, since: object) -> object:
    """Return when a record entered its stage, if it did so before it came to this CRM."""
    if since is None or since == "":
        return None
    try:
        found = entity.fields[STAGE_SINCE].kind.parse(since, session.model.conventions)
    except InvalidValue as error:
        raise refused(entity, STAGE_SINCE, str(error)) from None
    if isinstance(found, datetime) and found > session.unit.now:
        raise refused(entity, STAGE_SINCE, _("A record can't have entered its stage in the future."))
    return found


def guard_entry(session: Session, entity: EntityModel, drafts: Sequence[CreateDraft]) -> None:
    """Have new records that begin beyond the first stage pass the guards and gates of a move into it."""
    if not entity.staged:
        return
    moves = []
    for draft in drafts:
        if "stage" not in draft.values:
            continue
        pipeline = session.model.pipelines[str(draft.values["pipeline"])]
        target = pipeline.stage(str(draft.values["stage"]))
        if target != pipeline.first:
            made = MoveDraft(session, entity, values=draft.values, index=draft.index, source=None, target=target)
            made.refusals, made.preparations = draft.refusals, draft.preparations
            moves.append(made)
        elif target.requires or target.entry:
            check_gates(session, entity, _first_entry(session, draft, target))
    if moves:
        run_hook(session, "crmkit_before_move", MOVES, Batch(entity, moves, session))
        for made in moves:
            check_gates(session, entity, made)


def _first_entry(session: Session, draft: CreateDraft, target: Stage) -> MoveDraft:
    made = MoveDraft(session, draft.entity, values=draft.values, index=draft.index, source=None, target=target)
    made.refusals = draft.refusals
    Batch(draft.entity, [made], session)
    return made


def pipeline_of(session: Session, entity: EntityModel, name: object) -> PipelineModel:
    """Return a pipeline of the entity, the default one if none is named.

    Raises:
        Refused: if the entity has none of that name.
    """
    pipelines = {each.name: each for each in session.model.pipelines_of(entity.name)}
    if name is None or name == "":
        if not pipelines:
            raise refused(entity, "pipeline", _("No enabled plugin declares a pipeline for it."))
        return next(iter(pipelines.values()))
    if name not in pipelines:
        raise refused(entity, "pipeline", unknown("pipeline", str(name), pipelines))
    return pipelines[str(name)]


def stage_of(entity: EntityModel, pipeline: PipelineModel, name: object) -> Stage:
    """Return a stage by its name or its label.

    Raises:
        Refused: if the pipeline has none of that name.
    """
    wanted = search_key(str(name))
    for each in pipeline.stages:
        if name == each.name or wanted == search_key(each.stage.label):
            return each.stage
    raise refused(entity, "stage", unknown("stage", str(name), pipeline.positions))


def unknown(sort: str, name: str, known: Mapping[str, object]) -> str:
    """Say that a name is unknown, and which is nearest."""
    close = nearest(name, known)
    hint = _("Did you mean {name!r}?", name=close) if close else _("It has: {names}.", names=", ".join(known))
    return joined([_("There is no {sort} {name!r}.", sort=sort, name=name), hint])


def refused(entity: EntityModel, path: str, text: str) -> Refused:
    """Return the refusal for one reason."""
    return Refused(entity=entity.name, refusals=(Refusal(path=path, text=text),))
