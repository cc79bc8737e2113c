"""Showing records: as JSON for programs, and with labels for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.kinds import AnyRefKind, RefKind
from crmkit.core.declare.values import Ref
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session

UNTELLING = ("long_text", "json", "boolean")
TOLD_WITH_STAGE = ("stage_kind", "stage_since", "pipeline", "version")


def value_json(kind: Kind, value: object) -> object:
    """Return a value as JSON."""
    return None if value is None else kind.to_json(value)


def record_json(entity: EntityModel, record: Record) -> dict[str, object]:
    """Return a record's fields as JSON by name; those that the actor may not see are missing."""
    return {name: value_json(entity.fields[name].kind, value) for name, value in record.items()}


def record_answer(session: Session, record: Record) -> dict[str, object]:
    """Return what commands answer about one record: `entity` and `record`."""
    entity = session.model.entity(record)
    return {"entity": entity.name, "record": record_json(entity, record)}


def value_text(kind: Kind, value: object, conventions: Conventions) -> str:
    """Return a value as a person reads it."""
    return "" if value is None else kind.format(value, conventions)


def record_pairs(session: Session, record: Record) -> Iterator[tuple[str, str]]:
    """Yield label and value of what is known of a record, beginning with its name and stage."""
    entity = session.model.entity(record)
    values = dict(record.items())
    titles = titles_of(session, entity, values)
    for name, field in entity.fields.items():
        value = values.get(name)
        if value is None or name in TOLD_WITH_STAGE:
            continue
        if name == "stage":
            yield field.label, stage_text(session, values)
        elif isinstance(value, Ref):
            yield field.label, f"{titles.get(name, '')} ({value})".strip()
        else:
            yield field.label, value_text(field.kind, value, session.model.conventions)


def titles_of(session: Session, entity: EntityModel, values: Mapping[str, object]) -> dict[str, str]:
    """Return the titles of the records that a record refers to, by field."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Ref) and isinstance(entity.fields[name].kind, (RefKind, AnyRefKind)):
            target = session.model.entities.get(value.entity)
            record = session.by_id(target, [int(value)]).get(int(value)) if target else None
            if target is not None and record is not None:
                title = dict(record.items()).get(target.declared.title)
                found[name] = "" if title is None else str(title)
    return found


def stage_text(session: Session, values: Mapping[str, object]) -> str:
    """Return the label of a record's stage, its pipeline if it isn't the only one, and since when it is there."""
    conventions = session.model.conventions
    pipeline = session.model.pipelines.get(str(values.get("pipeline")))
    name = str(values["stage"])
    label = pipeline.stage(name).label if pipeline and name in pipeline.positions else name
    entity = pipeline.entity if pipeline else ""
    several = pipeline is not None and len(session.model.pipelines_of(entity)) > 1
    where = f" ({pipeline.declared.label})" if pipeline and several else ""
    since = values.get("stage_since")
    if since is None or pipeline is None:
        return label + where
    kind = session.model.entities[entity].fields["stage_since"].kind
    return _("{label}{where} since {format}", label=label, where=where, format=kind.format(since, conventions))


def usual_fields(session: Session, entity: EntityModel) -> list[str]:
    """Return the paths that a list may show if nobody says which: id, title, stage, and what tells records apart."""
    found = [*dict.fromkeys(["id", entity.declared.title])]
    found += ["stage"] if entity.staged else []
    sees = session.principal.sees
    telling = [
        each for each in entity.writable.values() if is_telling(each) and each.name not in found and sees(entity, each)
    ]
    return found + [
        path_to(session.model, each) for each in sorted(telling, key=lambda each: each.kind.name != "money")
    ]


def is_telling(field: FieldModel) -> bool:
    """Return whether a field belongs into a list: what is required, an amount, or quick to filter by."""
    declared = field.declared
    return field.kind.name == "money" or ((declared.required or declared.index) and field.kind.name not in UNTELLING)


def path_to(model: Model, field: FieldModel) -> str:
    """Return the path to what people call a field's value: for a reference, the title of its record."""
    title = model.entities[field.target].declared.title if field.target else "id"
    return field.name if title == "id" else f"{field.name}.{title}"
