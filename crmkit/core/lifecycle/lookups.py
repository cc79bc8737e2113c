"""Lookups: what other systems know, read through when somebody asks, and never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from attrs import field, frozen

from crmkit.core.assemble.model import known
from crmkit.core.nouns.identities import ExternalId
from crmkit.core.reading.reports.running import function_of
from crmkit.errors import AccessDeniedError, NotFoundError, SourceFailedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.declare.external_sources import ExternalSource
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class ExternalRecord:
    """What another system says of one of its records.

    Attributes:
        state: `found`; `missing`, if there is no such record any more; `unreachable`, if the system can't be read now.
        values: the values by name, as the system has them; none unless it was found.
    """

    system: str
    id: str
    state: Literal["found", "missing", "unreachable"] = "found"
    values: Mapping[str, object] = field(factory=dict)

    def __getitem__(self, name: str) -> object:
        return self.values[name]


def lookup(session: Session, system: str, id: str) -> ExternalRecord:
    """Return a record of another system.

    Raises:
        UnknownNameError: if no enabled plugin declares the system.
        AccessDeniedError: if the actor may not look up in it.
        NotFoundError: if it has no such record.
        SourceFailedError: if it can't be read.
    """
    source = known(session.model.external_sources, system, _("external source"))
    if not session.principal.may_run(source):
        raise AccessDeniedError(action=_("look up in"), entity=source.name, actor=session.principal.name)
    found = read(session, source, [id])
    if id not in found:
        raise NotFoundError(entity=source.name, id=id)
    return ExternalRecord(system=system, id=id, values=found[id])


def lookups(session: Session, record: Record) -> list[ExternalRecord]:
    """Return what the other systems say of a record, by its external ids; each system is asked once.

    Systems in which the actor may not look up are left out. One that can't be read doesn't keep the others from it.

    Raises:
        NotFoundError: if the actor doesn't see the record.
    """
    entity = session.model.entity(record)
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    ids: dict[str, list[str]] = {}
    for each in session.find(ExternalId, {"record": record}, order="system, id"):
        ids.setdefault(each.system, []).append(each.value)
    sources = session.model.external_sources
    return [
        each
        for system, wanted in ids.items()
        if system in sources and session.principal.may_run(sources[system])
        for each in said_of(session, sources[system], wanted)
    ]


def said_of(session: Session, source: ExternalSource, ids: list[str]) -> Iterable[ExternalRecord]:
    """Yield what one system says of some ids."""
    try:
        found = read(session, source, ids)
    except SourceFailedError:
        yield from (ExternalRecord(system=source.name, id=each, state="unreachable") for each in ids)
        return
    for each in ids:
        if each in found:
            yield ExternalRecord(system=source.name, id=each, values=found[each])
        else:
            yield ExternalRecord(system=source.name, id=each, state="missing")


def read(session: Session, source: ExternalSource, ids: list[str]) -> dict[str, dict[str, object]]:
    """Return the values of some records of a system, those that may be shown, by id.

    Raises:
        SourceFailedError: if it can't be read; what it said is the cause, and is not quoted, as it may hold secrets.
    """
    session.unit.check_readable()
    try:
        answer = cast("Mapping[str, Mapping[str, object]]", function_of(source.read)(session, ids))
        found = {each: dict(answer[each]) for each in ids if each in answer}
    except Exception as error:
        raise SourceFailedError(system=source.name, problem=type(error).__name__) from error
    if not source.fields:
        return found
    return {each: {name: values.get(name) for name in source.fields} for each, values in found.items()}
