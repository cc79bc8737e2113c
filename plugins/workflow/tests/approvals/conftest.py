"""A firm whose people approve what others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from crmkit import Opportunity, User
from crmkit_workflow.approvals.deciding import approve, reject
from crmkit_workflow.approvals.flows import ApprovalFlow, ApprovalStep, ApprovalStepUser
from crmkit_workflow.approvals.requests import ApprovalRequest, ApprovalTask
from crmkit_workflow.approvals.submitting import recall, submit

if TYPE_CHECKING:
    from crmkit import CRM, Record

PEOPLE = {"eve": None, "mia": "eve", "sam": "mia", "lee": "eve", "fay": "eve", "kim": "eve"}
"""Eve is above all; Sam sells under Mia; Lee is the lawyer, Fay does finance, Kim can stand in."""


@frozen
class Firm:
    """A CRM with people and flows, and what they do in it, each in a session of its own."""

    crm: CRM

    def flow(self, *steps: dict[str, object], **values: object) -> ApprovalFlow:
        """Make a flow of opportunities; `users` of a step names users by their external ids."""
        with self.crm.session(actor="admin") as session:
            known = {each.external_id: each for each in session.find(User)}
            given = {"name": "Deals", "entity": "opportunity", "administrator": known["admin"], **values}
            flow = session.create_many(ApprovalFlow, [given])[0]
            for number, step in enumerate(steps, start=1):
                names = step.get("users", ())
                rest = {name: value for name, value in step.items() if name != "users"}
                kind = {"approvers": "users"} if names else {}
                values = {"flow": flow, "place": number, "name": f"step {number}", **kind, **rest}
                made = session.create_many(ApprovalStep, [values])[0]
                for name in names:  # type: ignore[attr-defined]
                    session.create(ApprovalStepUser, step=made, user=known[name])
            return session.get(ApprovalFlow, flow.id)

    def deal(self, **values: object) -> Opportunity:
        """Have Sam make a deal."""
        with self.crm.session(actor="sam") as session:
            return session.create_many(Opportunity, [{"name": "200 seats", "amount": 10_000, **values}])[0]

    def submit(self, record: Record, actor: str = "sam", **values: object) -> ApprovalRequest:
        """Have somebody submit a record as it is now."""
        with self.crm.session(actor=actor) as session:
            now = session.get(type(record), record.id)
            return submit(session, now, **values)  # type: ignore[arg-type]

    def approve(self, actor: str, request: ApprovalRequest, comment: str | None = None, step: str | None = None) -> str:
        """Have somebody approve, and return the status that the request has then."""
        with self.crm.session(actor=actor) as session:
            return approve(session, request, comment=comment, step=step).status

    def reject(self, actor: str, request: ApprovalRequest, comment: str = "Too cheap.") -> str:
        """Have somebody reject, and return the status that the request has then."""
        with self.crm.session(actor=actor) as session:
            return reject(session, request, comment=comment).status

    def recall(self, actor: str, request: ApprovalRequest) -> str:
        """Have somebody recall a request, and return the status that it has then."""
        with self.crm.session(actor=actor) as session:
            return recall(session, request).status

    def awaited(self, request: ApprovalRequest) -> list[str]:
        """Return the external ids of those whom a request awaits, in alphabetical order."""
        with self.crm.session(actor="admin") as session:
            where = {"request": request, "state": "open"}
            return sorted(str(name) for (name,) in session.rows(ApprovalTask, ["approver.external_id"], where))

    def status(self, record: Record) -> str | None:
        """Return the approval of a record."""
        with self.crm.session(actor="admin") as session:
            found = dict(session.get(type(record), record.id).items())["approval"]
            return None if found is None else str(found)

    def user(self, name: str) -> User:
        """Return a user by its external id."""
        with self.crm.session(actor="admin") as session:
            return session.find(User, {"external_id": name})[0]

    def deactivate(self, name: str) -> None:
        """Take a user out of service."""
        with self.crm.session(actor="admin") as session:
            session.update(session.find(User, {"external_id": name})[0], active=False)


@pytest.fixture
def firm(crm: CRM) -> Firm:
    """A firm whose people approve what others do."""
    with crm.session(actor="admin") as session:
        made: dict[str, User] = {}
        for name, manager in PEOPLE.items():
            above = None if manager is None else made[manager]
            made[name] = session.create(User, name=name.title(), external_id=name, roles=["member"], manager=above)
    return Firm(crm)
