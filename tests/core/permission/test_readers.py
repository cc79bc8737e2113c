"""Readers: who takes part in a record reads it, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, SYSTEM, Grant, Record, Ref, Role, User, record, ref, text
from crmkit.core.declare.fields import any_ref, boolean
from crmkit.errors import AccessDeniedError, CommandError, DeclarationError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M1")


@record(owner="owner", private_by="private", readers="guest.who")
class Party(Record):
    """A party, with guests."""

    name: str = text()
    owner: Ref[User] | None = ref()
    private: bool = boolean(default=True)


@record(title="id")
class Guest(Record):
    """Who is invited to a party."""

    party: Ref[Party] = ref(part_of=True)
    who: Ref[object] | None = any_ref("user", "contact")


OWN = Role(
    name="host",
    grants=(
        Grant(entity="party", read="own", create="own", update="own", delete="own"),
        Grant(entity="user", read="all"),
    ),
)


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with parties, where everybody sees the own ones only."""
    made = make_crm([make_plugin("parties", Party, Guest, OWN)])
    with made.session(actor=SYSTEM) as session:
        for name in ("ann", "bob", "cem"):
            session.create(User, name=name, external_id=name, roles=["host"])
    return made


def user(session: Session, name: str) -> User:
    """Return a user by its name."""
    return session.find(User, {"name": name})[0]


def test_who_takes_part_reads(crm: CRM) -> None:
    """A guest reads the party and its other guests, changes nothing, and sees nothing any more when it is no guest."""
    with crm.session(actor="ann") as session:
        party = session.create(Party, name="Summer")
        guest = session.create(Guest, party=party, who=user(session, "bob"))
    with crm.session(actor="bob") as session:
        assert session.find(Party) == (party,)
        assert session.count(Guest) == 1
        with pytest.raises(AccessDeniedError):
            session.update(party, name="Mine")
    with crm.session(actor="cem") as session:
        assert (session.count(Party), session.count(Guest)) == (0, 0)
        with pytest.raises(CommandError):
            session.create(Guest, party=party, who=user(session, "cem"))
    with crm.session(actor="ann") as session:
        session.delete(guest)
    with crm.session(actor="bob") as session:
        assert session.count(Party) == 0


def test_it_is_explained(crm: CRM) -> None:
    """Why a guest reads the party is said."""
    with crm.session(actor=SYSTEM) as session:
        party = session.create(Party, name="Summer", owner=user(session, "ann"))
        session.create(Guest, party=party, who=user(session, "bob"))
        told = {name: session.explain(party, user(session, name)).actions[0] for name in ("bob", "cem")}
    assert (told["bob"].is_allowed, told["bob"].reasons) == (True, ("it takes part",))
    assert not told["cem"].is_allowed


def test_readers_are_users_of_a_part() -> None:
    """Readers that are no reference of a part to users are refused when they are loaded."""

    @record(owner="owner", readers="user.manager")
    class Wrong(Record):
        name: str = text()
        owner: Ref[User] | None = ref()

    with pytest.raises(DeclarationError, match="reference of one of its parts"):
        CRM("sqlite://", [make_plugin("wrong", Wrong)])
