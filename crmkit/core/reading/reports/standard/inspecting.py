"""Inspecting: what is wrong with the values of a record: empty, filler, or the same in many records."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from crmkit.core.assemble.model import known
from crmkit.core.declare.fillers import FillerRule
from crmkit.core.declare.kinds import BooleanKind, EmailKind, PhoneKind, TextKind, UrlKind
from crmkit.core.declare.values import Address
from crmkit.core.reading.repeated import repeated
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.kinds import Kind
    from crmkit.core.lifecycle.session import Session
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
            looked_at = plain(each.kind, text) if len(text) <= LONGEST else None
            rule = next((rule for rule in self.rules if looked_at and rule.finds(each.kind.name, looked_at)), None)
            if rule is not None:
                return Finding(each.name, rule.name, text)
        return None


def inspection_of(session: Session, entity: EntityModel, names: str | None, many: int, choice: Choice) -> Inspection:
    """Return what to look for in the fields that are named, or in all that people enter.

    Raises:
        UnknownNameError: if there is no such field.
    """
    fields = inspected(session, entity, names)
    return Inspection(
        fields=fields,
        rules=tuple(dict.fromkeys(rule for rule, _plugin in session.model.of(FillerRule))),
        common=common_texts(session, entity, fields, many, choice),
    )


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
