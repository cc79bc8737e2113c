"""Plans: a flow as it was when a record was submitted, kept with the request so that later changes don't touch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, frozen

from crmkit import Ref
from crmkit.core.lifecycle.conditions import holds
from crmkit.core.lifecycle.drafts import UpdateDraft
from crmkit_workflow.approvals.flows import (
    ADMINISTRATOR,
    ANY,
    CHOSEN,
    SUPERIORS,
    ApprovalFlow,
    ApprovalStep,
    ApprovalStepUser,
)
from crmkit_workflow.approvals.status import contents

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from decimal import Decimal

    from crmkit import EntityModel, Money, Record, Session
    from crmkit.core.lifecycle.drafts import Draft


@frozen(kw_only=True)
class PlannedStep:
    """A step that a request goes through.

    Attributes:
        approvers: how its approvers are found, as of `ApprovalStep`, or `administrator`.
        users: the ids of those who are named or chosen.
        level: which superior of the submitter decides, from 1.
    """

    name: str
    approvers: str
    vote: str
    users: tuple[int, ...] = ()
    position: int | None = None
    level: int = 1


@frozen(kw_only=True)
class Plan:
    """The steps that a request goes through, place by place, and the settings of its flow at the time.

    Attributes:
        voided_by: the fields whose change makes the approval void, and the entities of parts.
        amount_field: the amount by which limits go.
    """

    places: tuple[tuple[PlannedStep, ...], ...]
    otherwise: str
    administrator: int | None
    rejects_to: str
    restarts_from: str
    voided_by: tuple[str, ...]
    amount_field: str | None = None

    @property
    def positions(self) -> frozenset[int]:
        """The ids of the positions that its steps name."""
        return frozenset(step.position for place in self.places for step in place if step.position is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as it is kept with a request."""
        return asdict(self)


def plan_of(kept: object) -> Plan:
    """Return the plan that is kept with a request."""
    assert isinstance(kept, dict)
    places = tuple(
        tuple(PlannedStep(**{**step, "users": tuple(step["users"])}) for step in place) for place in kept["places"]
    )
    return Plan(**{**kept, "places": places, "voided_by": tuple(kept["voided_by"])})


def fitting_flow(
    session: Session, entity: EntityModel, record: Record, approved: Container[int] = ()
) -> ApprovalFlow | None:
    """Return the active flow of the smallest rank whose condition a record meets.

    Once it is among those that have approved the record, it is the turn of the next one that fits and has stages: a
    record gets all approvals that its stages ask for, one after the other. When it has them, it is the first one again.
    """
    draft = UpdateDraft(session.elevated, entity, record=record)
    fitting = [each for each in flows_of(session, entity.name) if meets(session, entity, each.condition, draft)]
    counting = [each for each in fitting if each is fitting[0] or each.stages]
    return next((each for each in counting if each.id not in approved), next(iter(fitting), None))


def flows_of(session: Session, entity: str) -> Sequence[ApprovalFlow]:
    """Return the active flows of an entity in the order in which they are asked."""
    return session.elevated.find(ApprovalFlow, {"entity": entity, "active": True}, order=["rank", "id"])


def meets(session: Session, entity: EntityModel, condition: str | None, draft: Draft) -> bool:
    """Return whether a draft meets a condition; none is met always."""
    return not condition or holds(session, entity, condition, draft)


def amount_field(entity: EntityModel, flow: ApprovalFlow) -> str | None:
    """Return the name of the amount by which limits go."""
    if flow.amount_field is not None:
        return flow.amount_field
    return "amount" if "amount" in entity.amounts else None


def make_plan(
    session: Session, entity: EntityModel, flow: ApprovalFlow, record: Record, chosen: Mapping[str, Sequence[int]]
) -> Plan:
    """Return the steps that a record has to go through by a flow as it is now."""
    steps = session.elevated.find(ApprovalStep, {"flow": flow}, order=["place", "id"])
    draft = UpdateDraft(session.elevated, entity, record=record)
    needed = [each for each in steps if meets(session, entity, each.condition, draft)]
    named = named_users(session, needed)
    places: dict[tuple[int, int], list[PlannedStep]] = {}
    for step in needed:
        for planned in planned_steps(step, named.get(step.id, ()), chosen.get(step.name, ())):
            places.setdefault((step.place, planned.level), []).append(planned)
    listed = tuple(tuple(places[key]) for key in sorted(places))
    if not listed and flow.otherwise == ADMINISTRATOR:
        listed = ((PlannedStep(name=ADMINISTRATOR, approvers=ADMINISTRATOR, vote=ANY),),)
    amount = amount_field(entity, flow)
    return Plan(
        places=listed,
        otherwise=flow.otherwise,
        administrator=None if flow.administrator is None else int(flow.administrator),
        rejects_to=flow.rejects_to,
        restarts_from=flow.restarts_from,
        voided_by=flow.voided_by or (*(() if amount is None else (amount,)), *priced_parts(session, entity)),
        amount_field=amount,
    )


def priced_parts(session: Session, entity: EntityModel) -> list[str]:
    """Return the entities whose records are parts of an entity's and have amounts, such as an order's lines."""
    return [each.name for each in contents(session.model, entity) if each.amounts]


def planned_steps(step: ApprovalStep, named: Iterable[int], chosen: Iterable[int]) -> list[PlannedStep]:
    """Return what a step comes to: superiors up to a level decide one after the other."""
    made = PlannedStep(
        name=step.name,
        approvers=step.approvers,
        vote=step.vote,
        users=tuple(chosen if step.approvers == CHOSEN else named),
        position=None if step.position is None else int(step.position),
    )
    levels = step.levels if step.approvers == SUPERIORS and step.levels else 1
    return [evolve(made, level=level) for level in range(1, levels + 1)]


def named_users(session: Session, steps: Iterable[ApprovalStep]) -> dict[int, list[int]]:
    """Return the ids of the users who are named in steps, by step."""
    given = {"steps": [each.id for each in steps]}
    found: dict[int, list[int]] = {}
    if given["steps"]:
        rows = session.elevated.rows(ApprovalStepUser, ["step", "user"], "step in given.steps", given=given, order="id")
        for step, user in rows:
            assert isinstance(step, Ref)
            assert isinstance(user, Ref)
            found.setdefault(int(step), []).append(int(user))
    return found


def is_same_course(before: Plan, after: Plan, place: int) -> bool:
    """Return whether what was approved before a place would have been asked in just the same way."""
    return before.places[:place] == after.places[:place] and len(after.places) > place


def has_grown(before: Money | None, after: Money | None) -> bool:
    """Return whether an amount is greater than before, in the base currency."""
    return worth(after) > worth(before)


def worth(money: Money | None) -> Decimal:
    """Return an amount in the base currency; none counts as nothing."""
    from decimal import Decimal

    return Decimal(0) if money is None else money.base
