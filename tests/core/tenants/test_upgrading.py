"""Upgrading tenants: each for itself, all in the end, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, UpgradeStep, extend, text
from crmkit.errors import DatabaseTooNewError, PluginFailedError, TenantSuspendedError, UpgradeNeeded
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

NAMES = ("ash", "cedar", "oak")
KILLED = """
import os, signal, sys
sys.path.insert(0, {folder!r})
from tests.core.tenants.test_upgrading import garden
from crmkit import CRM

def kill(session):
    os.kill(os.getpid(), signal.SIGKILL)

CRM({url!r}, [garden(kill, on="cedar")], schema={schema!r}).tenants.upgrade_all(parallel=1)
"""


@extend(Customer)
class Garden:
    """What a gardener knows of a customer."""

    soil: str | None = text()


def garden(happens: object = None, *, on: str = "") -> object:
    """Return a plugin with a field, and a step in which something happens to the tenant with a customer so named."""

    def step(session: Session, _cursor: object) -> None:
        if callable(happens) and session.count(Customer, {"name": on}):
            happens(session)

    return make_plugin("garden", Garden, UpgradeStep(name="dig", run=step), version="1.0")


def planted(make_crm: CRMFactory, database: tuple[str, str | None]) -> CRM:
    """Return a CRM of an older version of the plugin, with tenants, each with a customer of its name."""
    crm = make_crm([make_plugin("garden", version="0.9")], on=database)
    for name in NAMES:
        with crm.tenants.create(name).session(actor=SYSTEM) as session:
            session.create(Customer, name=name)
    return crm


def fail(_session: Session) -> None:
    """Fail."""
    raise RuntimeError("stones")


@pytest.mark.row("M15")
def test_one_that_fails_does_not_keep_the_others(make_crm: CRMFactory) -> None:
    """The others are upgraded, it is named, and the next run only does what is left."""
    database = make_crm.database()
    planted(make_crm, database).tenants.suspend("oak")
    crm = make_crm([garden(fail, on="cedar")], on=database)
    assert all(each.needs_upgrade for each in crm.tenants.list())
    found = {each.name: each for each in crm.tenants.upgrade_all(parallel=3)}
    assert list(found) == list(NAMES)
    assert isinstance(found["cedar"].error, PluginFailedError)
    assert all(each.done and each.error is None for name, each in found.items() if name != "cedar")
    standing = {each.name: each.needs_upgrade for each in crm.tenants.list()}
    assert standing == {name: name == "cedar" for name in NAMES}
    with crm.tenant("ash").session(actor=SYSTEM) as session:
        session.create(Customer, name="New", soil="clay")
    with pytest.raises(UpgradeNeeded, match="--tenant cedar upgrade"):
        crm.tenant("cedar").session(actor=SYSTEM)
    repaired = make_crm([garden()], on=database)
    assert [each.name for each in repaired.tenants.upgrade_all() if each.done] == ["cedar"]
    assert [each.name for each in repaired.tenants.upgrade_all() if each.done or each.error] == []
    with pytest.raises(TenantSuspendedError):
        repaired.tenant("oak").session(actor=SYSTEM)


@pytest.mark.row("M15")
def test_killed_in_the_middle_it_goes_on_where_it_was(make_crm: CRMFactory) -> None:
    """Tenants that were done before stay done, and the one in which it ended is finished with those behind it."""
    database = make_crm.database()
    planted(make_crm, database)
    program = KILLED.format(url=database[0], schema=database[1], folder=str(Path(__file__).parents[3]))
    killed = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    crm = make_crm([garden()], on=database)
    assert [each.name for each in crm.tenants.list() if each.needs_upgrade] == ["cedar", "oak"]
    done = [each.name for each in crm.tenants.upgrade_all() if each.done]
    assert done == ["cedar", "oak"]
    for name in NAMES:
        with crm.tenant(name).session(actor=SYSTEM) as session:
            assert session.rows(Customer, ["name", "soil"]) == ((name, None),)


def test_who_works_in_a_tenant_notices_its_upgrade(make_crm: CRMFactory) -> None:
    """A process with older plugins is refused from the next session on, and with the same plugins it goes on."""
    database = make_crm.database()
    old = planted(make_crm, database)
    working = old.tenant("ash")
    with working.session(actor=SYSTEM) as session:
        session.count(Customer)
    crm = make_crm([garden()], on=database)
    crm.tenants.upgrade_all()
    with pytest.raises(DatabaseTooNewError):
        working.session(actor=SYSTEM)
    with crm.tenant("ash").session(actor=SYSTEM) as session:
        assert session.count(Customer) == 1


def test_a_tenant_whose_database_is_lost_is_listed(crm: CRM) -> None:
    """It is told with the others, with what is wrong, and can be dropped."""
    crm.tenants.create("ash")
    crm.tenants.create("oak")
    location = next(each.location for each in crm.tenants.list() if each.name == "ash")
    if crm.engine.dialect.name == "sqlite":
        crm.close()
        (Path(str(crm.engine.url.database)).parent / location).unlink()
    else:
        with crm.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {location} CASCADE")
    assert [(each.name, each.needs_upgrade) for each in crm.tenants.list()] == [("ash", True), ("oak", False)]
    crm.tenants.drop("ash", confirm="ash")
    assert [each.name for each in crm.tenants.list()] == ["oak"]
