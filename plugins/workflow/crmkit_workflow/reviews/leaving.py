"""Leaving: what awaits the review of somebody who has left, or no longer holds the position, goes to somebody else."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class
from crmkit.translation import _
from crmkit_workflow.approvals.matters import records_of
from crmkit_workflow.positions.holders import responsible
from crmkit_workflow.reviews.beginning import tell_reviewers
from crmkit_workflow.reviews.entities import Review
from crmkit_workflow.reviews.opening import close_records, open_records
from crmkit_workflow.reviews.status import PENDING
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Session


def hand_on(session: Session, left: Iterable[int]) -> None:
    """Give what awaits the review of users who left to who is responsible for it now, and tell that one.

    That is whoever is responsible for the position that reviews, else the nearest superior, else an administrator, and
    never the author; where there is nobody, it goes on awaiting whom it awaited.
    """
    for user in left:
        line_of = cache(partial(line, session, user))
        rounds = session.find(Review, {"state": PENDING, "reviewer": user}, order="id")
        handed = give(
            session, {each: besides([*holding(session, each), *line_of(each.record.entity)], each) for each in rounds}
        )
        if any(each.reviewer == session.principal.user for each in handed):  # notices tell nobody of its own doing
            text = _("What awaited the review of this user awaits yours now.")
            session.caution(ref_class("user")(user), "active", text)


def follow_positions(session: Session) -> None:
    """Give what awaits the review of whoever holds a position to who is responsible for the position today."""
    found = {}
    for each in session.elevated.find(Review, "state == 'pending' and position is not None", order="id"):
        responsible_now = holding(session, each)
        if responsible_now and each.reviewer not in responsible_now:
            found[each] = responsible_now[0]
    give(session, found)


def holding(session: Session, review: Review) -> tuple[int, ...]:
    """Return who is responsible today for the position that reviews, by id, but for the author."""
    if review.position is None:
        return ()
    return responsible(session, int(review.position), session.today, besides=[int(review.author)]).users


def give(session: Session, found: Mapping[Review, int | None]) -> list[Review]:
    """Give rounds to others, with their records, and tell these; return the rounds that were given to somebody."""
    elevated = session.elevated
    given = [(each, {"reviewer": user}) for each, user in found.items() if user is not None]
    records = records_of(elevated, [each.record for each, _values in given])
    close_records(session, [each for each, _values in given])
    elevated.update_many((records[each.record], values) for each, values in given if each.record in records)
    handed = elevated.update_many(given)
    open_records(session, handed)
    tell_reviewers(session, handed)
    return handed


def besides(users: Iterable[int], review: Review) -> int | None:
    """Return the first of some users who isn't the author, None if there is none."""
    return next((each for each in users if each != review.author), None)


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
