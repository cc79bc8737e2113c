"""Role sources: records that give users roles, from a day on and up to a day, and who may write such records."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Grant, Record, Ref, Role, RoleSource, User, date, record, ref, tags, text
from crmkit.errors import AccessDeniedError, DeclarationError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@record
class Office(Record):
    """What somebody is appointed to."""

    name: str = text()
    roles: tuple[str, ...] | None = tags()


@record(title="id")
class Appointment(Record):
    """Somebody in an office."""

    office: Ref[Office] = ref(part_of=True)
    user: Ref[User] = ref()
    since: Date | None = date()
    until: Date | None = date()


SOURCE = RoleSource(
    name="offices", entity="appointment", user="user", roles="office.roles", since="since", until="until"
)
EVERYTHING = Grant(entity="*", read="all", create="all", update="all", delete="all")
CLERK = Role(name="clerk", grants=(EVERYTHING, Grant(entity="user", read="all")))
READER = Role(name="reader", grants=(Grant(entity="customer", read="all"), Grant(entity="user", read="all")))
OFFICES = make_plugin("offices", Office, Appointment, SOURCE, CLERK, READER)
DAY = timedelta(days=1)


@pytest.fixture
def offices(make_crm: CRMFactory) -> CRM:
    """A CRM with offices, and Bob, who has no role of his own."""
    crm = make_crm([OFFICES])
    with crm.session(actor="admin") as session:
        session.create(User, name="Bob", external_id="bob")
        session.create(User, name="Cleo", external_id="cleo", roles=["clerk"])
        session.create(Office, name="Records", roles=["reader"])
        session.create(Customer, name="Acme")
    return crm


def appoint(crm: CRM, **values: Date) -> None:
    """Appoint Bob to the office."""
    with crm.session(actor="admin") as session:
        bob, office = session.find(User, {"external_id": "bob"})[0], session.find(Office)[0]
        session.create_many(Appointment, [{"office": office, "user": bob, **values}])


def seen(crm: CRM) -> int:
    """Return how many customers Bob sees."""
    with crm.session(actor="bob") as session:
        return session.count(Customer)


def test_records_give_roles(offices: CRM) -> None:
    """A user has the roles that records give, beside its own, once in office and no longer."""
    assert seen(offices) == 0
    appoint(offices)
    assert seen(offices) == 1
    with offices.session(actor="admin") as session:
        session.delete(session.find(Appointment)[0])
    assert seen(offices) == 0


def test_roles_are_given_from_day_to_day(offices: CRM, clock: FrozenClock) -> None:
    """The first and the last day count, in the home time zone, and no other."""
    with offices.session(actor="admin") as session:
        today = session.today
    appoint(offices, since=today + DAY, until=today + 2 * DAY)
    found = []
    for _day in range(4):
        found.append(seen(offices))
        clock.advance(days=1)
    assert found == [0, 1, 1, 0]


def test_an_office_without_roles_gives_none(offices: CRM) -> None:
    """What the office names no longer is no longer given."""
    appoint(offices)
    with offices.session(actor="admin") as session:
        session.update(session.find(Office)[0], roles=None)
    assert seen(offices) == 0


def test_given_roles_are_explained(offices: CRM) -> None:
    """Explaining what a user may do names the roles that are given, too."""
    appoint(offices)
    with offices.session(actor="admin") as session:
        found = session.explain(session.find(Customer)[0], session.find(User, {"external_id": "bob"})[0])
    assert found.roles == ("reader",)


def test_nobody_raises_its_own_rights_by_them(offices: CRM) -> None:
    """Who may not change every user changes neither what gives roles nor what names them, though a role allows it."""
    appoint(offices)
    with offices.session(actor="cleo") as session:
        office, mine = session.find(Office)[0], session.find(Appointment)[0]
        cleo = session.find(User, {"external_id": "cleo"})[0]
        with pytest.raises(AccessDeniedError):
            session.create(Office, name="Board", roles=["admin"])
        with pytest.raises(AccessDeniedError):
            session.update(office, roles=["admin"])
        with pytest.raises(AccessDeniedError):
            session.create(Appointment, office=office, user=cleo)
        with pytest.raises(AccessDeniedError):
            session.update(mine, user=cleo)
        with pytest.raises(AccessDeniedError):
            session.delete(mine)
    with offices.session(actor="admin") as session:
        session.delete(session.find(Appointment)[0])
    with offices.session(actor="cleo") as session, pytest.raises(AccessDeniedError):
        session.restore(Appointment, mine.id)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"user": "office"}, "no reference to a user"),
        ({"roles": "office.name"}, "no tags"),
        ({"roles": "office.titles"}, "there is no 'titles'"),
        ({"since": "user"}, "no date"),
        ({"entity": "chair"}, "there is no 'chair'"),
    ],
)
def test_a_source_that_can_give_none_is_refused(make_crm: CRMFactory, wrong: dict[str, str], problem: str) -> None:
    """A source whose fields are no user, no tags or no date is a mistake that shows when the CRM is assembled."""
    given = {"entity": "appointment", "user": "user", "roles": "office.roles"} | wrong
    source = RoleSource(name="offices", **given)
    with pytest.raises(DeclarationError, match=problem):
        make_crm([make_plugin("offices", Office, Appointment, source)])
