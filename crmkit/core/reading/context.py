"""Context: who reads, when, and what they may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date, datetime

    import sqlalchemy as sa

    from crmkit.core.assemble.model import EntityModel, FieldModel
    from crmkit.core.declare.conventions import Conventions
    from crmkit.core.reading.watching import Watch

    Reach = Callable[[EntityModel, sa.FromClause], sa.ColumnElement[bool] | None]
    Visible = Callable[[EntityModel, FieldModel], bool]


@frozen(kw_only=True, eq=False)
class ReadContext:
    """What a read depends on beside its own arguments.

    Attributes:
        now: the moment, aware and in UTC.
        today: the day in the home time zone.
        actor: the id of the user who reads, None for the system.
        team: the id of that user's team.
        reach: returns the condition that an entity's rows must meet to be read; None means all of them.
        visible: says whether a field may be seen at all; None means every field that is no secret.
        watch: is told which sensitive values are shown; None if the actor sees none.
        access_key: equal keys promise equal answers of `reach` and `visible`, so that prepared statements are used
            again. Without it every statement is prepared anew.
    """

    now: datetime
    today: date
    actor: int | None
    team: int | None
    conventions: Conventions
    reach: Reach
    visible: Visible | None = None
    watch: Watch | None = None
    access_key: Hashable | None = None

    def sees(self, entity: EntityModel, field: FieldModel) -> bool:
        """Return whether the actor may see a field; the id is always seen, a secret never."""
        if self.visible is None:
            return not field.is_secret
        return field.name == "id" or self.visible(entity, field)
