"""Many tenants at the same time, through one CRM and one pool of connections."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer

if TYPE_CHECKING:
    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

MANY = 50 if os.environ.get("CRMKIT_SLOW") else 6
ROUNDS, WORKERS = 10, 6


def write(crm: CRM, name: str, number: int) -> int:
    """Create and change a customer of a tenant, and return its id."""

    def work(session: Session) -> int:
        made = session.create(Customer, name=f"{name} {number}")
        return session.update(made, city=name).id

    return crm.tenant(name).run(work, actor=SYSTEM)


@pytest.mark.row("M15")
def test_tenants_are_written_at_the_same_time(make_crm: CRMFactory) -> None:
    """From threads that change tenants with every transaction, from cold: each row goes where it belongs."""
    home = make_crm()
    names = ("acme", "bold", "coal")
    for name in names:
        home.tenants.create(name)
    crm = home.at(home.place)
    jobs = [(name, number) for number in range(ROUNDS) for name in names]
    with ThreadPoolExecutor(WORKERS) as threads:
        ids = list(threads.map(lambda job: write(crm, *job), jobs))
    for name in names:
        own = [number for (job, _number), number in zip(jobs, ids, strict=True) if job == name]
        assert len({*own}) == ROUNDS
        with crm.tenant(name).session(actor=SYSTEM) as session:
            rows = session.rows(Customer, ["id", "name", "city"], order="id")
        assert [row[0] for row in rows] == sorted(own)
        assert {row[1] for row in rows} == {f"{name} {number}" for number in range(ROUNDS)}
        assert {row[2] for row in rows} == {name}
        assert crm.tenant(name).audit.verify() == []
    with crm.session(actor=SYSTEM) as session:
        assert session.count(Customer) == 0
    crm.close()


def test_many_tenants_are_made_and_upgraded_at_the_same_time(make_crm: CRMFactory) -> None:
    """None gets in another's way (50 with CRMKIT_SLOW=1)."""
    crm = make_crm()
    crm.tenants.open_tenants.most = MANY // 2
    names = [f"t{number:02}" for number in range(MANY)]
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(crm.tenants.create, names))
        list(threads.map(lambda name: write(crm, name, 1), names))
    assert [(each.name, each.state, each.changes) for each in crm.tenants.list()] == [
        (name, "active", ()) for name in names
    ]
    assert all(each.error is None for each in crm.tenants.upgrade_all(parallel=WORKERS))
    for name in names:
        with crm.tenant(name).session(actor=SYSTEM) as session:
            assert [each.name for each in session.find(Customer)] == [f"{name} 1"]


def test_a_name_that_several_create_is_created_once(make_crm: CRMFactory) -> None:
    """Processes that create the same tenant at the same time get one, and no error but that it is there."""
    crm = make_crm()
    crm.tenants.create("first")  # the register is there

    def create(_number: int) -> str:
        beside = crm.at(crm.place)
        try:
            beside.tenants.create("acme", admin="ann")
        except Exception as error:  # noqa: BLE001  (which one is asked below)
            return type(error).__name__
        finally:
            beside.close()
        return "made"

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(create, range(4)))
    assert "made" in found
    assert {*found} <= {"made", "TenantExistsError"}, found
    with crm.tenant("acme").session(actor="ann") as session:
        assert session.create(Customer, name="Acme").id == 1
