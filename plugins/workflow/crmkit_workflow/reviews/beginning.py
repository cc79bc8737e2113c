"""Beginning: new records, and changed ones, are submitted to be reviewed as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.declare.records import STAGE_FIELDS
from crmkit.core.declare.values import ref_class
from crmkit.core.lifecycle.seeing import visible
from crmkit.translation import _, ngettext
from crmkit_workflow.ownership.poolable import FIELDS
from crmkit_workflow.reviews.entities import POSITION, Review
from crmkit_workflow.reviews.opening import open_records
from crmkit_workflow.reviews.rules import reviewer_for, rule_for
from crmkit_workflow.reviews.status import APPROVED, DRAFT, PENDING, REVIEW, is_reviewable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit import Batch, Change, CreateDraft, Record, Ref, Session
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit_workflow.reviews.entities import ReviewRule

NOBODY = _("Nobody can review this: the author has no superior. Ask an administrator to name one.")


def mark_new(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Mark new records that need a review."""
    if not is_reviewable(drafts.entity) or not len(drafts):
        return
    rule = rule_for(session, drafts.entity.name)
    if rule is not None:
        mark(session, rule, list(drafts), PENDING if rule.at_once else DRAFT)


def mark_changed(session: Session, drafts: Batch[Draft]) -> None:
    """Mark records that need a review again, as somebody changes what was reviewed, by a move, too.

    The stage itself is not what is reviewed, nor is what only programs write, or to whom the record belongs.
    """
    if not is_reviewable(drafts.entity) or not len(drafts):
        return
    free = {name for name, each in drafts.entity.writable.items() if each.declared.locked} | {
        drafts.entity.owner,
        *FIELDS,
        *STAGE_FIELDS,
    }
    changed = [each for each in drafts if is_reviewed(each) and each.values.keys() - free]
    rule = rule_for(session, drafts.entity.name) if changed else None
    if rule is not None and rule.changes:
        mark(session, rule, [each for each in changed if not rule.fields or each.sets(*rule.fields)], PENDING)


def is_reviewed(draft: Draft) -> bool:
    """Return whether a draft is about a record that others see."""
    return draft.record is not None and visible(draft.record, REVIEW) in {None, APPROVED}


def mark(session: Session, rule: ReviewRule, drafts: Sequence[Draft], state: str) -> None:
    """Note on drafts how far their review is, by whom and of whom."""
    author = session.principal.user
    assert author is not None
    reviewer = reviewer_for(session, rule, author) if drafts else None
    for draft in drafts:
        if reviewer is None:
            draft.refuse(REVIEW, NOBODY)
        else:
            draft.set(REVIEW, state)
            draft.set("reviewer", reviewer)
            draft.set("review_author", author)


def begin_rounds(session: Session, changes: Batch[Change]) -> None:
    """Begin a round of review for every record that was submitted, and tell the reviewers."""
    if is_reviewable(changes.entity):
        begun = [each.after for each in changes if REVIEW in each.changed and state_of(each.after) == PENDING]
        if begun and session.principal.user is not None:
            open_rounds(session, begun)


def state_of(record: Record) -> object:
    """Return how far the review of a record is."""
    return dict(record.items()).get(REVIEW)


def open_rounds(session: Session, records: Sequence[Record]) -> None:
    """Write the rounds, and tell each reviewer once."""
    given = {"records": [each.ref for each in records]}
    rows = session.rows(Review, ["record", "round"], "record in given.records", given=given, order="round")
    last = {cast("Ref[object]", record): int(str(number)) for record, number in rows}
    rule = rule_for(session, records[0].ref.entity)
    position = rule.position if rule is not None and rule.reviewers == POSITION else None
    made = session.create_many(
        Review,
        [
            {
                "record": each,
                "round": last.get(each.ref, 0) + 1,
                "state": PENDING,
                "author": dict(each.items())["review_author"],
                "reviewer": dict(each.items())["reviewer"],
                "position": position,
                "submitted_at": session.unit.now,
            }
            for each in records
        ],
    )
    open_records(session, made)
    for review in made:
        session.emit("review.submitted", review, {"record": str(review.record), "round": review.round})
    tell_reviewers(session, made)


def tell_reviewers(session: Session, reviews: Sequence[Review]) -> None:
    """Tell reviewers what awaits them; of several records at once, how many they are."""
    by_reviewer: dict[int, list[Review]] = {}
    for each in reviews:
        by_reviewer.setdefault(int(each.reviewer), []).append(each)
    for reviewer, found in by_reviewer.items():
        label = session.model.entity(found[0].record).label
        if len(found) == 1:
            text = _("{entity} {id} awaits your review.", entity=label, id=int(found[0].record))
        else:
            text = ngettext(
                "{entity}: {count} record awaits your review.",
                "{entity}: {count} records await your review.",
                len(found),
                entity=label,
            )
        session.notify(
            ref_class("user")(reviewer),
            text,
            about=found[0].record,
            kind="review_awaited",
            key=f"review {found[0].ref}",
        )
