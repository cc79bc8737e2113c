"""Weights of fields, and the score that `scored` adds to an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Customer, Job, Opportunity, Parameter, Record, Unique, bookkeeping, extend, integer, record, text
from crmkit.core.declare.kinds import IntegerKind
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import EntityModel

NAME = 41
COMPLETENESS = "completeness"
HUNDRED = 100
JOB = "recompute_completeness"


@record(title="field")
class CompletenessWeight(Record):
    """How much it counts that a field of an entity has a value."""

    entity: str = text(max=NAME, index=True, help="The entity, such as customer.")
    field: str = text(max=NAME)
    weight: int = integer(min=1, max=1_000, default=1)


def scored(entity: type[Record]) -> type:
    """Return the extension by which records of an entity have a score; yield it to have it.

    `completeness` is from 0 to 100: the weights of the fields that have a value, of the weights of all; empty while no
    field has a weight. Customers and opportunities have it. A plugin above yields `scored(Lead)` for its own.
    """

    @extend(entity)
    class Scored:
        """How complete a record is."""

        completeness: int | None = bookkeeping(
            integer(min=0, max=HUNDRED, index=True, label=_("Completeness"), help="From 0 to 100.")
        )

    return Scored


DECLARATIONS = (
    CompletenessWeight,
    scored(Customer),
    scored(Opportunity),
    Unique(entity="completeness_weight", fields=("entity", "field"), message="The field has a weight already."),
    Job(
        name=JOB,
        run="crmkit_workflow.completeness.recomputing:recompute",
        parameters=(
            Parameter(name="entity", required=True),
            Parameter(name="after", kind=IntegerKind(), default=0, help="The id behind which to go on."),
        ),
        help="Compute the score of all records of an entity, as its weights have changed.",
    ),
)


def is_scored(entity: EntityModel) -> bool:
    """Return whether records of an entity have a score."""
    field = entity.fields.get(COMPLETENESS)
    return field is not None and field.declared.locked and isinstance(field.kind, IntegerKind)
