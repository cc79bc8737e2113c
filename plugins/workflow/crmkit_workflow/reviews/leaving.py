"""Leaving: records that await the review of somebody who no longer acts go to the superior, or to an administrator."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_workflow.reviews.beginning import tell_reviewers
from crmkit_workflow.reviews.entities import Review
from crmkit_workflow.reviews.opening import close_records, open_records
from crmkit_workflow.reviews.status import PENDING, is_reviewable
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session


def hand_on(session: Session, left: Iterable[int]) -> None:
    """Give what awaits the review of users who left to the nearest superior who isn't its author, and tell that one.

    Where there is none, it goes to an administrator; where there is none either, it goes on awaiting whom it awaited.
    """
    for user in left:
        line_of = cache(partial(line, session, user))
        for entity in session.model.entities.values():
            if is_reviewable(entity):
                awaiting = session.find(entity.record_class, {"review": PENDING, "reviewer": user})
                pairs = [
                    (record, {"reviewer": found})
                    for record in awaiting
                    if (found := besides(line_of(entity.name), dict(record.items())["review_author"]))
                ]
                session.update_many(pairs)
        rounds = session.find(Review, {"state": PENDING, "reviewer": user})
        close_records(session, rounds)
        handed = session.update_many(
            (each, {"reviewer": found})
            for each in rounds
            if (found := besides(line_of(each.record.entity), int(each.author)))
        )
        open_records(session, handed)
        tell_reviewers(session, handed)
        if any(each.reviewer == session.principal.user for each in handed):  # notices tell nobody of its own doing
            text = _("What awaited the review of this user awaits yours now.")
            session.caution(ref_class("user")(user), "active", text)


def besides(users: Iterable[int], author: object) -> int | None:
    """Return the first of some users who isn't the author, None if there is none."""
    return next((each for each in users if each != author), None)


def line(session: Session, user: int, entity: str) -> list[int]:
    """Return who may review records of an entity in the place of a user: superiors first, then administrators."""
    return [*superiors(session, user), *administrators(session, entity)]


def administrators(session: Session, entity: str) -> list[int]:
    """Return the active users, by id, who may change all review rules and read all records of an entity."""
    import sqlalchemy as sa

    from crmkit.core.reading.held_roles import held_roles, role_names, this_day

    rules, reviewed, users = (
        session.model.entities["review_rule"],
        session.model.entities[entity],
        session.tables["user"],
    )
    held = held_roles(session.model, session.tables, users, this_day(lambda: session.today))
    query = sa.select(users.c.id, held).where(users.c.active.is_(sa.true()), users.c.deleted_at.is_(None))
    rows = session.unit.connection.execute(query.order_by(users.c.id))
    able = [(int(number), session.model.rights(role_names(roles))) for number, roles in rows]
    return [
        number
        for number, rights in able
        if "all" in rights.levels(rules, "update") and "all" in rights.levels(reviewed, "read")
    ]
