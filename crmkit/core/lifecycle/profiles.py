"""Profiles: all that is around a record, in as many statements as there are sections, however much that is."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.kinds import MoneyKind
from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Money, ref_class
from crmkit.core.lifecycle import timeline as happening
from crmkit.core.lifecycle.merging.redirects import survivor_of
from crmkit.core.reading.measures import read_measure
from crmkit.errors import FilterError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.declare.profiles import ProfileSection
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.lifecycle.timeline import TimelineEntry
    from crmkit.core.reading.measures import Measure
    from crmkit.core.reading.page import Page


@frozen(kw_only=True)
class ProfileRow:
    """A record of a section: the values of the section's paths, and for every nested section what it shows."""

    ref: Ref[object]
    values: Mapping[str, object]
    nested: Mapping[str, ProfilePart]

    def __getitem__(self, path: str) -> object:
        return self.values[path]


@frozen(kw_only=True)
class ProfilePart:
    """What a section shows.

    Attributes:
        is_cut: whether there are more records than are shown.
        figures: what was measured of all of them; money is in the base currency.
    """

    section: ProfileSection
    rows: tuple[ProfileRow, ...]
    is_cut: bool
    figures: Mapping[str, object]


@frozen(kw_only=True)
class Profile:
    """All that is around a record, as far as the actor may see it.

    Attributes:
        related: the records that its references lead to, by field.
        parts: the sections by name, in their order; `profile["purchases"]` is one of them.
        timeline: the latest that happened to it and around it.
    """

    record: Record
    related: Mapping[str, Record]
    parts: Mapping[str, ProfilePart]
    timeline: Page[TimelineEntry]

    def __getitem__(self, section: str) -> ProfilePart:
        return self.parts[section]


def profile(session: Session, given: Record | Ref[object], *, timeline: int) -> Profile:
    """Return the profile of a record; that of a merged one is the survivor's.

    A section is left out if the actor may read none of its records, or not the fields by which they are found.

    Raises:
        NotFoundError: if there is no such record, or none that the actor may see.
    """
    entity = session.model.entity(given)
    record, related = with_related(session, entity, given)
    sections = session.model.profile_sections.get(entity.name, {})
    parts = {name: part for name, each in sections.items() if (part := part_of(session, each, record)) is not None}
    latest = happening.timeline(session, record, limit=timeline, after=None)
    return Profile(record=record, related=related, parts=parts, timeline=latest)


def with_related(
    session: Session, entity: EntityModel, given: Record | Ref[object]
) -> tuple[Record, Mapping[str, Record]]:
    """Return a record and those that its references to records of one entity lead to, in one statement."""
    number = given.id if isinstance(given, Record) else int(given)
    references = [entity.fields[name] for name in entity.references]
    include = [each.name for each in references if each.target and session.principal.sees(entity, each)]
    found = session.reader.get(entity, number, include)
    if found is None and (into := survivor_of(session, entity.name, number)) is not None:
        found = session.reader.get(entity, into, include)
    if found is None:
        raise NotFoundError(entity=entity.name, id=number)
    return found


def part_of(session: Session, section: ProfileSection, record: Record) -> ProfilePart | None:
    """Return what a section shows around a record, None if it is not for the actor."""
    entity = session.model.entities[section.entity]
    condition = f" and ({section.where})" if section.where else ""
    where, given = f"{section.through} == given.record{condition}", {"record": record.ref}
    if not is_for(session, entity, where, given):
        return None
    paths = seen_paths(session, entity, section.fields)
    order = seen_order(session, entity, section)
    page = session.reader.rows(entity, ["id", *paths], where, given=given, order=order, limit=section.limit)
    shown = [(record_ref(entity, number), dict(zip(paths, values, strict=True))) for number, *values in page]
    nested = nested_parts(session, section, [ref for ref, _values in shown])
    rows = tuple(ProfileRow(ref=ref, values=values, nested=nested[ref]) for ref, values in shown)
    figures = measured(session, entity, section, where, given)
    return ProfilePart(section=section, rows=rows, is_cut=page.next is not None, figures=figures)


def nested_parts(
    session: Session, section: ProfileSection, refs: Sequence[Ref[object]]
) -> Mapping[Ref[object], Mapping[str, ProfilePart]]:
    """Return what nested sections show of each of some records, in one statement for each section."""
    found: dict[Ref[object], dict[str, ProfilePart]] = {ref: {} for ref in refs}
    for name in section.nested if refs else ():
        inner = session.model.profile_sections[section.entity][name]
        entity = session.model.entities[inner.entity]
        condition = f" and ({inner.where})" if inner.where else ""
        where, given = f"{inner.through} in given.records{condition}", {"records": refs}
        if not is_for(session, entity, where, given):
            continue
        paths = seen_paths(session, entity, inner.fields)
        order = seen_order(session, entity, inner)
        rows: dict[object, list[ProfileRow]] = {ref: [] for ref in refs}
        for whole, number, *values in session.reader.rows(
            entity, [inner.through, "id", *paths], where, given=given, order=order
        ):
            held = dict(zip(paths, values, strict=True))
            rows[whole].append(ProfileRow(ref=record_ref(entity, number), values=held, nested={}))
        for ref in refs:
            shown, is_cut = tuple(rows[ref][: inner.limit]), len(rows[ref]) > inner.limit
            found[ref][name] = ProfilePart(section=inner, rows=shown, is_cut=is_cut, figures={})
    return found


def measured(
    session: Session, entity: EntityModel, section: ProfileSection, where: str, given: Mapping[str, object]
) -> dict[str, object]:
    """Return those figures of a section that speak of nothing hidden, in one statement."""
    model = session.model

    def read(measure: str, reader: Session) -> Measure:
        visible = reader.principal.visible
        return read_measure(model, entity, measure, conventions=model.conventions, visible=visible)

    shown = [each for each in section.figures if is_seen(session, partial(read, each.measure))]
    measures = {each.name: read(each.measure, session) for each in shown}
    if not measures:
        return {}
    expressions = {name: each.expression for name, each in measures.items()}
    (row,) = session.reader.aggregate(entity, measures=expressions, where=where, given=given)
    currency = model.conventions.currency
    return {name: as_money(measures[name], value, currency) for name, value in zip(measures, row, strict=True)}


def as_money(measure: Measure, value: object, currency: str) -> object:
    """Return a measured value, as money in the base currency if amounts were measured."""
    is_money = measure.function != "count" and measure.path is not None and isinstance(measure.path.kind, MoneyKind)
    return Money(amount=Decimal(str(value)), currency=currency) if is_money and value is not None else value


def is_for(session: Session, entity: EntityModel, where: str, given: Mapping[str, object]) -> bool:
    """Return whether the actor may read records of an entity, and see the fields by which they are found."""
    may = session.principal.may(entity, "read")
    return may and is_seen(session, lambda reader: reader.reader.selection(entity, where, given))


def seen_paths(session: Session, entity: EntityModel, paths: Iterable[str]) -> list[str]:
    """Return those of the paths that pass no hidden field."""
    return [each for each in paths if is_seen(session, partial(found_by, entity=entity, path=each))]


def found_by(reader: Session, entity: EntityModel, path: str) -> object:
    """Follow a path."""
    return reader.reader.finder.find(entity, path)


def seen_order(session: Session, entity: EntityModel, section: ProfileSection) -> str | None:
    """Return a section's order without hidden fields."""
    words = {word: word.removeprefix("-") for word in map(str.strip, section.order.split(","))}
    seen = set(seen_paths(session, entity, words.values()))
    return ", ".join(word for word, path in words.items() if path in seen) or None


def is_seen(session: Session, read: Callable[[Session], object]) -> bool:
    """Return whether something can be read.

    Raises:
        FilterError: if nobody can, so that it is no matter of permission, but of what was declared.
    """
    if can_read(session, read):
        return True
    if not can_read(session.elevated, read):
        read(session)  # it says what is wrong, in words for this actor
    return False


def can_read(session: Session, read: Callable[[Session], object]) -> bool:
    """Return whether a session can read something."""
    try:
        read(session)
    except FilterError:
        return False
    return True


def record_ref(entity: EntityModel, number: object) -> Ref[object]:
    """Return the reference to a record."""
    return ref_class(entity.name)(int(str(number)))
