"""Together: what a command takes at once is of one entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import Refusal, Refused
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.core.assemble.model import EntityModel, Model
    from crmkit.core.declare.records import Record


def one_entity(model: Model, records: Iterable[Record]) -> EntityModel:
    """Return the entity that all the records are of.

    Raises:
        Refused: if they are of several.
    """
    entities = {record.__crmkit_entity__.name for record in records}
    if len(entities) != 1:
        text = _("Records of one entity are changed together, not of {names}.", names=", ".join(sorted(entities)))
        raise Refused(entity="batch", refusals=(Refusal(path="", text=text),))
    return model.entity(entities.pop())
