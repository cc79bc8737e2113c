"""The report `data_quality`: what is missing, what is filler, and where, by field or by owner."""

from __future__ import annotations

import unicodedata
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.fillers import FillerRule
from crmkit.core.declare.kinds import BooleanKind, EmailKind, PhoneKind, TextKind, UrlKind
from crmkit.core.declare.values import Address
from crmkit.core.reading.repeated import repeated
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import chosen, readable, user_named
from crmkit.core.reading.reports.table import Table
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell
    from crmkit.core.reading.reports.standard.choosing import Choice

LONGEST = 60
"""Longer texts are no filler."""
MOST_EXAMPLES = 3
EMPTY, REPEATED = "empty", "repeated"
SELDOM_SHARED = (EmailKind, PhoneKind, UrlKind)
"""The kinds of fields, beside titles, in which one value in many records is suspicious."""


@frozen
class Finding:
    """What is wrong with one value: empty, repeated in many records, or filler by a rule."""

    field: str
    sort: str
    text: str = ""


@define(eq=False)
class Tally:
    """What was found in some records.

    Attributes:
        doubtful: how many records hold something that is filler or repeated.
        sorts: how often each sort of finding was made.
        examples: records with such values, as they are named on the command line, with the value.
    """

    records: int = 0
    doubtful: int = 0
    sorts: Counter[str] = field(factory=Counter)
    examples: list[str] = field(factory=list)

    def add(self, entity: str, number: int, findings: Sequence[Finding]) -> None:
        """Count what was found in a record."""
        self.records += 1
        self.sorts.update(each.sort for each in findings)
        wrong = [each for each in findings if each.sort != EMPTY]
        self.doubtful += bool(wrong)
        if wrong and len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"{entity}:{number} {wrong[0].text}")


@frozen(kw_only=True)
class Inspection:
    """What the values of an entity are looked at for.

    Attributes:
        fields: the fields that are looked at.
        common: by field, the texts that suspiciously many records share.
    """

    fields: Mapping[str, FieldModel]
    rules: tuple[FillerRule, ...]
    common: Mapping[str, frozenset[str]]

    def findings(self, values: Sequence[object]) -> list[Finding]:
        """Return what is wrong with a record's values; at most one finding for each."""
        pairs = zip(self.fields.values(), values, strict=True)
        return [found for each, value in pairs if (found := self._finding(each, value)) is not None]

    def _finding(self, each: FieldModel, value: object) -> Finding | None:
        if value is None:
            return Finding(each.name, EMPTY)
        if value in self.common.get(each.name, ()):
            return Finding(each.name, REPEATED, str(value))
        for text in () if each.declared.unique else texts_of(each.kind, value):
            rule = next((rule for rule in self.rules if rule.finds(each.kind.name, plain(each.kind, text))), None)
            if rule is not None and len(text) <= LONGEST:
                return Finding(each.name, rule.name, text)
        return None


def data_quality(
    session: Session,
    *,
    entity: str,
    by: str,
    fields: str | None,
    many: int,
    where: str | None,
    owner: str | None,
) -> Table:
    """Return how many values are empty, filler, or the same in many records, by field or by owner.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        FilterError: if the filter is wrong; it says where.
        Refused: if there is no such owner.
        UnknownNameError: if there is no such entity or field.
    """
    found = readable(session, entity)
    owned = found.owner or "created_by"
    user = user_named(session, owner)
    choice = chosen(session, found, where, tests={f"{owned} == given.value": user})
    wanted = inspected(session, found, fields)
    inspection = Inspection(
        fields=wanted,
        rules=tuple(dict.fromkeys(rule for rule, _plugin in session.model.of(FillerRule))),
        common=common_texts(session, found, wanted, many, choice),
    )
    make = by_owner if by == "owner" else by_field
    given = {"entity": found.name, "by": by, "fields": fields, "many": many, "where": where, "owner": owner}
    columns, rows, count = make(session, found, inspection, choice)
    return Table(
        columns,
        rows,
        title=_("Quality of data: {entities}", entities=found.plural),
        notes=[_("Records looked at: {count}.", count=count)],
        parameters={name: value for name, value in given.items() if value is not None},
    )


def by_field(
    session: Session, entity: EntityModel, inspection: Inspection, choice: Choice
) -> tuple[list[Column], list[tuple[Cell, ...]], int]:
    """Return columns and rows by field, and how many records there are."""
    tallies = {name: Tally() for name in inspection.fields}
    count = 0
    for number, *values in walked(session, entity, ["id", *inspection.fields], choice):
        count += 1
        found: dict[str, list[Finding]] = {name: [] for name in tallies}
        for each in inspection.findings(values):
            found[each.field].append(each)
        for name, findings in found.items():
            tallies[name].add(entity.name, int(str(number)), findings)
    labels = {rule.name: rule.label for rule in inspection.rules}
    columns = [
        Column("field", _("Field")),
        Column("empty", _("Empty"), "integer"),
        Column("empty_share", _("Empty share"), "percent"),
        Column("filler", _("Filler"), "integer"),
        Column("repeated", _("In many records"), "integer"),
        Column("sorts", _("What sort")),
        Column("examples", _("For example")),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            inspection.fields[name].label,
            tally.sorts[EMPTY],
            share(tally.sorts[EMPTY], count),
            tally.doubtful - tally.sorts[REPEATED],
            tally.sorts[REPEATED],
            ", ".join(labels[sort] for sort in sorted(tally.sorts) if sort in labels) or None,
            "; ".join(tally.examples) or None,
        )
        for name, tally in tallies.items()
    ]
    return columns, rows, count


def by_owner(
    session: Session, entity: EntityModel, inspection: Inspection, choice: Choice
) -> tuple[list[Column], list[tuple[Cell, ...]], int]:
    """Return columns and rows by owner, the most doubtful first; where there are no owners, by who created a record."""
    owned = entity.owner or "created_by"
    tallies: dict[tuple[object, object], Tally] = {}
    for number, owner, name, *values in walked(
        session, entity, ["id", owned, f"{owned}.name", *inspection.fields], choice
    ):
        tally = tallies.setdefault((owner, name), Tally())
        tally.add(entity.name, int(str(number)), inspection.findings(values))
    columns = [
        Column("owner", _("Owner")),
        Column("records", _("Records"), "integer"),
        Column("doubtful", _("Doubtful records"), "integer"),
        Column("doubtful_share", _("Doubtful share"), "percent"),
        Column("empty_share", _("Empty share"), "percent"),
        Column("examples", _("For example")),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            None if owner is None else str(name or owner),
            tally.records,
            tally.doubtful,
            share(tally.doubtful, tally.records),
            share(tally.sorts[EMPTY], tally.records * len(inspection.fields)),
            "; ".join(tally.examples) or None,
        )
        for (owner, name), tally in sorted(tallies.items(), key=lambda each: -each[1].doubtful / each[1].records)
    ]
    return columns, rows, sum(tally.records for tally in tallies.values())


def walked(session: Session, entity: EntityModel, paths: Sequence[str], choice: Choice) -> Iterator[tuple[object, ...]]:
    """Yield values of the records that are chosen, holding few at once."""
    for row in session.reader.iterate(entity, paths, choice.where, given=choice.given):
        assert isinstance(row, tuple)
        yield row


def inspected(session: Session, entity: EntityModel, names: str | None) -> dict[str, FieldModel]:
    """Return the fields that are named, or all that the actor sees and that may be left empty or filled carelessly.

    Raises:
        UnknownNameError: if there is no such field.
    """
    sees = session.principal.sees
    seen = {name: each for name, each in entity.writable.items() if sees(entity, each)}
    if names:
        sort = _("field of {name}", name=entity.name)
        return {each: known(seen, each, sort) for each in map(str.strip, names.split(",")) if each}
    return {name: each for name, each in seen.items() if is_entered(entity, each)}


def is_entered(entity: EntityModel, each: FieldModel) -> bool:
    """Return whether people enter a field: not a switch, nor what has a default, nor what tells who gave a level."""
    is_noted = each.name.endswith("_by") and each.name.removesuffix("_by") in entity.fields
    return not is_noted and not isinstance(each.kind, BooleanKind) and each.declared.default is None


def common_texts(
    session: Session, entity: EntityModel, fields: Mapping[str, FieldModel], many: int, choice: Choice
) -> dict[str, frozenset[str]]:
    """Return, by field in which values are seldom shared, the texts that at least so many records have."""
    return {
        name: repeated(session.reader, entity, name, many, where=choice.where, given=choice.given)
        for name, each in fields.items()
        if isinstance(each.kind, SELDOM_SHARED) or (name == entity.declared.title and type(each.kind) is TextKind)
    }


def texts_of(kind: Kind, value: object) -> Sequence[str]:
    """Return the texts in a value that somebody may have typed carelessly."""
    if isinstance(value, Address):
        return [text for text in (value.street, value.city) if text]
    if isinstance(value, tuple):
        return [each for each in value if isinstance(each, str)]
    return [value] if isinstance(kind, TextKind) and isinstance(value, str) else []


def plain(kind: Kind, text: str) -> str:
    """Return a text as the rules look at it: of a telephone number the digits."""
    if isinstance(kind, PhoneKind):
        return kind.key(text) or ""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def share(part: int, whole: int) -> Decimal | None:
    """Return a part in percent of the whole, None of nothing."""
    return round(Decimal(100 * part) / whole, 2) if whole else None
