"""Work for tenants: done where it belongs, by one worker that goes round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Handler, Opportunity
from crmkit.errors import TenantSuspendedError, UpgradeNeeded
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Occurrence, Session
    from crmkit.testing.fixtures import CRMFactory


def answering(happens: Callable[[], object] = lambda: None) -> object:
    """Return a plugin that makes an opportunity for each new customer, after something has happened."""

    def answer(session: Session, occurrence: Occurrence) -> None:
        customer = session.get(Customer, int(occurrence.record))
        session.create(Opportunity, name=f"For {customer.name}", customer=customer)
        happens()

    return make_plugin("answering", Handler(name="answer", events=("customer.created",), run=answer))


def made(crm: CRM) -> list[str]:
    """Return the names of all opportunities."""
    with crm.session(actor=SYSTEM) as session:
        return [each.name for each in session.find(Opportunity)]


def greet(crm: CRM, name: str) -> None:
    """Create a customer."""
    with crm.session(actor=SYSTEM) as session:
        session.create(Customer, name=name)


@pytest.mark.row("M15")
def test_one_worker_goes_round_all_tenants(make_crm: CRMFactory) -> None:
    """Each event is handled in its own tenant; the work of a suspended one waits until it is resumed."""
    crm = make_crm([answering()])
    acme, bold, coal = (crm.tenants.create(name) for name in ("acme", "bold", "coal"))
    for each, name in ((crm, "home"), (acme, "acme"), (bold, "bold"), (coal, "coal")):
        greet(each, name)
    crm.tenants.suspend("coal")
    worker = crm.tenants.worker()
    worker.run_once()
    assert worker.problems == {}
    assert (made(acme), made(bold), made(crm)) == (["For acme"], ["For bold"], [])
    with pytest.raises(TenantSuspendedError):
        coal.worker().run_once()
    crm.tenants.resume("coal")
    crm.tenants.worker().run_once()
    assert made(coal) == ["For coal"]


def test_a_tenant_that_needs_an_upgrade_is_passed_over(make_crm: CRMFactory) -> None:
    """The others are worked for, and the reason is told."""
    database = make_crm.database()
    old = make_crm(on=database)
    for name in ("acme", "bold"):
        greet(old.tenants.create(name), name)
    crm = make_crm([answering()], on=database)
    crm.tenant("acme").upgrade()
    greet(crm.tenant("acme"), "new")
    worker = crm.tenants.worker()
    worker.run_once()
    assert [(name, type(error)) for name, error in worker.problems.items()] == [("bold", UpgradeNeeded)]
    assert "For new" in made(crm.tenant("acme"))


def test_a_tenant_that_is_suspended_meanwhile_loses_nothing(make_crm: CRMFactory) -> None:
    """What was not begun is handled later, and counts as no failure."""
    happenings: list[Callable[[], object]] = []
    crm = make_crm([answering(lambda: happenings.pop()() if happenings else None)])
    acme = crm.tenants.create("acme")
    for number in range(4):
        greet(acme, f"c{number}")
    beside = crm.at(crm.place)
    if crm.engine.dialect.name == "postgresql":  # on SQLite nobody else can write while a handler does
        happenings.append(lambda: beside.tenants.suspend("acme"))
        with pytest.raises(TenantSuspendedError):
            acme.worker().run_once()
        crm.tenants.resume("acme")
        assert len(made(acme)) == 1
    acme.worker().run_once()
    assert len(made(acme)) == 4
    assert acme.outbox.dead() == []
    beside.close()


def test_a_worker_for_tenants_can_be_stopped(make_crm: CRMFactory) -> None:
    """It ends after the piece of work that it is doing, wherever it is on its round."""
    happenings: list[Callable[[], object]] = []
    crm = make_crm([answering(lambda: happenings.pop()() if happenings else None)])
    tenants = [crm.tenants.create(name) for name in ("acme", "bold")]
    for each in tenants:
        greet(each, "first")
        greet(each, "second")
    worker = crm.tenants.worker()
    happenings.append(worker.stop)
    worker.run()
    assert sum(len(made(each)) for each in tenants) == 1
