"""The state of a record's review, and the restriction by which only those concerned see what isn't reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Choice, Contact, Customer, Opportunity, Ref, Restriction, User, choice, extend, locked, ref
from crmkit.core.declare.kinds import ChoiceKind
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import EntityModel, Record

REVIEW = "review"
DRAFT, PENDING, APPROVED, REJECTED = "draft", "pending", "approved", "rejected"
STATES = (
    Choice(DRAFT, "Not submitted"),
    Choice(PENDING, "Being reviewed"),
    Choice(APPROVED),
    Choice(REJECTED, "To be mended"),
)
SEEN = "review is None or review == 'approved' or review_author == me() or reviewer == me() or owner == me()"
ALL_SEEING = ("admin", "auditor", "privacy_officer")


def reviewable(entity: type[Record]) -> tuple[object, ...]:
    """Return the declarations by which records of an entity with an `owner` can be reviewed; yield all of them.

    Records whose `review` is not `approved`, nor empty, are seen by their author, reviewer and owner only, beside
    administrators, auditors and privacy officers. Customers, contacts and opportunities have it.
    """

    @extend(entity)
    class Reviewable:
        """How far the review of a record is."""

        review: str | None = locked(choice(*STATES, label=_("Review"), index=True))
        reviewer: Ref[User] | None = locked(ref())
        review_author: Ref[User] | None = locked(ref(label=_("Author"), help="Who has it reviewed."))

    restriction = Restriction(
        name=REVIEW,
        entity=entity.__crmkit_entity__.name,
        where=SEEN,
        help=_("It is not reviewed yet."),
        except_for=ALL_SEEING,
    )
    return Reviewable, restriction


DECLARATIONS = (*reviewable(Customer), *reviewable(Contact), *reviewable(Opportunity))


def is_reviewable(entity: EntityModel) -> bool:
    """Return whether records of an entity can be reviewed."""
    field = entity.fields.get(REVIEW)
    return field is not None and field.declared.locked and isinstance(field.kind, ChoiceKind)
