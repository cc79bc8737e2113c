"""People who leave: what they own is handed over in batches, to Bo, and then they are switched off."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit import Customer, User
from crmkit_workflow.handover import batches
from crmkit_workflow.handover.entities import HandOver
from crmkit_workflow.ownership.entities import OwnershipRecord
from tests.killing.case import Case

if TYPE_CHECKING:
    from crmkit import Session
    from tests.killing.case import People

OWNED = 5


def make_small() -> None:
    """Hand over little at once."""
    batches.BATCH = 2


def begin(session: Session, people: People) -> None:
    """Nothing is needed once."""


def add(session: Session, people: People, number: int) -> None:
    """Have somebody leave who owns some customers."""
    leaver = session.create(User, name=f"Leaver {number}", external_id=f"leaver {number}", roles=["member"])
    session.create_many(Customer, [{"name": f"{number} {n}", "owner": leaver} for n in range(OWNED)])
    batches.begin(session, leaver, default=people["bo"].ref, switches_off=True)


def left(session: Session) -> int:
    """Return how many hand-overs haven't ended."""
    return session.count(HandOver, {"status": "running"})


def check(session: Session, rounds: int) -> None:
    """Every customer went once, nobody is left who owns something, and every hand-over counts what it did."""
    found = session.find(HandOver)
    assert Counter((each.status, each.handed, each.left) for each in found) == {("done", OWNED, 0): rounds}
    assert {each.active for each in session.find(User) if each.name.startswith("Leaver")} == {False}
    assert session.count(Customer, "not owner.active") == 0
    moved = Counter(each.record for each in session.find(OwnershipRecord, {"how": "handed_over"}))
    assert (len(moved), set(moved.values())) == (OWNED * rounds, {1})


CASE = Case(
    plugins=list,
    marks=frozenset({"ownership_record"}),
    make_small=make_small,
    begin=begin,
    add=add,
    left=left,
    check=check,
)
