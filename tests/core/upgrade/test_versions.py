"""New versions of a plugin: renamed, converted, upgraded once; older ones are refused, and nothing is guessed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, Record, Renamed, UpgradeStep, extend, integer, long_text, record, text
from crmkit import date as day
from crmkit.errors import DatabaseTooNewError, PluginFailedError, UpgradeNeeded, UpgradeRefused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.schemas import contents_of, schema_of

if TYPE_CHECKING:
    from types import ModuleType

    import sqlalchemy as sa

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory


def clinic(version: str, *declarations: object) -> ModuleType:
    """Return a version of the plugin `clinic`."""
    return make_plugin("clinic", *declarations, version=version)


@extend(Customer)
class Recall:
    """A field as it was first called."""

    recall: int | None = integer()


@record
class Visit(Record):
    """An entity as it was first called."""

    name: str = text()


def test_what_is_renamed_keeps_its_data(make_crm: CRMFactory) -> None:
    """A declared rename takes field, entity and stage along; the schema is then as if they had never had another."""

    @extend(Customer)
    class Months:
        recall_months: int | None = integer(unique=True)

    @record
    class SiteVisit(Record):
        name: str = text()

    database = make_crm.database()
    old = make_crm([clinic("1.0", Recall, Visit)], on=database)
    with old.session(actor="admin") as session:
        session.create(Customer, name="Acme", recall=6)
        visit = session.create(Visit, name="First")
        session.link(visit, "of", session.find(Customer)[0])
    renames = (Renamed("customer.recall", "customer.recall_months"), Renamed("visit", "site_visit", what="entity"))
    new = clinic("2.0", Months, SiteVisit, *renames)
    crm = make_crm([new], on=database)
    with crm.session(actor="admin") as session:
        customer = session.find(Customer)[0]
        assert isinstance(customer, Months)
        assert customer.recall_months == 6
        (found,) = session.find(SiteVisit)
        assert found.name == "First"
        assert [each.kind for each in session.trace(customer)] == ["of"]
        assert [each.action for each in session.history(found)] == ["create"]
        assert session.create(SiteVisit, name="Second").id == found.id + 1
    fresh = make_crm([new])
    assert schema_of(crm) == schema_of(fresh)
    assert crm.plugins.plan().steps == ()


def test_nothing_is_guessed(make_crm: CRMFactory) -> None:
    """Without a declared rename, the old field stays until it is purged, and the new one is empty."""

    @extend(Customer)
    class Months:
        recall_months: int | None = integer()

    database = make_crm.database()
    with make_crm([clinic("1.0", Recall)], on=database).session(actor="admin") as session:
        session.create(Customer, name="Acme", recall=6)
    crm = make_crm([clinic("2.0", Months)], on=database)
    with crm.session(actor="admin") as session:
        customer = session.find(Customer)[0]
        assert isinstance(customer, Months)
        assert customer.recall_months is None
    plan = crm.plugins.plan(purge=["clinic"])
    assert [each.text for each in plan.steps if each.is_destructive] == ["drop field customer.recall with 1 value"]
    crm.plugins.apply(plan, destructive=True)
    assert schema_of(crm) == schema_of(make_crm([clinic("2.0", Months)]))


@pytest.mark.parametrize(
    ("before", "value", "after", "expected"),
    [
        (integer(), 6, text(), "6"),
        (text(), "42", integer(), 42),
        (text(), "2026-03-31", day(), date(2026, 3, 31)),
        (text(max=20), "short", long_text(), "short"),
    ],
)
def test_a_kind_changes_without_loss(
    make_crm: CRMFactory, before: object, value: object, after: object, expected: object
) -> None:
    """Values become those of the new kind if they come back from it as they were."""
    database = make_crm.database()
    with make_crm([clinic("1.0", noted(before))], on=database).session(actor="admin") as session:
        session.create(Customer, name="Acme", note=value)
        session.create(Customer, name="Empty")
    new = clinic("1.1", noted(after))
    crm = make_crm([new], on=database)
    with crm.session(actor="admin") as session:
        assert [dict(each.items())["note"] for each in session.find(Customer, order="id")] == [expected, None]
    assert schema_of(crm) == schema_of(make_crm([new]))


def noted(field: object) -> type:
    """Return an extension with a field `note`."""
    return extend(Customer)(type("Noted", (), {"__annotations__": {"note": "object | None"}, "note": field}))


def test_a_lossy_change_of_kind_is_refused(make_crm: CRMFactory) -> None:
    """The values that don't fit are named, and nothing is changed."""
    database = make_crm.database()
    old = make_crm([clinic("1.0", noted(text()))], on=database)
    with old.session(actor="admin") as session:
        session.create(Customer, name="Fits", note="6")
        session.create(Customer, name="Doesn't", note="six")
    before = contents_of(old), schema_of(old)
    with pytest.raises(UpgradeRefused, match="can't become integer without loss: record 2") as caught:
        make_crm([clinic("1.1", noted(integer()))], on=database)
    assert "six" in str(caught.value)
    assert (contents_of(old), schema_of(old)) == before


def test_versions_only_rise(make_crm: CRMFactory) -> None:
    """A database that was made for a newer version is neither opened nor upgraded."""
    database = make_crm.database()
    newer = make_crm([clinic("1.10", Recall)], on=database)
    older = make_crm([clinic("1.9", Recall)], on=database, upgrade=False)
    before = contents_of(newer)
    for attempt in (lambda: older.session(actor="admin"), older.upgrade, older.plugins.plan):
        with pytest.raises(DatabaseTooNewError, match=r"clinic 1.10 \(installed: 1.9\)"):
            attempt()
    assert contents_of(newer) == before


def test_a_step_is_run_once(make_crm: CRMFactory) -> None:
    """What an upgrade does once isn't done to a new database, nor a second time to an old one."""
    calls: list[object] = []

    def before(connection: sa.Connection) -> None:
        calls.append(connection.exec_driver_sql("SELECT 1").scalar_one())

    def after(session: Session, cursor: int | None) -> int | None:
        calls.append(cursor)
        first = cursor or 0
        customers = session.find(Customer, f"id > {first}", order="id", limit=2)
        session.update_many([(each, {"recall": 12}) for each in customers])
        return customers[-1].id if customers else None

    steps = (
        UpgradeStep(name="check", run=before, before=True),
        UpgradeStep(name="fill", run=after, help="Give everybody a recall interval."),
    )
    database = make_crm.database()
    with make_crm([clinic("1.0", Recall)], on=database).session(actor="admin") as session:
        for number in range(5):
            session.create(Customer, name=f"C{number}")
    new = clinic("1.1", Recall, *steps)
    crm = make_crm([new], on=database, upgrade=False)
    with pytest.raises(UpgradeNeeded, match=r"was 1.0 and is 1.1"):
        crm.session(actor="admin")
    assert "upgrade step fill of clinic: Give everybody a recall interval." in crm.upgrade()
    assert calls == [1, None, 2, 4, 5]
    with crm.session(actor="admin") as session:
        assert session.count(Customer, "recall == 12") == 5
    assert crm.upgrade() == []
    make_crm([new])
    assert calls == [1, None, 2, 4, 5]


def test_a_step_that_failed_goes_on_where_it_stopped(make_crm: CRMFactory) -> None:
    """Until it is done, the database is refused, saying which step is open; batches that were done stay done."""
    calls: list[object] = []

    def fill(session: Session, cursor: int | None) -> int | None:
        calls.append(cursor)
        if cursor == 2 and calls.count(2) == 1:
            raise RuntimeError("the power went")
        session.create(Opportunity, name=f"After {cursor}")
        return None if cursor == 3 else (cursor or 0) + 1

    database = make_crm.database()
    make_crm([clinic("1.0", Recall)], on=database)
    crm = make_crm([clinic("1.1", Recall, UpgradeStep(name="fill", run=fill))], on=database, upgrade=False)
    with pytest.raises(PluginFailedError, match="upgrade step 'fill'"):
        crm.upgrade()
    with pytest.raises(UpgradeNeeded, match="the upgrade step 'fill' of the plugin 'clinic' is not finished"):
        crm.session(actor="admin")
    crm.upgrade()
    assert calls == [None, 1, 2, 2, 3]
    with crm.session(actor="admin") as session:
        assert session.count(Opportunity) == 4
