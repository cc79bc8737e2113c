"""Who is shown sensitive values is on record: who, when, whose, which, and why, one entry for each command."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Opportunity, Purpose, User, extend, text
from crmkit.core.exchange.exporting import export
from crmkit.core.lifecycle.privacy.accesses import as_ranges, is_among
from crmkit.errors import AccessNotRecordedError, CRMKitError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Session
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("M2", "M16"), pytest.mark.thorough]


@extend(Customer)
class Health:
    """What a clinic knows."""

    diagnosis: str | None = text(privacy="sensitive", search=True)
    score: str | None = text(privacy="sensitive")


CARE = Purpose(name="care", basis="contract", fields=("customer.diagnosis", "customer.score"))


@pytest.fixture
def clinic(make_crm: CRMFactory) -> CRM:
    """A clinic with a hundred customers, of whom every second one is ill, and an auditor and a director."""
    crm = make_crm([make_plugin("clinic", Health, CARE)])
    with crm.session(actor=SYSTEM) as session:
        session.create(User, name="Ada", external_id="ada", roles=["auditor"])
        session.create(User, name="Dan", external_id="dan", roles=["director"])
        rows = [{"name": f"C{each}", "diagnosis": "flu" if each % 2 else None} for each in range(1, 101)]
        customers = session.create_many(Customer, rows)
        session.create(Opportunity, name="Deal", customer=customers[0])
        session.update(customers[0], diagnosis="cold")
    return crm


def reads(crm: CRM) -> list[tuple[object, ...]]:
    """Return who was shown what."""
    with crm.session(actor=SYSTEM) as session:
        return [
            (each.actor, each.record.entity, each.new["fields"], each.new["ids"])
            for each in session.audit.entries(action="read")
        ]


def test_a_list_of_a_hundred_is_one_entry(clinic: CRM, clock: FrozenClock) -> None:
    """It names the records that have a value, the fields, the reader, the moment and the reason."""
    with clinic.session(actor="ada", readonly=True, reason="yearly check") as session:
        assert len(session.find(Customer)) == 100
        reader = session.principal.user
    (read,) = reads(clinic)
    assert read == (reader, "customer", ["diagnosis"], ",".join(str(each) for each in range(1, 100, 2)))
    with clinic.session(actor="admin") as session:
        (entry,) = session.audit.entries(action="read")
        assert (entry.at, entry.new["reason"]) == (clock.now, "yearly check")


WAYS: dict[str, tuple[Callable[[Session], object], str]] = {
    "get": (lambda s: s.get(Customer, 3), "3"),
    "include": (lambda s: s.get(Opportunity, 1, include=["customer"]), "1"),
    "by id": (lambda s: s.by_id(s.model.entity(Customer), [1, 2, 3]), "1,3"),
    "page": (lambda s: s.find(Customer, order="id", limit=4), "1,3"),
    "rows": (lambda s: s.rows(Customer, ["name", "diagnosis"], order="id", limit=4), "1,3"),
    "rows over a reference": (lambda s: s.rows(Opportunity, ["name", "customer.diagnosis"]), "1"),
    "export": (lambda s: export(s, "customer", io.BytesIO(), format="csv", where="id < 6"), "1,3,5"),
    "report": (lambda s: s.report("records", entity="customer", fields="name,diagnosis", where="id < 4"), "1,3"),
    "history": (lambda s: s.history(s.elevated.get(Customer, 1)), "1"),
    "timeline": (lambda s: s.timeline(s.elevated.get(Customer, 1)), "1"),
    "audit trail": (lambda s: list(s.audit.entries(action="update")), "1"),
    "filter": (lambda s: s.count(Customer, "diagnosis == 'flu'"), ""),
    "sort": (lambda s: s.rows(Customer, ["name"], order="diagnosis", limit=1), ""),
    "search": (lambda s: s.count(Customer, search="flu"), ""),
    "group": (lambda s: s.aggregate(Customer, by=["diagnosis"], measures={"n": "count()"}), ""),
    "measure": (lambda s: s.aggregate(Customer, measures={"n": "max(diagnosis)"}), ""),
    "measure with a condition": (lambda s: s.aggregate(Customer, measures={"n": "count(diagnosis == 'x')"}), ""),
}
"""Every way to a sensitive value, with the ids that are noted; none where a value is only asked about."""


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_sensitive_value_is_on_record(clinic: CRM, way: str) -> None:
    """Lists, rows, files, reports, history and trail note whose values were shown; questions note what was asked."""
    act, ids = WAYS[way]
    with clinic.session(actor="ada", readonly=True) as session:
        act(session)
        reader = session.principal.user
    found = reads(clinic)
    assert (reader, "customer", ["diagnosis"], ids) in found
    assert {each[:3] == (reader, "customer", ["diagnosis"]) for each in found} == {True}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_sees_nothing_sensitive_leaves_no_entry(clinic: CRM, way: str) -> None:
    """Reads by others, of whatever they may see, are not watched; nor is what shows no sensitive field."""
    with clinic.session(actor="dan", readonly=True) as session:
        with suppress(CRMKitError):
            WAYS[way][0](session)
        assert session.watch is None
    with clinic.session(actor="ada", readonly=True) as session:
        assert session.rows(Customer, ["name"], limit=3)
        assert session.count(Customer, "name != 'x'") == 100
    assert reads(clinic) == []


def test_rows_look_the_same_whether_they_are_watched_or_not(clinic: CRM) -> None:
    """What is read along to know whose values they are is not in the answer."""
    asked = (Opportunity, ["name", "customer.diagnosis", "customer.name"])
    with clinic.session(actor="ada") as session, clinic.session(actor=SYSTEM, readonly=True) as other:
        assert session.rows(*asked) == other.rows(*asked) == (("Deal", "cold", "C1"),)


@pytest.mark.parametrize("readonly", [True, False])
def test_a_session_that_fails_leaves_its_entries(clinic: CRM, readonly: bool) -> None:  # noqa: FBT001
    """What was shown was shown, even if the session is rolled back or may not write."""
    with pytest.raises(ZeroDivisionError):
        fail(clinic, readonly=readonly)
    assert [each[3] for each in reads(clinic)] == ["3"]


def fail(crm: CRM, *, readonly: bool) -> None:
    """Read, write where it may be, and fail."""
    with crm.session(actor="admin", readonly=readonly) as session:
        session.get(Customer, 3)
        if not readonly:
            session.create(Customer, name="Lost")
        raise ZeroDivisionError


def test_what_can_not_be_noted_is_not_shown(clinic: CRM) -> None:
    """If the trail can't be written, the session ends with an error, so that a face has nothing to show."""
    with pytest.raises(AccessNotRecordedError, match="can't be shown now"), clinic.session(actor="ada") as session:
        show_and_break(session)


def show_and_break(session: Session) -> None:
    """Read a sensitive value, and take the audit trail away."""
    session.get(Customer, 3)
    table = session.tables.system.change
    name = session.unit.connection.dialect.identifier_preparer.format_table(table)
    session.unit.check_writable()
    session.unit.connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO gone")


def test_in_a_hosts_transaction_entries_are_the_hosts(clinic: CRM) -> None:
    """They are committed, or not, with all else that the host does."""
    for commit in (False, True):
        with clinic.engine.connect() as connection:
            outer = connection.begin()
            with clinic.session(actor="ada", connection=connection) as session:
                session.get(Customer, 3)
            outer.commit() if commit else outer.rollback()
    assert [each[3] for each in reads(clinic)] == ["3"]


def test_entries_are_sealed_and_told_to_the_person(clinic: CRM) -> None:
    """They are part of the chain, and of what a person is told."""
    with clinic.session(actor="ada", reason="call back") as session:
        session.find(Customer, limit=10)
        reader = session.principal.user
    clinic.audit.seal()
    assert clinic.audit.verify() == []
    with clinic.session(actor="admin") as session:
        (entry,) = session.audit.entries(action="read")
        assert entry.seal is not None
        for number, count in ((3, 1), (4, 0)):
            accesses = session.disclose(session.elevated.get(Customer, number).ref)["accesses"]
            told = [each for each in accesses if each["action"] == "read"]  # type: ignore[attr-defined]
            assert len(told) == count
            if told:
                assert (told[0]["by"], told[0]["fields"], told[0]["reason"]) == (
                    f"user:{reader}",
                    ["diagnosis"],
                    "call back",
                )


def test_programs_are_not_watched(clinic: CRM) -> None:
    """The system, and hooks of plugins, read what they need; only persons are shown something."""
    with clinic.session(actor=SYSTEM) as session:
        assert session.find(Customer, "diagnosis == 'flu'")
    with clinic.session(actor="ada") as session:
        assert session.elevated.find(Customer)
    assert reads(clinic) == []


def test_ids_are_kept_short() -> None:
    """Runs of ids are written as ranges, and every id is found in them again."""
    ids = {1, 2, 3, 7, 9, 10, 1000}
    assert as_ranges(ids) == "1-3,7,9-10,1000"
    assert {each for each in range(2000) if is_among(each, as_ranges(ids))} == ids
    assert as_ranges(()) == ""
    assert not is_among(0, "")


def test_each_tenant_keeps_its_own_entries(clinic: CRM) -> None:
    """What is shown to a user of a tenant stands in the trail of that tenant, and in no other."""
    clinic.tenants.create("north", admin="nora")
    north = clinic.tenant("north")
    with north.session(actor="nora") as session:
        session.create(Customer, name="N", diagnosis="flu")
    with north.session(actor="nora", readonly=True) as session:
        session.find(Customer)
    assert [each[3] for each in reads(north)] == ["1"]
    assert reads(clinic) == []
