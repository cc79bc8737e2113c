"""Creating and changing records: what is written, what is refused, and what it leaves behind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM, Contact, Customer, ExchangeRate, Money, Opportunity, Product, Team, User
from crmkit.errors import (
    ConflictError,
    NotFoundError,
    Refused,
    SessionClosedError,
    UnknownActorError,
    UnknownNameError,
)
from crmkit.testing.snapshots import refused, snapshot

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


def paths(error: BaseException) -> list[str]:
    """Return the paths of all refusals."""
    assert isinstance(error, Refused)
    return [each.path for each in error.refusals]


def added(crm: CRM, session: Session, before: dict[str, list[tuple[object, ...]]]) -> dict[str, int]:
    """Return how many rows each table has more than before."""
    after = snapshot(crm, session.unit.connection)
    return {name: len(after[name]) - len(rows) for name, rows in before.items() if len(after[name]) != len(rows)}


@pytest.mark.row("A16")
@pytest.mark.row("B4")
def test_one_write_has_one_effect(crm: CRM, session: Session, clock: FrozenClock) -> None:
    """A write is one row, one row of change and one event, with actor, time, old and new values."""
    before = snapshot(crm, session.unit.connection)
    team = session.create(Team, name="North")
    assert added(crm, session, before) == {"crm_team": 1, "crm_change": 1, "crm_event": 1, "crm_closure": 1}
    at = clock.advance(minutes=5)
    before = snapshot(crm, session.unit.connection)
    changed = session.update(team, name="South")
    assert added(crm, session, before) == {"crm_change": 1, "crm_event": 1}
    newest = session.history(changed)[0]
    assert (newest.version, newest.action, newest.at) == (2, "update", at)
    assert (dict(newest.old), dict(newest.new)) == ({"name": "North"}, {"name": "South"})
    assert newest.actor == session.actor_ref
    assert (changed.updated_at, changed.created_at, changed.updated_by) == (at, team.created_at, session.actor_ref)
    assert session.get(Team, team.id) == changed


def test_events_are_ordered_within_a_version(crm: CRM) -> None:
    """The events of one version of a record are numbered from 0 in the order in which they happened."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        contact = session.create(Contact, name="Jo", customer=acme)
        event = crm.tables.system.event
        query = sa.select(event.c.name, event.c.version, event.c.ordinal).where(event.c.entity == "contact")
        found = [tuple(row) for row in session.unit.connection.execute(query.order_by(event.c.id))]
        with refused(crm, session, UnknownNameError):
            session.emit("contact.imagined", contact)
    assert found == [("contact.created", 1, 0), ("contact.linked", 1, 1)]


def test_the_same_values_are_no_change(crm: CRM, session: Session) -> None:
    """An update with the values that are there writes nothing, whatever form they are given in."""
    customer = session.create(
        Customer, name="Acme", employees=5, annual_revenue="10 EUR", tags="b, a", phone="+33140205050"
    )
    before = snapshot(crm, session.unit.connection)
    same = session.update(
        customer, name=" Acme ", employees="5", annual_revenue=10, tags=["a", "b"], phone="+33 1 40 20 50 50", city=""
    )
    assert same == customer
    assert session.update_many([(customer, {"name": "Acme"}), (customer, {})]) == [customer, customer]
    assert snapshot(crm, session.unit.connection) == before


def test_a_conflict_names_what_somebody_else_changed(crm: CRM) -> None:
    """A write from an old version is refused, names the fields and the version, and writes nothing."""
    with crm.session(actor="admin") as session:
        old = session.create(Customer, name="Acme")
    with crm.session(actor="admin") as session:
        session.update(session.update(old, city="Lyon"), level="a")
    with crm.session(actor="admin") as session:
        for act in (
            lambda: session.update(old, name="Mine"),
            lambda: session.move(old, "active"),
            lambda: session.delete(old),
            lambda: session.update_many([(old, {"name": "Mine"})]),
        ):
            with refused(crm, session, ConflictError) as caught:
                act()
            assert isinstance(caught.value, ConflictError)
            assert (set(caught.value.changed), caught.value.version) == ({"city", "level"}, 3)


def test_versions_of_this_session_never_conflict(session: Session) -> None:
    """A session may go on with any version that it wrote or read before it wrote."""
    first = session.create(Customer, name="Acme")
    session.update(first, city="Lyon")
    session.move(first, "active")
    last = session.update(first, level="a")
    assert (last.city, last.stage, last.level, last.version) == ("Lyon", "active", "a", 4)
    both = session.update_many([(first, {"city": "Nice"}), (first, {"level": "b"})])
    assert [(each.city, each.level, each.version) for each in both] == [("Nice", "b", 6)] * 2


def test_everything_wrong_is_told_at_once(crm: CRM, session: Session) -> None:
    """All refusals of a record come together, each with its path."""
    with refused(crm, session, Refused) as caught:
        session.create(
            Opportunity, name=" ", amount="-5", probability="101", customer=999, closed_on="2026-02-30", nmae="x"
        )
    assert sorted(paths(caught.value)) == ["amount", "closed_on", "customer", "name", "nmae", "probability"]
    with refused(crm, session, Refused) as caught:
        session.create(Opportunity, name="Odd", opened_on="2026-03-01", closed_on="2026-02-01")
    assert paths(caught.value) == ["closed_on"]


@pytest.mark.parametrize(
    "values",
    [
        {"id": 5},
        {"version": 7},
        {"created_at": "2020-01-01"},
        {"created_by": 1},
        {"deleted_at": None},
        {"stage_kind": "won"},
        {"name_key": "x"},
        {"annual_revenue_base": 5},
        {"__class__": "x"},
        {"": 1},
    ],
    ids=lambda values: next(iter(values)) or "empty",
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_belongs_to_the_lifecycle_can_not_be_given(crm: CRM, session: Session, values: dict[str, Any]) -> None:
    """System fields, columns and names that don't exist are refused by every command, never ignored."""
    with refused(crm, session, Refused) as caught:
        session.create(Customer, **{"name": "Acme"} | values)
    assert paths(caught.value) == list(values)
    acme = session.create(Customer, name="Acme")
    with refused(crm, session, Refused):
        session.update(acme, **values)
    with refused(crm, session, Refused):
        session.move(acme, "active", **values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "nul\x00here"),
        ("name", "lone \ud800 surrogate"),
        ("name", "bell \x07"),
        ("name", "x" * 1_000_000),
        ("description", "x" * 1_000_000),
        ("employees", 10**300),
        ("employees", "9" * 300),
        ("employees", float("nan")),
        ("employees", "1e999999"),
        ("employees", 2**63),
        ("annual_revenue", "1e999"),
        ("annual_revenue", Decimal("1e999999")),
        ("annual_revenue", Decimal(10) ** 30),
        ("annual_revenue", Money(Decimal(1), "USD", rate=Decimal("NaN"))),
        ("annual_revenue", Money(Decimal(1), "USD", rate=Decimal(10) ** 40)),
        ("annual_revenue", "0.001 EUR"),
        ("annual_revenue", "1.234,50"),
        ("annual_revenue", "5 XYZ"),
        ("annual_revenue", "5 USD"),
        ("tags", ["fine", "nul\x00"]),
        ("tags", ["x" * 81]),
        ("address", {"street": "nul\x00"}),
        ("address", '{"a":' * 100_000),
        ("email", "not an address"),
        ("phone", "call me"),
        ("website", "javascript:alert(1)"),
        ("parent", "contact:1"),
        ("parent", True),
        ("parent", 2**70),
        ("level", "Z"),
        ("name", b"bytes"),
        ("name", 5),
    ],
    ids=lambda value: repr(value)[:24],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_hostile_values_are_refusals(crm: CRM, session: Session, field: str, value: Any) -> None:
    """A value that can't be stored is a refusal at its field, with a short text, before any database sees it."""
    with refused(crm, session, Refused) as caught:
        session.create(Customer, **{"name": "Acme"} | {field: value})
    assert paths(caught.value) == [field]
    assert len(str(caught.value)) < 1000


@pytest.mark.row("B1")
@pytest.mark.parametrize(
    "name",
    [
        "Ünïcode",
        "👨‍👩‍👧‍👦 Family",
        "שלום עולם",
        "\u202eevil\u202c",
        "İstanbul",
        "Straße",
        "张三有限公司",
        "e\u0301",
        "'; DROP TABLE x; --",
        "%s ? :x",
    ],
)
def test_texts_come_back_as_they_were_given(session: Session, name: str) -> None:
    """Any text goes in and comes out the same, composed (NFC), on both databases."""
    import unicodedata

    made = session.create(Customer, name=name, description=name * 50)
    found = session.get(Customer, made.id)
    assert found == made
    assert found.name == unicodedata.normalize("NFC", name)
    assert session.count(Customer, {"name": made.name}) == 1


def test_many_are_created_or_none(crm: CRM, session: Session) -> None:
    """A batch with one bad row writes nothing and says which row it was; a good one gives the records in order."""
    with refused(crm, session, Refused) as caught:
        session.create_many(
            Customer,
            [{"name": "A"}, {"name": "B", "level": "q"}, {"name": "C", "number": "1"}, {"name": "D", "number": "1"}],
        )
    assert isinstance(caught.value, Refused)
    assert [(each.index, each.path) for each in caught.value.refusals] == [(1, "level")]
    with refused(crm, session, Refused) as caught:
        session.create_many(Customer, [{"name": "C", "number": "ａ1"}, {"name": "D", "number": "A1"}])
    assert isinstance(caught.value, Refused)
    assert [(each.index, each.path) for each in caught.value.refusals] == [(1, "number")]
    made = session.create_many(Customer, [{"name": str(number)} for number in range(1200)])
    assert [record.name for record in made] == [str(number) for number in range(1200)]
    assert session.create_many(Customer, []) == []
    assert session.update_many([]) == []
    with refused(crm, session, Refused):
        session.update_many([(made[0], {"city": "Lyon"}), (made[1], {"level": "q"})])
    team = session.create(Team, name="T")
    with refused(crm, session, Refused):
        session.update_many([(made[0], {"city": "Lyon"}), (team, {"name": "x"})])


@pytest.mark.parametrize(
    ("first", "second"),
    [("abc", "ABC"), ("ＡＢＣ", "abc"), ("straße", "STRASSE"), ("Ä", "ä"), ("e\u0301", "É"), ("a  b", "A B")],
)
def test_unique_values_ignore_case_and_width(crm: CRM, session: Session, first: str, second: str) -> None:
    """Two spellings of one value are one value, on both databases; an update is refused like a creation."""
    session.create(Customer, name="One", number=first)
    with refused(crm, session, Refused) as caught:
        session.create(Customer, name="Two", number=second)
    assert paths(caught.value) == ["number"]
    other = session.create(Customer, name="Two", number="other")
    with refused(crm, session, Refused):
        session.update(other, number=second)


def test_defaults_fill_what_is_left_open(session: Session) -> None:
    """A new record gets its defaults and belongs to the actor; what is given as empty counts as left open."""
    acme = session.create(Customer, name="Acme", type=None, owner="", address={"city": "Paris"})
    assert (acme.type, acme.owner, acme.city) == ("organisation", session.actor_ref, "Paris")
    assert (acme.pipeline, acme.stage, acme.stage_kind, acme.version) == ("customer", "prospect", "open", 1)
    assert session.create(Product, name="Seat").active is True
    with pytest.raises(Refused, match="required"):
        session.update(acme, name=None)


def test_references_that_can_not_be_had_look_alike(make_crm: CRMFactory) -> None:
    """A reference to a record that is unknown, deleted or out of reach is refused with the same words."""
    from crmkit import Grant, Role
    from crmkit.testing.plugins import make_plugin

    own = Role(name="own", grants=(Grant(entity="*", read="own", create="own", update="own"),))
    crm = make_crm([make_plugin("strict", own)])
    with crm.session(actor="admin") as session:
        foreign, gone = (session.create(Customer, name=name) for name in ("Foreign", "Gone"))
        session.delete(gone)
        session.create(User, name="Bob", external_id="bob", roles=["own"])
    with crm.session(actor="bob") as session:
        texts = []
        numbers = (foreign.id, gone.id, 999, foreign.id, gone.id, foreign.id)
        for wanted, number in zip((*numbers[:3], foreign, gone, foreign.ref), numbers, strict=True):
            with refused(crm, session, Refused) as caught:
                session.create(Opportunity, name="Deal", customer=wanted)
            assert isinstance(caught.value, Refused)
            texts.append([each.text.replace(str(number), "N") for each in caught.value.refusals])
        assert texts == [["There is no customer N."]] * 6


def test_what_a_reaction_knows_is_not_known_to_the_actor(make_crm: CRMFactory) -> None:
    """That a plugin read a record with system reach doesn't let the actor refer to it."""
    from crmkit import Grant, Role
    from crmkit.testing.plugins import make_plugin

    def after(session: Session, changes: object) -> None:
        for change in changes.of(Team):  # type: ignore[attr-defined]
            session.create(Opportunity, name="By plugin", customer=1, owner=1)
            del change

    own = Role(name="own", grants=(Grant(entity="*", read="own", create="all", update="own"),))
    crm = make_crm([make_plugin("strict", own, after_create=after)])
    with crm.session(actor="admin") as session:
        assert session.create(Customer, name="Foreign").id == 1
        session.create(User, name="Bob", external_id="bob", roles=["own"])
    with crm.session(actor="bob") as session:
        session.create(Team, name="Trigger")
        with refused(crm, session, Refused):
            session.create(Opportunity, name="Deal", customer=1)


def test_foreign_amounts_keep_the_rate_of_their_day(session: Session, clock: FrozenClock) -> None:
    """A foreign amount is written with the rate that is valid, which a later rate never changes."""
    session.create(ExchangeRate, currency="USD", rate="0.9", valid_from="2026-01-01")
    session.create(ExchangeRate, currency="USD", rate="0.5", valid_from="2027-01-01")
    deal = session.create(Opportunity, name="Deal", amount="100 USD")
    assert deal.amount is not None
    assert (deal.amount.rate, deal.amount.base) == (Decimal("0.9"), Decimal(90))
    clock.advance(days=365)
    again = session.update(deal, name="Deal 2")
    assert again.amount is not None
    assert again.amount.rate == Decimal("0.9")
    dearer = session.update(again, amount="200 USD")
    assert dearer.amount is not None
    assert dearer.amount.base == Decimal(100)


def test_a_closed_session_does_nothing(crm: CRM) -> None:
    """Outside its block a session neither reads nor writes."""
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
    for act in (
        lambda: session.get(Customer, acme.id),
        lambda: session.update(acme, city="Lyon"),
        lambda: session.create(Customer, name="Late"),
        lambda: session.count(Customer),
        lambda: session.history(acme),
        lambda: session.timeline(acme),
        lambda: session.trace(acme),
        lambda: session.link(acme, "became", acme),
        lambda: session.ancestors(acme.ref, "parent"),
        lambda: session.emit("contact.linked", acme),
    ):
        with pytest.raises(SessionClosedError):
            act()


def test_an_error_that_leaves_the_block_undoes_everything(crm: CRM) -> None:
    """An exception of the program rolls back all commands of the session."""
    session = crm.session(actor="admin")
    session.create(Customer, name="Acme")
    with pytest.raises(ZeroDivisionError), session:
        raise ZeroDivisionError
    with crm.session(actor="admin") as session:
        assert session.count(Customer) == 0


def test_only_active_users_act(crm: CRM) -> None:
    """An unknown, inactive or deleted user opens no session; the system acts as nobody."""
    with crm.session(actor="admin") as session:
        bob = session.create(User, name="Bob", external_id="bob")
    with crm.session(actor=bob) as session:
        assert session.actor_ref == bob.ref
    with crm.session(actor="admin") as session:
        bob = session.update(bob, active=False)
    for actor in ("bob", bob, "nobody", ""):
        with pytest.raises(UnknownActorError):
            crm.session(actor=actor)
    with crm.session(actor=SYSTEM) as session:
        acme = session.create(Customer, name="Acme")
        assert (acme.created_by, acme.owner, session.history(acme)[0].actor) == (None, None, None)


def test_what_is_not_there_is_not_found(session: Session) -> None:
    """A record that doesn't exist is an error that names it, whatever number is asked for."""
    for number in (999, 0, -1, 2**70):
        with pytest.raises(NotFoundError, match=f"There is no customer {number}"):
            session.get(Customer, number)
    with pytest.raises(UnknownNameError):
        session.get(dt.date, 5)  # type: ignore[type-var]
