"""Hand-over rules, which an administrator edits, and hand-overs in batches, with how far they are."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)

from crmkit import Choice, Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import locked
from crmkit.translation import _

ANY = "*"
RUNNING, DONE, LEFT = "running", "done", "left"


@record(title="entity")
class HandOverRule(Record):
    """To whom records go when their owner leaves. One for a user comes before one for all, one entity before `*`."""

    user: Ref[User] | None = f.ref(label=_("Of"), help="Whose records; everybody's, if empty.")
    entity: str = f.text(max=41, default=ANY, help="Records of which entity; * stands for all others.")
    goal: Ref[object] | None = f.any_ref(
        "user", "queue", "pool", label=_("To"), help="An heir, a queue or a pool; the assignment rules, if empty."
    )


@record(title="id", label=_("Hand-over"), plural=_("Hand-overs"))
class HandOver(Record):
    """A hand-over in batches, so far as it is done. Only programs write it; it is begun by a command."""

    user: Ref[User] = locked(f.ref(label=_("Of"), help="Whose records."))
    goals: object = locked(f.json(help="Where they go, by entity; * stands for all others."))
    switches_off: bool = locked(f.boolean(default=False, help="Whether the user is switched off when nothing is left."))
    status: str = locked(
        f.choice(Choice(RUNNING), Choice(DONE), Choice(LEFT, _("Something is left")), default=RUNNING, index=True)
    )
    handed: int = locked(f.integer(default=0, help="How many records have gone."))
    left: int = locked(f.integer(default=0, label=_("Left behind"), help="How many could not go."))
    problems: object | None = locked(f.json(help="Why they could not, of the first hundred."))
    entity: str | None = locked(f.text(max=41, help="The entity whose turn it is."))
    after: int | None = locked(f.integer(help="The id of the last of its records that was looked at."))
    by: Ref[User] | None = locked(f.ref(help="Who began it; empty if the system did."))
    begun_at: Moment = locked(f.datetime(index=True))
    ended_at: Moment | None = locked(f.datetime())


ENTITIES = (HandOverRule, HandOver)
