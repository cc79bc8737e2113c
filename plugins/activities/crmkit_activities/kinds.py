"""Kinds of activities: what each holds, when it is done, and whether it counts as contact. Plugins yield more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field as attribute
from attrs import frozen

from crmkit import AddChoice, Choice, Gate
from crmkit.core.declare.names import as_label, as_text, check_name
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Model

UNREACHED = ("no_answer", "busy", "left_message", "wrong_number", "no_show")
"""Outcomes with which nobody was spoken to."""
BEGUN = Gate(
    condition="planned_start is None or planned_start <= now()",
    message=_("It hasn't begun yet. Plan it anew, or cancel it."),
    path="planned_start",
)


@frozen(kw_only=True)
class ActivityKind(AddChoice):
    """A kind of activity, which is a choice of `activity.kind`.

    Attributes:
        fields: the fields of activities that belong to this kind; an activity has none that belong to other kinds only.
        requires: fields that must have a value from the start.
        completes_with: fields without which it can't be done.
        gates: conditions that must hold for it to be done, over the fields of activities.
        channel: the channel that such an activity takes if it says no other.
        is_contact: whether one that is done is a contact with the customer.
        unreached: outcomes with which it is none.
    """

    name: str
    label: str = attribute(default="", converter=as_text)
    fields: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    completes_with: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    channel: str | None = None
    is_contact: bool = False
    unreached: tuple[str, ...] = UNREACHED
    field: str = attribute(default="activity.kind", init=False)
    choice: Choice = attribute(init=False)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "kind of activity")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
        object.__setattr__(self, "choice", Choice(self.name, self.label))

    def reaches(self, outcome: object) -> bool:
        """Return whether one that is done with this outcome is a contact with the customer."""
        return self.is_contact and outcome not in self.unreached


DECLARATIONS = (
    ActivityKind(
        name="call",
        fields=("phone_number", "direction", "outcome"),
        completes_with=("direction", "outcome"),
        channel="phone",
        is_contact=True,
    ),
    ActivityKind(
        name="meeting",
        fields=("location", "outcome"),
        completes_with=("outcome",),
        gates=(BEGUN,),
        channel="in_person",
        is_contact=True,
    ),
    ActivityKind(
        name="visit",
        fields=("location", "outcome"),
        completes_with=("outcome",),
        gates=(BEGUN,),
        channel="in_person",
        is_contact=True,
    ),
    ActivityKind(
        name="email",
        label=_("E-mail"),
        fields=("email_address", "direction"),
        completes_with=("direction",),
        channel="email",
        is_contact=True,
    ),
    ActivityKind(
        name="fax",
        fields=("fax_number", "pages", "direction"),
        completes_with=("direction", "fax_number"),
        channel="fax",
        is_contact=True,
    ),
    ActivityKind(name="task", fields=("recurrence", "recurs_from")),
    ActivityKind(
        name="touchpoint",
        fields=("direction", "actor"),
        requires=("channel",),
        completes_with=("direction",),
        is_contact=True,
    ),
)


def kinds_of(model: Model) -> dict[str, ActivityKind]:
    """Return the kinds that the enabled plugins declare, by name."""
    return {kind.name: kind for kind, _plugin in model.of(ActivityKind)}


def contact_kinds(model: Model) -> list[str]:
    """Return the names of the kinds that are contacts once they are done."""
    return [kind.name for kind, _plugin in model.of(ActivityKind) if kind.is_contact]


def foreign_fields(model: Model) -> dict[str, frozenset[str]]:
    """Return for every kind the fields that belong to other kinds only."""
    kinds = kinds_of(model)
    owned = {name for kind in kinds.values() for name in kind.fields}
    return {name: frozenset(owned.difference(kind.fields)) for name, kind in kinds.items()}
