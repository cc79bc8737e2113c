"""Opening: records are opened to reviewers who don't see them, until these have decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.values import ref_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session
    from crmkit_workflow.reviews.entities import Review


def open_records(session: Session, reviews: Iterable[Review]) -> None:
    """Let reviewers see the records that await them; the rounds note to whom they had to be opened."""
    elevated = session.elevated
    awaited: dict[tuple[int, str], list[Review]] = {}
    for each in reviews:
        awaited.setdefault((int(each.reviewer), each.record.entity), []).append(each)
    for (user, name), found in awaited.items():
        reviewer, entity = ref_class("user")(user), session.model.entities[name]
        numbers = [int(each.record) for each in found]
        unseen = set(numbers) - set(elevated.seen_by(reviewer).readable_ids(name, numbers))
        records = elevated.by_id(entity, sorted(unseen))
        for record in records.values():
            elevated.share(record, reviewer)
        elevated.update_many((each, {"shared": True}) for each in found if int(each.record) in records)


def close_records(session: Session, reviews: Iterable[Review]) -> None:
    """Close records again to those reviewers to whom they were opened."""
    elevated, opened = session.elevated, [each for each in reviews if each.shared]
    for each in opened:
        record = elevated.get(session.model.entity(each.record).record_class, int(each.record))
        elevated.unshare(record, each.reviewer)
    elevated.update_many((each, {"shared": None}) for each in opened)
