from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import CRM, SYSTEM, Record, Ref, Team, User, boolean, record, ref, text
from crmkit.errors import AccessDeniedError, ConflictError, DeclarationError, NotFoundError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M1")


@record(owner="owner", private_by="private")
class Note(Record):
    """A note, which may be private."""

    name: str = text(search=True)
    owner: Ref[User] | None = ref()
    private: bool = boolean(default=True)


@record(title="name")
class Remark(Record):
    """What is said about a note."""

    name: str = text()
    note: Ref[Note] | None = ref()


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with private notes: Ann wrote one; Bob and an administrator are there, too."""
    made = make_crm([make_plugin("notes", Note, Remark)])
    with made.session(actor=SYSTEM) as session:
        team = session.create(Team, name="North")
        for name in ("ann", "bob"):
            session.create(User, name=name, external_id=name, roles=["member"], team=team)
    return made


def test_private_is_for_the_owner(crm: CRM) -> None:
    """A private record is found, read, counted, searched and changed by its owner only, and by programs."""
    with crm.session(actor="ann") as session:
        note = session.create(Note, name="Secret plan")
        remark = session.create(Remark, name="yes", note=note)
        assert session.find(Note, search="plan") == (note,)
    for other in ("admin", "bob"):
        with crm.session(actor=other) as session:
            assert (session.count(Note), session.find(Note, search="plan")) == (0, ())
            assert session.rows(Remark, ["note.name"], {"id": remark.id}) == ((None,),)
            with pytest.raises(NotFoundError):
                session.get(Note, note.id)
            with pytest.raises((NotFoundError, AccessDeniedError, ConflictError)):
                session.update(note, name="Mine")
            with pytest.raises((NotFoundError, AccessDeniedError, ConflictError)):
                session.delete(note)
    with crm.session(actor=SYSTEM) as session:
        assert session.count(Note) == 1


def test_what_is_not_private_goes_by_roles(crm: CRM) -> None:
    """Without the mark, roles say who sees a record; the owner sets and takes the mark at any time."""
    with crm.session(actor="ann") as session:
        note = session.create(Note, name="Open", private=False)
    with crm.session(actor="bob") as session:
        assert session.get(Note, note.id) == note
    with crm.session(actor="ann") as session:
        session.update(note, private=True)
    with crm.session(actor="bob") as session, pytest.raises(NotFoundError):
        session.get(Note, note.id)


def test_a_share_opens_what_is_private(crm: CRM) -> None:
    """Who is shared with sees a private record, also by the team, and nobody else does."""
    with crm.session(actor="ann") as session:
        note = session.create(Note, name="Shared")
        session.share(note, session.find(User, {"name": "bob"})[0])
    with crm.session(actor="bob") as session:
        assert session.get(Note, note.id) == note
    with crm.session(actor="admin") as session:
        assert session.count(Note) == 0


def test_it_is_explained(crm: CRM) -> None:
    """Why somebody may not read a private record is said."""
    with crm.session(actor="ann") as session:
        note = session.create(Note, name="Mine")
    with crm.session(actor=SYSTEM) as session:
        told = session.explain(note, session.find(User, {"name": "bob"})[0])
    read = next(each for each in told.actions if each.action == "read")
    assert (read.is_allowed, read.reasons) == (False, ("It is private.",))


def test_the_mark_is_a_yes_or_no_of_what_has_an_owner() -> None:
    """A private mark that is no yes-or-no field, or whose records belong to nobody, is refused when it is loaded."""

    @record(owner="owner", private_by="name")
    class Wrong(Record):
        name: str = text()
        owner: Ref[User] | None = ref()

    @record(private_by="hidden")
    class Ownerless(Record):
        name: str = text()
        hidden: bool = boolean(default=True)

    for declared, problem in ((Wrong, "yes-or-no"), (Ownerless, "needs owner=")):
        with pytest.raises(DeclarationError, match=problem):
            CRM("sqlite://", [make_plugin("wrong", declared)])
