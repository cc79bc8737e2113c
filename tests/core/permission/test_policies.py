"""Reports and commands say who may run them, and are refused to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Column, Command, Customer, Grant, Report, Role, Table, User
from crmkit.core.assemble.policies import may_run
from crmkit.errors import AccessDeniedError
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def count(session: Session) -> Table:
    """Return how many customers there are."""
    return Table([Column("n", "Number", "integer")], [(session.count(Customer),)])


REPORTS = (
    Report(name="of_customers", run=count, reads=("customer",)),
    Report(name="of_lines", run=count, reads=("order_line",)),
    Report(name="for_bosses", run=count, roles=("boss",)),
    Report(name="for_bosses_who_read", run=count, reads=("customer",), roles=("boss",)),
    Report(name="for_all", run=count, public=True),
)
ROLES = (
    Role(name="boss"),
    Role(name="reader", grants=(Grant(entity="customer", read="own"),)),
    Role(name="caller", grants=(Grant(entity="customer", read="all"),), reports=("for_bosses",)),
    Role(name="analyst", reports=("*",), grants=(Grant(entity="order", read="all"),)),
)
ALLOWED = {
    ("boss",): {"for_bosses", "for_all"},
    ("reader",): {"of_customers", "for_all"},
    ("caller",): {"of_customers", "for_bosses", "for_all"},
    ("analyst",): {"of_lines", "for_bosses", "for_all"},
    ("boss", "reader"): {"of_customers", "for_bosses", "for_bosses_who_read", "for_all"},
    (): {"for_all"},
    ("unknown",): {"for_all"},
}


@pytest.mark.row("M1")
def test_reports_are_for_whom_they_say(make_crm: CRMFactory) -> None:
    """A report runs for those who read what it is about, for its roles and for roles that grant it, and no others."""
    crm = make_crm([make_plugin("reports", *REPORTS, *ROLES)])
    with crm.session(actor="admin") as session:
        user = session.create(User, name="Ann", external_id="ann")
    for roles, allowed in ALLOWED.items():
        with crm.session(actor="admin") as session:
            user = session.update(session.get(User, user.id), roles=[each for each in roles if each != "unknown"])
        with crm.session(actor="ann") as session:
            for report in REPORTS:
                if report.name in allowed:
                    assert session.report(report.name).rows == ((0,),), (roles, report.name)
                else:
                    with refused(crm, session, AccessDeniedError):
                        session.report(report.name)


@pytest.mark.row("M1")
def test_commands_are_for_whom_they_say(make_crm: CRMFactory) -> None:
    """A command runs for its roles and for roles that grant it; a public one for everybody."""
    commands = {
        name: Command(name=name, run=count, help="", **given)
        for name, given in (("reset", {"roles": ("boss",)}), ("hello", {"public": True}))
    }
    helper = Role(name="helper", commands=("reset",))
    model = make_crm([make_plugin("commands", *commands.values(), Role(name="boss"), helper)], upgrade=False).model
    for roles, allowed in (((), {"hello"}), (("boss",), {"hello", "reset"}), (("helper",), {"hello", "reset"})):
        assert {name for name, each in commands.items() if may_run(model.rights(roles), each)} == allowed


@pytest.mark.row("M1")
def test_every_report_and_command_of_the_house_says_who_may_run_it(make_crm: CRMFactory) -> None:
    """Nobody without a role runs anything but what is public, of the core and of the plugins here."""
    model = make_crm(["sales"], upgrade=False).model
    everything: list[Report | Command] = [*model.reports.values(), *model.commands.values()]
    assert len(everything) > 10
    nobody = model.rights(())
    assert [each.name for each in everything if may_run(nobody, each) != each.public] == []
