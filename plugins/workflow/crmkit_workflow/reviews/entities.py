"""The entities of reviews: rules of what is reviewed and by whom, and the rounds that records went through."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)

from crmkit import (
    Choice,
    Event,
    Record,
    Ref,
    Rule,
    Unique,
    User,
    any_ref,
    boolean,
    choice,
    datetime,
    integer,
    json,
    locked,
    long_text,
    record,
    ref,
    tags,
    text,
)
from crmkit_workflow.positions.entities import Position
from crmkit_workflow.reviews.status import STATES

NAME = 41
POSITION, SUPERIOR = "position", "superior"


@record
class ReviewRule(Record):
    """Which new records of an entity, by whom, are reviewed, whether changes are, too, and who reviews them."""

    name: str = text(unique=True, search=True)
    entity: str = text(max=NAME, index=True, help="The entity whose records are reviewed, such as customer.")
    roles: tuple[str, ...] | None = tags(help="Whose records: of those with one of these roles; empty for everybody.")
    rank: int = integer(default=100, help="Of several rules that fit, the one with the smallest rank counts.")
    active: bool = boolean(default=True)
    reviewers: str = choice(
        Choice(POSITION, "Whoever holds a position"),
        Choice(SUPERIOR, "The superior of the author"),
        default=SUPERIOR,
        label="Reviewer",
    )
    position: Ref[Position] | None = ref()
    at_once: bool = boolean(
        default=True, help="Whether new records are submitted at once, or are drafts until their authors submit them."
    )
    changes: bool = boolean(default=False, help="Whether changed records are reviewed, too.")
    fields: tuple[str, ...] | None = tags(help="The fields whose change is reviewed; empty for all of them.")


@record(title="id")
class Review(Record):
    """One round of a record's review: who submitted it, and what was said about it."""

    record: Ref[object] = locked(any_ref(part_of=True))
    round: int = locked(integer(min=1))
    state: str = locked(choice(*STATES[1:], index=True))
    author: Ref[User] = locked(ref())
    reviewer: Ref[User] = locked(ref())
    position: Ref[Position] | None = locked(ref(help="The position whose holder reviews; empty if a superior does."))
    submitted_at: Moment = locked(datetime(index=True))
    decided_by: Ref[User] | None = locked(ref())
    decided_at: Moment | None = locked(datetime())
    reason: str | None = locked(long_text())
    comments: object | None = locked(json(help="What is to be mended, by field."))
    shared: bool | None = locked(boolean(help="Whether the record was opened to the reviewer."))


DECLARATIONS = (
    ReviewRule,
    Review,
    Unique(entity="review", fields=("record", "round"), message="This round has begun already."),
    Rule(
        name="review_names_position",
        entity="review_rule",
        when="reviewers == 'position' and position is None",
        message="Name the position.",
        path="position",
    ),
    Event(name="review.submitted", entity="review", help="A record was submitted to be reviewed."),
    Event(name="review.approved", entity="review", help="A record was reviewed and found right."),
    Event(name="review.rejected", entity="review", help="A record went back to its author, to be mended."),
)
