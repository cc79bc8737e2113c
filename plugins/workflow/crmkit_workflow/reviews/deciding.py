"""Deciding: records are submitted by their authors, and approved or sent back by their reviewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.changing import current
from crmkit.errors import NotFoundError, Refusal
from crmkit.translation import _
from crmkit_workflow.errors import NotReviewableError, NoUserError
from crmkit_workflow.reviews.beginning import NOBODY, state_of
from crmkit_workflow.reviews.entities import Review
from crmkit_workflow.reviews.opening import close_records
from crmkit_workflow.reviews.rules import reviewer_for, rule_for
from crmkit_workflow.reviews.status import APPROVED, DRAFT, PENDING, REJECTED, REVIEW, is_reviewable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from crmkit import Record, Session

    R = TypeVar("R", bound=Record)


def submit_for_review(session: Session, record: R) -> R:
    """Submit a draft, or a record that was sent back and mended, to be reviewed; its earlier rounds are kept.

    Its author does, or its owner, who is its author from then on.

    Raises:
        NotReviewableError: if it isn't the actor's to submit, or nobody can review it.
    """
    user = acting(session)
    values = checked(session, record)
    concerned = {values["review_author"], values[str(session.model.entity(record).owner)]}
    if user not in concerned or state_of(record) not in {DRAFT, REJECTED}:
        text = _("Only its author or its owner submits a record, when it is a draft or was sent back.")
        raise refused(record, REVIEW, text)
    rule = rule_for(session, record.__crmkit_entity__.name)
    reviewer = values["reviewer"] if rule is None else reviewer_for(session, rule, user)
    if reviewer is None:
        raise refused(record, REVIEW, NOBODY)
    changes = {REVIEW: PENDING, "reviewer": reviewer, "review_author": user}
    session.elevated.update_many([(record, changes)])
    return session.get(type(record), record.id)


def approve_review(session: Session, record: R) -> R:
    """Note that a record is right, so that it is there for everybody.

    Raises:
        NotReviewableError: if it doesn't await the actor's review.
        ConflictError: if it was changed since the actor read it.
    """
    return decide(session, record, APPROVED, None, {})


def reject_review(session: Session, record: R, *, reason: str, comments: Mapping[str, str] | None = None) -> R:
    """Send a record back to its author, saying why, and what is to be mended field by field.

    Raises:
        NotReviewableError: if it doesn't await the actor's review, the reason is missing, or a field isn't there.
        ConflictError: if it was changed since the actor read it.
    """
    fields = session.model.entity(record).writable
    unknown = [name for name in comments or {} if name not in fields]
    if not reason.strip():
        raise refused(record, "reason", _("Say why, so that it can be mended."))
    if unknown:
        raise refused(record, "comments", _("There is no field {names}.", names=", ".join(unknown)))
    return decide(session, record, REJECTED, reason, dict(comments or {}))


def decide(session: Session, record: R, state: str, reason: str | None, comments: Mapping[str, str]) -> R:
    """Note what a reviewer found, on the record and in the round, and tell the author."""
    user = acting(session)
    values = checked(session, record)
    if state_of(record) != PENDING:
        raise refused(record, REVIEW, _("It doesn't await a review."))
    if values["review_author"] == user:
        raise refused(record, "reviewer", _("Nobody reviews what it has submitted itself."))
    if values["reviewer"] != user:
        raise refused(record, "reviewer", _("It awaits somebody else's review."))
    with session.unit.command(writes_much=True):
        session.elevated.update_many([(record, {REVIEW: state})])
        (round_,) = session.elevated.find(Review, {"record": record}, order="-round", limit=1)
        (review,) = session.elevated.update_many(
            [
                (
                    round_,
                    {
                        "state": state,
                        "decided_by": user,
                        "decided_at": session.unit.now,
                        "reason": reason,
                        "comments": dict(comments) or None,
                    },
                )
            ]
        )
        session.elevated.emit(f"review.{state}", review, {"record": str(record.ref), "round": review.round})
        tell_author(session, review)
        found = session.get(type(record), record.id)
        close_records(session, [review])
    return found


def tell_author(session: Session, review: Review) -> None:
    """Tell the author what the reviewer found."""
    label = session.model.entity(review.record).label
    if review.state == APPROVED:
        text = _("{entity} {id} was reviewed and is there for everybody.", entity=label, id=int(review.record))
    else:
        text = _("{entity} {id} was sent back: {reason}", entity=label, id=int(review.record), reason=review.reason)
    kind, key = f"review_{review.state}", f"review {review.ref} {review.state}"
    session.notify(review.author, text, about=review.record, kind=kind, key=key)


def acting(session: Session) -> int:
    """Return the id of the acting user."""
    if session.principal.user is None:
        raise NoUserError
    return session.principal.user


def checked(session: Session, record: Record) -> Mapping[str, object]:
    """Return the values of a record that the actor sees and that can be reviewed."""
    entity = session.model.entity(record)
    if record.id not in session.readable_ids(entity.name, [record.id]):
        raise NotFoundError(entity=entity.name, id=record.id)
    if not is_reviewable(entity):
        raise refused(record, REVIEW, _("Records of this entity are not reviewed."))
    return dict(current(session, record).items())


def refused(record: Record, path: str, text: str) -> NotReviewableError:
    """Return the error for one reason."""
    return NotReviewableError(entity=record.__crmkit_entity__.name, refusals=(Refusal(path=path, text=text),))
