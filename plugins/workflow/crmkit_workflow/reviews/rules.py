"""Rules of reviews: what they speak of is there, and which one counts for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import _
from crmkit_workflow.positions.holders import responsible
from crmkit_workflow.reviews.entities import POSITION, ReviewRule
from crmkit_workflow.reviews.status import is_reviewable
from crmkit_workflow.staff import superiors

if TYPE_CHECKING:
    from crmkit import Batch, Session
    from crmkit.core.lifecycle.drafts import Draft


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse rules that speak of what isn't there, and those by who may not change every rule."""
    principal = session.principal
    for draft in drafts.of(ReviewRule):
        if principal.user is not None and "all" not in principal.rights.levels(drafts.entity, "update"):
            draft.refuse("name", _("Review rules are made by those who may change all of them."))
        entity = session.model.entities.get(str(draft.get("entity")))
        if entity is None or not is_reviewable(entity):
            known, name = ", ".join(filter_reviewable(session)), draft.get("entity")
            draft.refuse("entity", _("{name!r} is not reviewed. There are: {known}.", name=name, known=known))
            continue
        for path, known_names in (("fields", entity.writable), ("roles", session.model.roles)):
            given = draft.get(path)
            for name in given if isinstance(given, tuple) else ():
                if name not in known_names:
                    names = ", ".join(known_names)
                    draft.refuse(path, _("There is no {name!r}. There are: {known}.", name=name, known=names))


def filter_reviewable(session: Session) -> list[str]:
    """Return the names of the entities whose records can be reviewed."""
    return [each.name for each in session.model.entities.values() if is_reviewable(each)]


def rule_for(session: Session, entity: str) -> ReviewRule | None:
    """Return the rule by which records that the actor writes are reviewed; None if they aren't."""
    if session.principal.user is None:
        return None
    held = set(session.principal.roles)
    rules = session.elevated.find(ReviewRule, {"entity": entity, "active": True}, order=["rank", "id"])
    return next((each for each in rules if not each.roles or held & set(each.roles)), None)


def reviewer_for(session: Session, rule: ReviewRule, author: int) -> int | None:
    """Return who reviews records of an author, by id: never the author; None if there is nobody."""
    found: tuple[int, ...] = ()
    if rule.reviewers == POSITION and rule.position is not None:
        found = responsible(session, int(rule.position), session.today, besides=[author]).users
    return next(iter([*found, *superiors(session, author)]), None)
