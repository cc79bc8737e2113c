"""Letters: guests who are no users are told by e-mail what becomes of an event, where a mail server is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit import Job, Parameter, Ref, Setting
from crmkit.core.declare.kinds import BooleanKind, IntegerKind, TextKind
from crmkit.translation import _
from crmkit_activities.mail.servers import is_ready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import Session

JOB = "write_to_guest"
DECLARATIONS = (
    Setting(
        name="event_letters",
        kind=BooleanKind(),
        default=True,
        help=_("Whether guests who are no users are told of events by e-mail, where a mail server is set up."),
    ),
    Job(
        name=JOB,
        run="crmkit_activities.mail.guests:write",
        parameters=(
            Parameter(name="guest", kind=IntegerKind(), required=True),
            Parameter(name="kind", kind=TextKind(), required=True),
            Parameter(name="key", kind=TextKind(), required=True),
        ),
        help=_("Write to a guest what has become of an event."),
    ),
)


@frozen(kw_only=True, order=False)
class Outsider:
    """A guest who is no user: somebody, or an address; and the attendee by which an event says so."""

    who: Ref[object] | str
    guest: int = field(eq=False)


def partaker(who: object, address: object, guest: int) -> Ref[object] | Outsider | None:
    """Return who a guest is, as far as anybody can be told: a user, or somebody else who may have an address."""
    if isinstance(who, Ref):
        return who if who.entity == "user" else Outsider(who=who, guest=guest)
    return None if address is None else Outsider(who=str(address).lower(), guest=guest)


def have_written(session: Session, wanted: Iterable[tuple[str, str, Outsider]]) -> None:
    """Have letters written of a kind, by a key, to guests, where they are wished and a mail server is set up."""
    from crmkit.core.lifecycle.enqueuing import enqueue_many

    listed = list(wanted)
    if listed and session.setting("event_letters") and is_ready(session):
        runs = [(f"{key} to {who.guest}", {"guest": who.guest, "kind": kind, "key": key}) for kind, key, who in listed]
        enqueue_many(session, JOB, runs)
