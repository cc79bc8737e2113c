"""Queues, who works in them, who is away, what waits in them, and the rules by which records come to them."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)

from crmkit import Choice, Event, Record, Ref, Rule, Unique, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import locked
from crmkit.translation import _

STRATEGIES = (
    Choice("round_robin", _("In turn")),
    Choice("weighted", _("In turn, by weight")),
    Choice("least_loaded", _("Who has the least")),
    Choice("skill", _("By skill")),
    Choice("territory", _("By territory")),
    Choice("grab", _("Who takes it first")),
    Choice("manual", _("By hand")),
)
AUTOMATIC = frozenset({"round_robin", "weighted", "least_loaded", "skill", "territory"})
STATES = ("waiting", "assigned", "closed")


@record
class Queue(Record):
    """A queue for records of one entity."""

    name: str = f.text(unique=True, search=True)
    entity: str = f.text(max=41, default="customer", index=True, help="The entity whose records wait in it.")
    active: bool = f.boolean(default=True)
    strategy: str = f.choice(*STRATEGIES, default="round_robin", help="Who gets the next record.")
    capacity: int | None = f.integer(min=0, help="How many open records a member has at most.")
    needs_field: str | None = f.text(
        max=41, help="The field whose value names the skill or the territory that is needed."
    )


@record(title="id")
class QueueMember(Record):
    """A user who works in a queue."""

    queue: Ref[Queue] = f.ref(part_of=True)
    user: Ref[User] = f.ref()
    weight: int = f.integer(min=0, max=1000, default=1, help="How much of the work goes to the user.")
    capacity: int | None = f.integer(min=0, help="How many open records, if not as many as the queue says.")
    skills: tuple[str, ...] | None = f.tags()
    territories: tuple[str, ...] | None = f.tags()
    is_head: bool = f.boolean(default=False, label=_("Head"), help="Whether the user gives out work by hand.")


@record(title="reason", owner="user")
class Absence(Record):
    """A time in which a user is away, and gets nothing from queues."""

    user: Ref[User] = f.ref()
    since: Moment = f.datetime(index=True)
    until: Moment | None = f.datetime(help="The moment of return; empty if nobody knows.")
    reason: str | None = f.text()


@record(title="state")
class QueueItem(Record):
    """A record in a queue: waiting, or with somebody who takes care of it."""

    queue: Ref[Queue] = locked(f.ref())
    record: Ref[object] = locked(f.any_ref(part_of=True))
    state: str = locked(f.choice(*STATES, index=True))
    is_open: bool = locked(f.boolean(index=True))
    assignee: Ref[User] | None = locked(f.ref())
    entered_at: Moment = locked(f.datetime(index=True))
    assigned_at: Moment | None = locked(f.datetime())
    needs: tuple[str, ...] | None = locked(f.tags(help="The skills, or the territories, of which it needs one."))
    declined_by: tuple[str, ...] | None = locked(f.tags(help="The ids of those who declined it."))
    rule: str | None = locked(f.text(help="The rule that put it there."))
    result: object | None = locked(f.json(help="How somebody was found: candidates, and why each was passed over."))


@record(title="id")
class QueueCursor(Record):
    """Where a queue's turn is: who was last, and how much weight everybody has gathered."""

    queue: Ref[Queue] = f.ref(part_of=True, unique=True)
    last: Ref[User] | None = locked(f.ref())
    gathered: object | None = locked(f.json())


@record
class AssignmentRule(Record):
    """A rule that gives records to a queue or to a user: of those for an entity, the first that matches counts."""

    name: str = f.text()
    entity: str = f.text(max=41, default="customer", index=True)
    position: int = f.integer(default=100, min=0, help="Rules are asked from the lowest position up.")
    condition: str | None = f.text(max=1000, help="A filter that the record meets; every record, if empty.")
    queue: Ref[Queue] | None = f.ref()
    user: Ref[User] | None = f.ref()
    active: bool = f.boolean(default=True)
    on_create: bool = f.boolean(default=True, label=_("For new records"), help="Whether new records are given out.")


ENTITIES = (Queue, QueueMember, Absence, QueueItem, QueueCursor, AssignmentRule)
DECLARATIONS = (
    *ENTITIES,
    Unique(
        entity="queue_member", fields=("queue", "user"), message=_("The user is a member already."), on_merge="drop"
    ),
    Unique(
        entity="queue_item",
        fields=("record",),
        where="is_open",
        message=_("It is in a queue already."),
        on_merge="drop",
    ),
    Rule(
        name="absence_ends",
        entity="absence",
        when="until <= since",
        message=_("The absence ends before it begins."),
        path="until",
    ),
    Event(name="queue_item.assigned", entity="queue_item", help=_("Somebody got a record from a queue.")),
    Event(name="queue_item.declined", entity="queue_item", help=_("Somebody declined a record from a queue.")),
)
