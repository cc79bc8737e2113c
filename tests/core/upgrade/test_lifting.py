"""Restrictions outlive their plugin until somebody says that they need not: no record is shown by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Record, Restriction, User, boolean, extend, record, text
from crmkit.errors import LiftedRestrictionError, UpgradeNeeded
from crmkit.testing.plugins import make_plugin
from crmkit.testing.schemas import contents_of

if TYPE_CHECKING:
    from types import ModuleType

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory


@extend(Customer)
class Release:
    """Whether a customer is released."""

    released: bool = boolean(default=False)


@record
class Secret(Record):
    """An entity that goes with its plugin."""

    name: str = text()


RELEASE = Restriction(name="release", entity="customer", where="released")
OWN = Restriction(name="own", entity="secret", where="name == 'open'")
MINE = Restriction(name="mine", entity="customer", where="owner == me()")


def releasing(*restrictions: Restriction, version: str = "1.0") -> ModuleType:
    """Return the plugin with some restrictions."""
    return make_plugin("releasing", Release, Secret, *restrictions, version=version)


def seen(crm: CRM, actor: str = "bob") -> int:
    """Return how many customers somebody sees."""
    with crm.session(actor=actor) as session:
        return session.count(Customer)


@pytest.fixture
def database(make_crm: CRMFactory) -> tuple[str, str | None]:
    """A database with a customer that nobody sees, as it isn't released."""
    database = make_crm.database()
    crm = make_crm([releasing(RELEASE, OWN)], on=database)
    with crm.session(actor="admin") as session:
        session.create(User, name="Bob", external_id="bob", roles=["manager"])
        session.create(Customer, name="Acme")
        session.create(Secret, name="closed")
    assert seen(crm) == 0
    return database


def test_a_plugin_that_hides_records_is_disabled_only_if_that_is_meant(
    make_crm: CRMFactory, database: tuple[str, str | None]
) -> None:
    """Disabling and purging are refused, naming the restriction; said to be meant, they lift it, and it comes back."""
    bare = make_crm(on=database, upgrade=False)
    before = contents_of(bare)
    for plan in (bare.plugins.plan(), bare.plugins.plan(purge=["releasing"])):
        assert plan.lifted == ("lift the restriction customer.release, which may hide 1 record",)
        with pytest.raises(LiftedRestrictionError, match=r"customer\.release.*--lift-restrictions"):
            bare.plugins.apply(plan, destructive=True)
    with pytest.raises(LiftedRestrictionError):
        bare.upgrade()
    assert contents_of(bare) == before
    with pytest.raises(UpgradeNeeded):
        seen(bare)
    assert bare.plugins.plan().lifted[0] in bare.upgrade(lift_restrictions=True)
    assert seen(bare) == 1
    assert bare.upgrade() == []
    assert seen(make_crm([releasing(RELEASE, OWN)], on=database)) == 0


def test_a_new_version_without_a_restriction_is_asked_about_too(
    make_crm: CRMFactory, database: tuple[str, str | None]
) -> None:
    """Whoever upgrades says that records are to be seen, not who wrote the plugin."""
    crm = make_crm([releasing(OWN, version="1.1")], on=database, upgrade=False)
    with pytest.raises(LiftedRestrictionError):
        crm.upgrade()
    crm.upgrade(lift_restrictions=True)
    assert seen(crm) == 1


def test_what_hides_nothing_is_lifted_unasked(make_crm: CRMFactory) -> None:
    """Without records, along with its entity, or if another plugin declares the same, there is nothing to ask."""
    database = make_crm.database()
    crm = make_crm([releasing(RELEASE, OWN), make_plugin("mine", MINE)], on=database)
    with crm.session(actor=SYSTEM) as session:
        session.create(Secret, name="closed")
        session.delete(session.create(Customer, name="Gone"))
    crm = make_crm([make_plugin("mine", MINE)], on=database)
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
    again = make_crm([make_plugin("ours", MINE)], on=database, upgrade=False)
    assert (again.plugins.plan().lifted, crm.plugins.plan().lifted) == ((), ())


@pytest.mark.row("M15")
def test_tenants_keep_their_restrictions_too(make_crm: CRMFactory) -> None:
    """A tenant with records that may be hidden isn't upgraded, the others are; it is when that is meant."""
    database = make_crm.database()
    crm = make_crm([releasing(RELEASE)], on=database)
    for name in ("acme", "bold"):
        crm.tenants.create(name, admin="bob")
    with crm.tenant("acme").session(actor="bob") as session:
        session.create(Customer, name="Hidden")
    bare = make_crm(on=database, upgrade=False)
    found = {each.name: each.error for each in bare.tenants.upgrade_all()}
    assert isinstance(found["acme"], LiftedRestrictionError)
    assert found["bold"] is None
    assert [each.error for each in bare.tenants.upgrade_all(lift_restrictions=True)] == [None, None]
    assert seen(bare.tenant("acme")) == 1
