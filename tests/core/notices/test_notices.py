"""Notices: everybody is told once, sees what was said to them alone, and in their own language."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Customer, Notice, Team, User
from crmkit.errors import AccessDeniedError, NotFoundError, Refused
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def office(make_crm: CRMFactory) -> CRM:
    """A CRM with Ann and Bob, members, and Cid, who has left."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        for name, active in (("ann", True), ("bob", True), ("cid", False)):
            session.create(User, name=name, external_id=name, roles=["member"], active=active)
    return crm


def users(session: Session) -> dict[str, User]:
    """Return all users by their names."""
    return {each.external_id: each for each in session.elevated.find(User)}


@contextmanager
def counted(crm: CRM) -> Iterator[list[str]]:
    """Collect the statements that are executed."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    sa.event.listen(crm.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(crm.engine, "before_cursor_execute", note)


def told(crm: CRM, actor: str) -> list[str]:
    """Return what somebody was told, the latest first."""
    with crm.session(actor=actor, readonly=True) as session:
        return [each.text for each in session.notices()]


def test_everybody_but_the_actor_and_the_inactive_is_told(office: CRM) -> None:
    """Of those named, the actor is left out, who is inactive, and who is left out by name."""
    with office.session(actor="ann") as session:
        known = users(session)
        acme = session.create(Customer, name="Acme")
        count = session.notify(known.values(), "Acme is new.", about=acme, without=[known["admin"].ref])
    assert count == 1
    assert told(office, "bob") == ["Acme is new."]
    assert told(office, "ann") == told(office, "admin") == []


def test_a_change_tells_once(office: CRM) -> None:
    """The same kind about the same version is told once; a further change is told again."""
    with office.session(actor="ann") as session:
        bob = users(session)["bob"]
        acme = session.create(Customer, name="Acme")
        counts = [session.notify(bob, f"Acme {n}", about=acme, kind="customer_changed") for n in range(2)]
        acme = session.update(acme, city="Paris")
        counts.append(session.notify(bob.ref, "Acme moved", about=acme, kind="customer_changed"))
        counts.append(session.notify([bob], "Acme grew", about=acme, kind="customer_grew"))
    assert counts == [1, 0, 1, 1]


def test_a_key_is_told_once_to_each(office: CRM) -> None:
    """With a key, everybody is told once, also who has deleted the notice since."""
    with office.session(actor=SYSTEM) as session:
        known = users(session)
        assert session.notify(known["ann"], "Hello", key="greeting") == 1
        assert session.notify([known["ann"], known["bob"], known["bob"]], "Hello", key="greeting") == 1
    with office.session(actor="bob") as session:
        session.delete(session.notices()[0])
    with office.session(actor=SYSTEM) as session:
        assert session.notify(known["bob"], "Hello", key="greeting") == 0


def test_without_record_and_key_it_is_told_each_time(office: CRM) -> None:
    """Nothing says that two such notices are the same."""
    with office.session(actor=SYSTEM) as session:
        bob = users(session)["bob"]
        assert [session.notify(bob, "Hello") for _each in range(2)] == [1, 1]


def test_nobody_but_the_recipient_sees_a_notice(office: CRM) -> None:
    """No role reaches the notices of others: not to read, to change, to delete or to make them."""
    with office.session(actor=SYSTEM) as session:
        session.notify(users(session)["bob"], "Between us")
        [notice] = session.find(Notice)
    for actor in ("admin", "ann"):
        with office.session(actor=actor) as session:
            assert session.find(Notice) == ()
            assert session.count(Notice) == 0
            with pytest.raises(NotFoundError):
                session.history(notice)
            with pytest.raises(NotFoundError):
                session.update(notice, text="No")
            with pytest.raises(NotFoundError):
                session.delete(notice)
            with pytest.raises(NotFoundError):
                session.mark_read(notice)
            with pytest.raises(AccessDeniedError):
                session.create(Notice, recipient=users(session)["bob"], kind="x", text="Forged", key="x")
    with office.session(actor="bob") as session:
        reasons = {each.action: each.reasons for each in session.explain(notice, users(session)["bob"]).actions}
        assert reasons["read"] == ("It is private, and this user's own.",)
        with pytest.raises(AccessDeniedError):
            session.transfer(notice, users(session)["admin"])


def test_users_without_any_role_read_what_they_are_told(office: CRM) -> None:
    """Private records need no grant."""
    with office.session(actor="admin") as session:
        dan = session.create(User, name="Dan", external_id="dan")
        session.notify(dan, "Welcome")
    assert told(office, "dan") == ["Welcome"]


def test_what_was_read_is_noted(office: CRM) -> None:
    """Notices are unread until their recipient notes them, one or all."""
    with office.session(actor=SYSTEM) as session:
        for text in ("One", "Two", "Three"):
            session.notify(users(session)["bob"], text)
    with office.session(actor="bob") as session:
        first = session.notices()[-1]
        assert (session.mark_read(first), session.mark_read(session.get(Notice, first.id))) == (1, 0)
        assert [each.text for each in session.notices(unread=True, limit=1)] == ["Three"]
        assert session.mark_read() == 2
        assert session.notices(unread=True) == ()
        assert session.get(Notice, first.id).read_at == session.unit.now
    with office.session(actor=SYSTEM) as session:
        assert session.notices() == ()
        assert session.mark_read() == 0


def test_a_notice_is_said_in_another_language(office: CRM) -> None:
    """What it was made of is kept, so that it can be said in the reader's language, values included."""
    inner = _("Owner")
    text = _("There is no {entity} {id}.", entity=inner, id=3)
    with office.session(actor=SYSTEM) as session:
        bob = users(session)["bob"]
        session.notify(bob, text)
        session.notify(bob, ngettext("{count} record", "{count} records", 2))
        session.notify(bob, "Braces {stay}")
    with office.session(actor="bob") as session:
        plain, plural, made = (each.words for each in session.notices())
    assert (str(plain), str(plural), str(made)) == ("Braces {stay}", "2 records", str(text))
    assert made.template == text.template  # type: ignore[attr-defined]
    chinese = office.model.languages.of("zh_CN")
    assert chinese.say(made) == chinese.say(text) != str(text)


def test_a_notice_speaks_the_language_of_the_crm(make_crm: CRMFactory) -> None:
    """The text as it is sent and searched is in the language of the CRM."""
    crm = make_crm(locale="zh_CN")
    with crm.session(actor=SYSTEM) as session:
        session.notify(users(session)["admin"], _("Owner"))
    assert told(crm, "admin") == ["负责人"]


def test_only_users_are_told(office: CRM) -> None:
    """A team or a customer is refused."""
    with office.session(actor="admin") as session, pytest.raises(Refused, match="Notices are for users"):
        session.notify(session.create(Team, name="North"), "Hello")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_many_are_told_in_few_statements(office: CRM) -> None:
    """The number of statements does not grow with the number of recipients."""
    counts, statements = list[int](), list[str]()
    with office.session(actor="admin") as session:
        made = session.create_many(User, ({"name": f"U{n}", "external_id": f"u{n}"} for n in range(64)))
        session.notify(made[:2], "Hello")
        for few in (made[2:4], made[4:]):
            with counted(office) as statements:
                session.notify(few, "Hello", key="hello")
            counts.append(len(statements))
    assert counts[1] <= counts[0] + 4, statements  # ids are taken in blocks


def test_two_who_tell_the_same_tell_once(office: CRM) -> None:
    """At the same time, one of them tells, and the other one finds that it was told."""
    barrier, counts = threading.Barrier(2), list[int]()

    def tell() -> None:
        with office.session(actor=SYSTEM) as session:
            known = users(session)
            barrier.wait()
            counts.append(session.notify([known["ann"], known["bob"]], "Hello", key="hello"))

    threads = [threading.Thread(target=tell) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(counts) == [0, 2]
    assert told(office, "bob") == ["Hello"]


def test_notices_about_a_person_are_erased_with_it(office: CRM) -> None:
    """What was said about a person is blanked; that something was said stays."""
    with office.session(actor="admin") as session:
        acme = session.create(Customer, name="Mary Miller")
        session.notify(users(session)["bob"], _("There is no {entity} {id}.", entity="Mary", id=3), about=acme)
        session.erase(acme, reason="asked for it")
    with office.session(actor="bob") as session:
        [notice] = session.notices()
    assert "Mary" not in repr(notice)
    assert notice.words == f"Erased notice {notice.id}"


def test_different_things_are_told_at_once(office: CRM) -> None:
    """Each of them as `notify` would, those told twice in one batch once."""
    with office.session(actor="ann") as session:
        known = users(session)
        told_now = session.notify_many(
            [
                {"to": known.values(), "text": "One", "key": "one"},
                {"to": known["bob"], "text": "Two", "key": "two"},
                {"to": [known["bob"], known["admin"]], "text": "Two again", "key": "two"},
            ]
        )
    assert told_now == 4
    assert sorted(told(office, "bob")) == ["One", "Two"]
    assert sorted(told(office, "admin")) == ["One", "Two again"]


def test_programs_ask_with_the_reach_of_a_user(office: CRM) -> None:
    """A program may look through the eyes of somebody, and nobody else may."""
    with office.session(actor=SYSTEM) as session:
        known = users(session)
        session.notify(known["bob"], "Hello")
        assert session.seen_by(known["bob"]).count(Notice) == 1
        assert session.seen_by(known["ann"].ref).count(Notice) == 0
    with office.session(actor="admin") as session, pytest.raises(AccessDeniedError):
        session.seen_by(known["bob"])
