"""The report `duplicates`: pairs of records that are likely to stand for the same thing."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING

from crmkit.core.lifecycle.timeline import title_of
from crmkit.core.reading.reports.columns import Column
from crmkit.core.reading.reports.standard.choosing import readable
from crmkit.core.reading.reports.table import Table
from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import EntityModel
    from crmkit.core.lifecycle.duplicates.identity import Candidate
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.reports.columns import Cell


def duplicates(session: Session, *, entity: str, least: Decimal | None, limit: int) -> Table:
    """Return pairs of records within the actor's reach that may be the same, by the ids of the records.

    Raises:
        AccessDeniedError: if the actor may read no such records.
        Refused: if there is no duplicate rule for the entity.
        UnknownNameError: if there is no such entity.
    """
    found = readable(session, entity)
    if found.name not in session.model.duplicate_rules:
        text = _("There is no duplicate rule for {entity}.", entity=found.name)
        raise Refused(entity="report", refusals=(Refusal(path="entity", text=text),))
    lowest = None if least is None else float(least) / 100
    candidates = session.identity.candidates(found.name, least=lowest)
    rows = [row(found, each) for each in islice(candidates, limit)]
    more = next(candidates, None) is not None
    given: dict[str, Cell] = {"entity": found.name, "limit": limit}
    return Table(
        [
            Column("first", _("Id"), "integer"),
            Column("first_record", found.label),
            Column("second", _("Other id"), "integer"),
            Column("second_record", _("Looks like it")),
            Column("likelihood", _("Likelihood"), "percent"),
            Column("reasons", _("Alike in")),
        ],
        rows,
        title=_("Likely duplicates: {entities}", entities=found.plural),
        notes=[_("There are more. Raise the limit to see them.")] if more else [],
        parameters=given | ({} if least is None else {"least": least}),
    )


def row(entity: EntityModel, candidate: Candidate) -> tuple[Cell, ...]:
    """Return the row of a pair; the reasons are labels of fields, without values."""
    labels = [entity.fields[name].label for reason in candidate.reasons for name in reason.fields[:1]]
    return (
        candidate.first.id,
        title_of(entity, candidate.first),
        candidate.second.id,
        title_of(entity, candidate.second),
        Decimal(str(round(candidate.score * 100, 2))),
        ", ".join(dict.fromkeys(labels)),
    )
