"""The entities of positions: a tree of positions with duties and roles, and who holds them from when to when."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)

from crmkit import Money, Record, Ref, RoleSource, Rule, User, date, long_text, money, record, ref, tags, text


@record
class Position(Record):
    """A place in the firm with its duties, whoever holds it: steps of processes name positions, not persons."""

    name: str = text(unique=True, search=True)
    duty: str | None = long_text(label="Duties", help="What whoever holds it is there for.", search=True)
    superior: Ref[Position] | None = ref(label="Superior position")
    roles: tuple[str, ...] | None = tags(help="The roles that its holders have, as long as they hold it.")
    limit: Money | None = money(
        min=0, label="Approval limit", help="The largest amount that its holders approve; empty for any."
    )


@record(title="id")
class PositionHolder(Record):
    """Somebody who holds a position, from a day and up to a day."""

    position: Ref[Position] = ref(part_of=True)
    user: Ref[User] = ref()
    since: Date | None = date(help="The first day; empty for always.")
    until: Date | None = date(help="The last day; empty for no end.")


DECLARATIONS = (
    Position,
    PositionHolder,
    RoleSource(
        name="position", entity="position_holder", user="user", roles="position.roles", since="since", until="until"
    ),
    Rule(
        name="position_held_in_order",
        entity="position_holder",
        when="until < since",
        message="The last day is before the first.",
        path="until",
    ),
)
