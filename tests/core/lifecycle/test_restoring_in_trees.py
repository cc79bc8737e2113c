"""Trees: a record that comes back stands where it would stand if it had never gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Category, Contact, Customer, OrgUnit, Record, Team, User
from crmkit.core.audit.verifying import verify

if TYPE_CHECKING:
    from crmkit import Session

TREES: tuple[tuple[type[Record], str], ...] = (
    (Team, "parent"),
    (User, "manager"),
    (Category, "parent"),
    (Customer, "parent"),
    (OrgUnit, "parent"),
    (Contact, "reports_to"),
)


def branch(session: Session, entity: type[Record], parent: str, *names: str) -> list[Record]:
    """Return new records of a tree, each below the one before."""
    acme = session.create(Customer, name="Acme") if entity is OrgUnit else None
    found: list[Record] = []
    for name in names:
        above = found[-1] if found else None
        values: dict[str, object] = {"name": name, parent: above}
        values |= {"customer": acme} if entity is OrgUnit else {}
        values |= {"external_id": name} if entity is User else {}
        found += session.create_many(entity, [values])
    return found


@pytest.mark.parametrize(("entity", "parent"), TREES, ids=lambda each: getattr(each, "__name__", each))
def test_what_comes_back_stands_below_the_nearest_that_is_there(
    session: Session, entity: type[Record], parent: str
) -> None:
    """Whatever was deleted above it since, and in whatever order; nothing hangs below what is deleted."""
    top, upper, lower, leaf = branch(session, entity, parent, "Top", "Upper", "Lower", "Leaf")
    for each in (leaf, upper, lower):
        session.delete(session.get(entity, each.id))
    assert getattr(session.restore(entity, leaf.id), parent) == top.ref
    session.delete(session.get(entity, top.id))
    assert getattr(session.get(entity, leaf.id), parent) is None
    assert getattr(session.restore(entity, lower.id), parent) is None
    assert getattr(session.restore(entity, top.id), parent) is None
    assert getattr(session.restore(entity, upper.id), parent) == top.ref
    assert verify(session) == []


def test_what_was_deleted_below_another_comes_back_below_it(session: Session) -> None:
    """A record above that is there stays the one above it, and nothing is written beside the return."""
    upper, lower = branch(session, Team, "parent", "Upper", "Lower")
    session.delete(lower)
    back = session.restore(Team, lower.id)
    assert (back.parent, back.version) == (upper.ref, 3)


def test_a_category_comes_back_with_the_path_of_its_place(session: Session) -> None:
    """What was renamed, moved or deleted above it counts."""
    _top, upper, lower = branch(session, Category, "parent", "Top", "Upper", "Lower")
    session.delete(lower)
    session.update(upper, name="Middle")
    assert session.restore(Category, lower.id).path == "Top / Middle / Lower"
    session.delete(session.get(Category, lower.id))
    session.delete(session.get(Category, upper.id))
    assert session.restore(Category, lower.id).path == "Top / Lower"


def test_a_merge_that_is_taken_back_finds_the_place_too(session: Session) -> None:
    """A customer whose parent was deleted since its merge stands below the one above that."""
    top, upper, lower = branch(session, Customer, "parent", "Top", "Upper", "Lower")
    other = session.create(Customer, name="Other")
    merged = session.merge(other, lower)
    session.delete(session.get(Customer, upper.id))
    session.unmerge(merged)
    assert session.get(Customer, lower.id).parent == top.ref
