from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Gate, Manifest, Opportunity, extend, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit.core.declare import fields as f
from crmkit.core.lifecycle.conditions import check_condition
from crmkit.errors import ClashError, Refused
from crmkit_activities.activity import Activity, ActivityParticipant
from crmkit_activities.kinds import DECLARATIONS, ActivityKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C3")

HOUR = timedelta(hours=1)
FAX = {"direction": "inbound", "fax_number": "+33 1 40 20 50 50"}


def paths(caught: pytest.ExceptionInfo[Refused]) -> list[str]:
    """Return the fields that a refusal is about, in their order by name."""
    return sorted(each.path for each in caught.value.refusals)


COMPLETE: dict[str, dict[str, str]] = {
    "call": {"direction": "outbound", "outcome": "reached"},
    "meeting": {"outcome": "held"},
    "visit": {"outcome": "held"},
    "email": {"direction": "inbound"},
    "fax": FAX,
    "task": {},
}
"""What each kind needs to be done."""


def test_each_kind_has_its_own_rule_for_being_done(session: Session) -> None:
    """A call is done with a direction and an outcome, a fax with its number; all that lacks is said at once."""
    for kind, values in COMPLETE.items():
        planned = session.create(Activity, subject="Talk", kind=kind)
        if values:
            with pytest.raises(Refused) as caught:
                session.move(planned, "done")
            assert paths(caught) == sorted(values)
            with pytest.raises(Refused) as caught:
                session.create(Activity, subject="Talk", kind=kind, stage="done")
            assert paths(caught) == sorted(values)
        assert session.move(planned, "done", **values).stage_kind == "done"


def test_each_kind_has_its_own_fields(session: Session) -> None:
    """A field that belongs to other kinds only is refused, and all of them at once."""
    with pytest.raises(Refused) as caught:
        session.create(Activity, subject="Talk", kind="call", pages=2, fax_number="+33 1 40 20 50 50", location="Paris")
    assert paths(caught) == ["fax_number", "location", "pages"]


def test_a_changed_kind_leaves_fields_of_the_old_one_behind(session: Session) -> None:
    """What was planned as a visit and becomes a call has no place any more, and a place for it is refused."""
    visit = session.create(Activity, subject="Talk", kind="visit", location="Paris")
    with pytest.raises(Refused) as caught:
        session.update(visit, kind="call", location="Lyon")
    assert paths(caught) == ["location"]
    call = session.update(visit, kind="call")
    assert (call.kind, call.location) == ("call", None)


def test_what_is_done_stays_complete(session: Session) -> None:
    """A done call can't lose its outcome, and becomes no fax without a number."""
    call = session.create(Activity, subject="Talk", kind="call", stage="done", direction="inbound", outcome="reached")
    for change, missing in (({"outcome": None}, ["outcome"]), ({"kind": "fax"}, ["fax_number"])):
        with pytest.raises(Refused) as caught:
            session.update(call, **change)
        assert paths(caught) == missing
    assert session.update(call, outcome="other", description="Called back.").outcome == "other"


def test_a_meeting_is_not_done_before_it_begins(session: Session, clock: FrozenClock) -> None:
    """A meeting that is planned for later can be cancelled or moved, but not be done; its hour come, it can."""
    meeting = session.create(Activity, subject="Talk", kind="meeting", planned_start=clock.now + HOUR)
    with pytest.raises(Refused, match="hasn't begun") as caught:
        session.move(meeting, "done", outcome="held")
    assert paths(caught) == ["planned_start"]
    clock.advance(hours=1)
    assert session.move(meeting, "done", outcome="held").ended_at == clock.now


def test_nothing_is_done_in_the_future(session: Session, clock: FrozenClock) -> None:
    """What is done ended at a moment that has passed."""
    with pytest.raises(Refused, match="in the future") as caught:
        session.create(
            Activity, subject="a", kind="email", stage="done", direction="inbound", ended_at=clock.now + HOUR
        )
    assert paths(caught) == ["ended_at"]


def test_times_are_noted_and_forgotten(session: Session, clock: FrozenClock) -> None:
    """Done, it knows when; opened again, it doesn't; a contact that comes in done was when it began."""
    task = session.move(session.create(Activity, subject="a", kind="task"), "done")
    assert (task.done_at, task.ended_at) == (clock.now, None)
    assert session.move(task, "planned").done_at is None
    mail = session.move(session.create(Activity, subject="a", kind="email", direction="inbound"), "done")
    assert (mail.done_at, mail.ended_at) == (clock.now, clock.now)
    mail = session.move(mail, "planned")
    assert (mail.done_at, mail.ended_at) == (None, None)
    old = datetime(2026, 2, 2, 8, tzinfo=UTC)
    call = session.create(
        Activity, subject="a", kind="call", stage="done", direction="inbound", outcome="reached", started_at=old
    )
    assert (call.started_at, call.ended_at, call.done_at) == (old, old, clock.now)


def test_times_run_forward(session: Session, clock: FrozenClock) -> None:
    """Nothing ends before it begins, neither as planned nor as it was."""
    later, now = clock.now, clock.now - HOUR
    with pytest.raises(Refused) as caught:
        session.create(
            Activity, subject="a", kind="task", planned_start=later, planned_end=now, started_at=later, ended_at=now
        )
    assert paths(caught) == ["ended_at", "planned_end"]


def test_the_customer_follows_from_what_it_is_about(session: Session) -> None:
    """An activity about a deal, a contact or a customer belongs to that customer; one that names another keeps it."""
    acme, beta = session.create(Customer, name="Acme"), session.create(Customer, name="Beta")
    lea = session.create(Contact, name="Lea", customer=acme)
    deal = session.create(Opportunity, name="200 seats", customer=acme)
    made = session.create_many(
        Activity,
        [
            {"subject": "a", "kind": "task", "about": deal},
            {"subject": "b", "kind": "task", "about": lea},
            {"subject": "c", "kind": "task", "contact": lea},
            {"subject": "d", "kind": "task", "about": acme},
            {"subject": "e", "kind": "task", "about": deal, "customer": beta},
            {"subject": "f", "kind": "task"},
        ],
    )
    assert [each.customer for each in made] == [acme.ref, acme.ref, acme.ref, acme.ref, beta.ref, None]
    assert [each.contact for each in made] == [None, lea.ref, lea.ref, None, None, None]
    assert session.update(made[5], about=deal).customer == acme.ref


def test_plugins_add_kinds(make_crm: CRMFactory) -> None:
    """Another plugin adds a kind with a field and a rule of its own; the others don't get the field."""

    @extend(Activity)
    class Demonstrated:
        """What was shown."""

        product_shown: str | None = f.text()

    class House:
        """Adds demonstrations."""

        @staticmethod
        @hookimpl
        def crmkit_declare() -> Iterator[object]:
            """Yield the kind and its field."""
            yield Demonstrated
            yield ActivityKind(
                name="demo",
                label="Demonstration",
                fields=("product_shown", "outcome"),
                completes_with=("product_shown",),
                gates=(Gate(condition="product_shown != 'nothing'", message="Show something.", path="product_shown"),),
                is_contact=True,
            )

    house = Plugin(manifest=Manifest(name="house", requires=("activities",)), hooks=(House,))
    with make_crm([house]).session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        demo = session.create(Activity, subject="a", kind="Demonstration", customer=acme)
        for values in ({}, {"product_shown": "nothing"}):
            with pytest.raises(Refused) as caught:
                session.move(demo, "done", **values)
            assert paths(caught) == ["product_shown"]
        assert session.move(demo, "done", product_shown="Rocket").stage == "done"
        assert dict(session.get(Customer, acme.id).items())["last_contacted_at"] is not None
        with pytest.raises(Refused) as caught:
            session.create(Activity, subject="a", kind="call", product_shown="Rocket")
        assert paths(caught) == ["product_shown"]


def test_a_kind_is_declared_once(make_crm: CRMFactory) -> None:
    """Two plugins that mean different things by one name of a kind clash when they are loaded."""

    class House:
        """Calls something else a call."""

        @staticmethod
        @hookimpl
        def crmkit_declare() -> Iterator[object]:
            """Yield the kind."""
            yield ActivityKind(name="call", label="Phone call")

    house = Plugin(manifest=Manifest(name="house", requires=("activities",)), hooks=(House,))
    with pytest.raises(ClashError, match="house"):
        make_crm([house])


def test_the_rules_of_kinds_can_be_read(crm: CRM) -> None:
    """Every gate of the plugin's kinds is a filter over activities, and every field that they name is one."""
    entity = crm.model.entity(Activity)
    for kind in DECLARATIONS:
        assert {*kind.fields, *kind.requires, *kind.completes_with} <= set(entity.writable)
        for gate in kind.gates:
            check_condition(crm.model, entity.name, gate.condition, kind.name, "activities")


def test_who_gave_it_is_noted(crm: CRM, people: dict[str, User]) -> None:
    """What a manager gives to somebody says so, until it is taken back; one's own is given by nobody."""
    with crm.session(actor="mia") as session:
        own = session.create(Activity, subject="a", kind="task")
        given = session.create(Activity, subject="b", kind="task", owner=people["ann"])
        assert (own.delegated_by, given.delegated_by) == (None, people["mia"].ref)
        own = session.update(own, owner=people["bob"])
        assert own.delegated_by == people["mia"].ref
        assert session.update(own, owner=people["mia"]).delegated_by is None


def test_people_take_part_once(session: Session) -> None:
    """A contact is a participant of a meeting once."""
    meeting = session.create(Activity, subject="a", kind="meeting")
    lea = session.create(Contact, name="Lea")
    session.create(ActivityParticipant, activity=meeting, person=lea)
    with pytest.raises(Refused, match="takes part already"):
        session.create(ActivityParticipant, activity=meeting, person=lea, role="observer")


def test_customers_show_what_is_planned_and_what_was_done(session: Session) -> None:
    """The profile of a customer has both, the next due and the latest first."""
    acme = session.create(Customer, name="Acme")
    for subject, due in (("later", "2026-04-01"), ("soon", "2026-03-05")):
        session.create(Activity, subject=subject, kind="task", customer=acme, due=due)
    session.create(Activity, subject="was", kind="email", direction="inbound", customer=acme, stage="done")
    profile = session.profile(acme)
    assert [row["subject"] for row in profile["open_activities"].rows] == ["soon", "later"]
    assert [row["subject"] for row in profile["done_activities"].rows] == ["was"]
