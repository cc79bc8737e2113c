"""What `crmkit verify` makes sure of: no open record belongs to somebody who is not active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import Text, _
from crmkit_workflow.handover.handing import OPEN, is_handed
from crmkit_workflow.handover.settings import OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Session

MOST = 100


def owners_are_active(session: Session) -> Iterator[Text]:
    """Yield the open records whose owners are not active, the first hundred of each entity."""
    if session.setting("hand_over") == OFF:
        return
    for entity in session.model.entities.values():
        if not is_handed(entity):
            continue
        where = f"{entity.owner} is not None and not {entity.owner}.active"
        where += f" and not {entity.declared.private_by}" if entity.declared.private_by else ""
        where += f" and {OPEN}" if entity.staged else ""
        for number, owner in session.rows(
            entity.declared.declared, ["id", str(entity.owner)], where, order="id", limit=MOST
        ):
            yield _(
                "{entity} {number} belongs to {owner}, who is not active.",
                entity=entity.name,
                number=number,
                owner=owner,
            )
