"""The command `approvals`: what awaits me, and my decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit import Column, Ref, Table
from crmkit.core.lifecycle.timeline import title_of
from crmkit.errors import Refusal, Refused
from crmkit.translation import _
from crmkit_workflow.approvals.awaiting import awaiting
from crmkit_workflow.approvals.course import lock, tasks_of
from crmkit_workflow.approvals.deciding import approve, reject
from crmkit_workflow.approvals.matters import amount_in, records_of
from crmkit_workflow.approvals.opening import open_record
from crmkit_workflow.approvals.parts import known
from crmkit_workflow.approvals.requests import OPEN, ApprovalRequest
from crmkit_workflow.approvals.submitting import recall, submit
from crmkit_workflow.staff import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import Record, Session
    from crmkit.core.lifecycle.questions import Questions
    from crmkit.core.reading.reports.columns import Cell
    from crmkit_workflow.approvals.awaiting import Awaiting


def approvals(session: Session, **given: object) -> Table | ApprovalRequest:
    """List what awaits the actor, or do one thing: submit a record, approve, reject or recall a request.

    Raises:
        Refused: if more than one thing is asked for at once.
        NotFoundError: if there is no such request, or none that concerns the actor.
    """
    asked = [name for name in ("submit", "approve", "reject", "recall") if given.get(name) is not None]
    if len(asked) > 1:
        text = _("Give one of them at a time: {names}.", names=", ".join(asked))
        raise Refused(entity="approval_request", refusals=(Refusal(path=asked[1], text=text),))
    if not asked:
        return listed(session)
    comment, step = given.get("comment"), given.get("step")
    said, named = None if comment is None else str(comment), None if step is None else str(step)
    if asked == ["submit"]:
        return submit(session, record_of(session, given["submit"]), note=said)
    request = known(session, session.elevated.get(ApprovalRequest, int(str(given[asked[0]]))))
    if asked == ["approve"]:
        return approve(session, request, comment=said, step=named)
    return recall(session, request) if asked == ["recall"] else reject(session, request, comment=said or "", step=named)


def record_of(session: Session, reference: object) -> Record:
    """Return the record that a reference leads to."""
    assert isinstance(reference, Ref)
    return session.get(session.model.entity(reference).record_class, int(reference))


def listed(session: Session) -> Table:
    """Return what awaits the actor's decision as a table."""
    found = awaiting(session)
    records = records_of(open_unseen(session, found), [each.request.record for each in found])
    people = names_of(session, [number for each in found for number in (each.approver, int(each.request.submitter))])
    return Table(
        [
            Column("request", _("Request"), "integer"),
            Column("record", _("Record")),
            Column("title", _("Title")),
            Column("step", _("Step")),
            Column("approver", _("Approver")),
            Column("submitter", _("Submitter")),
            Column("amount", _("Amount"), "money", currency=session.model.conventions.currency),
            Column("since", _("Since"), "datetime"),
        ],
        [row_of(session, each, records.get(each.request.record), people) for each in found],
        title=_("Awaiting my approval"),
    )


def row_of(session: Session, each: Awaiting, record: Record | None, people: Mapping[int, str]) -> tuple[Cell, ...]:
    """Return the row of what awaits a decision, with what the actor sees of the record."""
    request, amount = each.request, amount_in(each.request, record)
    return (
        request.id,
        str(request.record),
        None if record is None else title_of(session.model.entity(record), record),
        each.step,
        people.get(each.approver),
        people.get(int(request.submitter)),
        None if amount is None else amount.base,
        each.since,
    )


def open_unseen(session: Session, found: Iterable[Awaiting]) -> Questions:
    """Open to the actor what it decides by a delegation that began meanwhile; return what asks with its reach then."""
    actor, eyes = session.actor_ref, cast("Questions", session)
    for each in found:
        record = each.request.record
        if each.approver == actor or session.unit.is_readonly or session.readable_ids(record.entity, [int(record)]):
            continue
        assert actor is not None
        with session.unit.command(writes_much=False):
            request = lock(session, each.request.id)
            open_record(session, request, [task for task in tasks_of(session, request) if task.state == OPEN])
            eyes = session.elevated.seen_by(actor)
    return eyes
