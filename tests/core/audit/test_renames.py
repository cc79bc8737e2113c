"""Renamed entities and the chain: what was sealed under the old name stays verifiable, and altering it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import Customer, Record, Renamed, record, text
from crmkit.core.audit.sealing import broken
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM
    from crmkit.core.lifecycle.trail import AuditEntry
    from crmkit.testing.fixtures import CRMFactory


@record
class Visit(Record):
    """An entity as it was first called."""

    name: str = text()


@record
class SiteVisit(Record):
    """The same, as it was called next."""

    name: str = text()


@record
class FieldVisit(Record):
    """The same, as it is called now."""

    name: str = text()


FIRST = Renamed("visit", "site_visit", what="entity")
SECOND = Renamed("site_visit", "field_visit", what="entity")


def trail(crm: CRM, **wanted: Any) -> list[AuditEntry]:
    """Return the entries of the audit trail."""
    with crm.session(actor="admin") as session:
        return list(session.audit.entries(**wanted))


@pytest.fixture
def upgraded(make_crm: CRMFactory) -> Callable[..., CRM]:
    """Bring one database to a version of the plugin `clinic` with these declarations."""
    database, versions = make_crm.database(), iter(range(1, 10))

    def upgrade(*declarations: object) -> CRM:
        return make_crm([make_plugin("clinic", *declarations, version=f"{next(versions)}.0")], on=database)

    return upgrade


@pytest.fixture
def renamed(upgraded: Callable[..., CRM]) -> CRM:
    """A CRM whose sealed visits were renamed, and with a visit since, sealed, too."""
    first = upgraded(Visit)
    with first.session(actor="admin") as session:
        visit = session.create(Visit, name="First")
        session.create(Customer, name="Acme")
        session.update(visit, name="The first")
    first.audit.seal()
    crm = upgraded(SiteVisit, FIRST)
    with crm.session(actor="admin") as session:
        session.create(SiteVisit, name="Second")
    crm.audit.seal()
    return crm


@pytest.mark.row("M11")
def test_a_rename_leaves_the_chain_whole(upgraded: Callable[..., CRM]) -> None:
    """However often an entity is renamed, what was sealed and what was not are found as they were, and it is told."""
    crm = upgraded(Visit)
    with crm.session(actor="admin") as session:
        session.create(Visit, name="First")
    crm.audit.seal()
    noted = str(crm.audit.head())
    with crm.session(actor="admin") as session:
        session.create(Visit, name="Unsealed")
    crm = upgraded(SiteVisit, FIRST)
    assert crm.audit.verify(noted) == []
    crm.audit.seal()
    crm = upgraded(FieldVisit, FIRST, SECOND)
    assert crm.audit.verify(noted) == []
    with crm.session(actor="admin") as session:
        session.create(FieldVisit, name="Third")
    assert [(each.old, each.new) for each in trail(crm, entity=FieldVisit, action="rename")] == [
        ({"entity": "visit"}, {"entity": "site_visit"}),
        ({"entity": "site_visit"}, {"entity": "field_visit"}),
    ]
    created = trail(crm, entity=FieldVisit, action="create")
    assert [each.sealed_as for each in created] == ["visit", "site_visit", None]
    crm.audit.seal()
    assert crm.audit.verify(noted) == []


def test_a_former_name_may_be_taken_and_given_back(upgraded: Callable[..., CRM]) -> None:
    """Another entity with the former name is sealed under its own, and a rename may be taken back."""
    crm = upgraded(Visit)
    with crm.session(actor="admin") as session:
        session.create(Visit, name="First")
    crm.audit.seal()
    crm = upgraded(SiteVisit, Visit, FIRST)
    with crm.session(actor="admin") as session:
        session.create(Visit, name="Another sort")
        session.create(SiteVisit, name="Second")
    crm.audit.seal()
    assert crm.audit.verify() == []
    crm = upgraded(FieldVisit, Visit, SECOND)
    assert crm.audit.verify() == []
    crm = upgraded(SiteVisit, Visit, Renamed("field_visit", "site_visit", what="entity"))
    assert crm.audit.verify() == []
    assert crm.audit.seal() == 2
    assert crm.audit.verify() == []


def test_a_purge_leaves_the_chain_of_what_was_renamed_whole(renamed: CRM, upgraded: Callable[..., CRM]) -> None:
    """What the log tells of renames stays when the entity is purged, as the seals need it."""
    noted = str(renamed.audit.head())
    crm = upgraded()
    crm.plugins.apply(crm.plugins.plan(purge=["clinic"]), destructive=True)
    assert "site_visit" in {each.record.entity for each in trail(crm)}
    assert crm.audit.verify(noted) == []


TAMPERING: dict[str, tuple[str, str]] = {
    "another entity": ("UPDATE {change} SET entity = 'customer' WHERE id = {old}", "entity of change {old}"),
    "the name of before": ("UPDATE {change} SET entity = 'visit' WHERE id = {old}", "entity of change {old}"),
    "the name since": ("UPDATE {change} SET entity = 'visit' WHERE id = {new}", "seal 2 covers was altered"),
    "the name that was sealed": ("UPDATE {sealed} SET entity = 'x' WHERE change_id = {old}", "seal 1 covers"),
    "no name that was sealed": ("UPDATE {sealed} SET entity = NULL WHERE change_id = {old}", "seal 1 covers"),
    "a name for another": (
        """UPDATE {sealed} SET entity = 'customer' WHERE change_id = {customer};
        UPDATE {change} SET entity = 'site_visit' WHERE id = {customer}""",
        "entity of change {customer}",
    ),
    "a rename is gone": ("DELETE FROM {change} WHERE id = {rename}", "change {rename}, under seal 2, is missing"),
    "another rename": (
        "UPDATE {change} SET old = replace(old, 'visit', 'customer') WHERE id = {rename}",
        "values of change {rename}",
    ),
    "no rename at all": ("UPDATE {change} SET old = 'x', new = NULL WHERE id = {rename}", "entity of change {old}"),
}


@pytest.mark.row("M11")
def test_what_is_altered_of_renamed_records_is_found(renamed: CRM) -> None:
    """Neither a name nor the rename itself can be put otherwise unnoticed."""
    change, sealed = renamed.tables.system.change, renamed.tables.system.sealed_change
    preparer = renamed.engine.dialect.identifier_preparer
    places: dict[str, object] = {"change": preparer.format_table(change), "sealed": preparer.format_table(sealed)}
    with renamed.engine.connect() as connection:
        assert list(broken(connection, renamed.tables)) == []
        rows = connection.execute(sa.select(change).order_by(change.c.id)).all()
        places["old"] = next(each.id for each in rows if each.entity == "site_visit" and each.action == "update")
        places["customer"] = next(each.id for each in rows if each.entity == "customer")
        places["rename"] = next(each.id for each in rows if each.action == "rename")
        places["new"] = max(each.id for each in rows if each.entity == "site_visit")
    for tampering, (statements, words) in TAMPERING.items():
        with renamed.engine.connect() as connection:
            for statement in statements.split(";"):
                connection.exec_driver_sql(statement.format(**places))
            found = list(broken(connection, renamed.tables))
            connection.rollback()
        assert any(words.format(**places) in each for each in found), (tampering, found)
