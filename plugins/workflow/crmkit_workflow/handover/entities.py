"""Hand-over rules: to whom the records of somebody who leaves go, as records that an administrator edits."""

from __future__ import annotations

from crmkit import Record, Ref, User, record
from crmkit.core.declare import fields as f
from crmkit.translation import _

ANY = "*"


@record(title="entity")
class HandOverRule(Record):
    """To whom records go when their owner leaves. One for a user comes before one for all, one entity before `*`."""

    user: Ref[User] | None = f.ref(label=_("Of"), help="Whose records; everybody's, if empty.")
    entity: str = f.text(max=41, default=ANY, help="Records of which entity; * stands for all others.")
    goal: Ref[object] | None = f.any_ref(
        "user", "queue", "pool", label=_("To"), help="An heir, a queue or a pool; the assignment rules, if empty."
    )
