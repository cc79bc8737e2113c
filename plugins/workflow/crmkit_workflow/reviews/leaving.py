"""Leaving: records that await the review of somebody who no longer acts go to the superior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit_workflow.reviews.beginning import tell_reviewers
from crmkit_workflow.reviews.entities import Review
from crmkit_workflow.reviews.status import PENDING, is_reviewable
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session


def hand_on(session: Session, left: Iterable[int]) -> None:
    """Give what awaits the review of users who left to the nearest superior who isn't its author, and tell that one.

    Where there is nobody, it goes on awaiting whom it awaited: an administrator can name a superior.
    """
    for user in left:
        line = superiors(session, user)
        for entity in session.model.entities.values():
            if is_reviewable(entity):
                awaiting = session.find(entity.record_class, {"review": PENDING, "reviewer": user})
                pairs = [
                    (record, {"reviewer": found})
                    for record in awaiting
                    if (found := next((each for each in line if each != dict(record.items())["review_author"]), None))
                ]
                session.update_many(pairs)
        rounds = session.find(Review, {"state": PENDING, "reviewer": user})
        handed = session.update_many(
            (each, {"reviewer": found})
            for each in rounds
            if (found := next((one for one in line if one != int(each.author)), None))
        )
        tell_reviewers(session, handed)
