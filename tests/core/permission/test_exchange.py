"""Exports and imports are rights of their own, and no secret leaves in a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Contact, Customer, Grant, Role, User
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.importing import run_import
from crmkit.errors import AccessDeniedError, FilterError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
USERS = Grant(entity="user", read="all")
ROLES = (
    Role(name="none", grants=(Grant(entity="*", read="all", create="all", export="none", import_="none"), USERS)),
    Role(name="own", grants=(Grant(entity="*", read="all", create="all", export="own"), USERS)),
    Role(name="all", grants=(Grant(entity="*", read="all", create="all"), USERS)),
    Role(name="mixed", grants=(Grant(entity="contact", read="all"), Grant(entity="*", read="all", export="none"))),
)
MAPPING = """
[[files]]
file = "in.csv"
entity = "customer"
[files.columns]
"name" = "name"
"""


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A customer with a contact of each of four users."""
    made = make_crm([make_plugin("exchange", *ROLES)])
    with made.session(actor="admin") as session:
        for role in ROLES:
            user = session.create(User, name=role.name, external_id=role.name, roles=[role.name])
            customer = session.create(Customer, name=role.name, owner=user)
            session.create(Contact, name=role.name, owner=user, customer=customer)
    return made


def exported(session: Session, entity: str, *fields: str) -> list[str]:
    """Return the lines of an export behind its header."""
    target = io.BytesIO()
    export(session, entity, target, fields=fields, format="csv")
    return target.getvalue().decode("utf-8-sig").split()[1:]


@pytest.mark.row("M1")
def test_exports_reach_as_far_as_their_level(crm: CRM) -> None:
    """Who reads everything exports what its level of exporting reaches, by default all that it reads."""
    with crm.session(actor="all") as session:
        assert exported(session, "customer", "name") == ["none", "own", "all", "mixed"]
    with crm.session(actor="own") as session:
        assert exported(session, "customer", "name") == ["own"]
        assert session.count(Customer) == 4
    with crm.session(actor="none") as session, pytest.raises(AccessDeniedError, match="may not export"):
        exported(session, "customer", "name")
    with crm.session(actor="mixed") as session:
        assert exported(session, "contact", "name", "customer.name") == ["none,", "own,", "all,", "mixed,"]


@pytest.mark.row("M1")
def test_imports_need_the_right_to_import(crm: CRM, tmp_path: Path) -> None:
    """A role with the level none for imports may create records one by one, and import none."""
    (tmp_path / "in.csv").write_text("name\nNew\n")
    (tmp_path / "map.toml").write_text(MAPPING)
    with pytest.raises(AccessDeniedError, match="may not import"):
        run_import(crm, mapping=tmp_path / "map.toml", actor="none")
    assert run_import(crm, mapping=tmp_path / "map.toml", actor="all").created == 1


@pytest.mark.row("M1")
def test_no_secret_leaves_in_a_file(clinic: CRM) -> None:
    """Not even the system exports a secret, whether it is asked for by name or not."""
    with clinic.session(actor=SYSTEM) as session:
        target = io.BytesIO()
        export(session, "customer", target, format="csv")
        assert b"flu" in target.getvalue()
        assert b"1234" not in target.getvalue()
        for path in ("pin", "parent.pin"):
            with pytest.raises(FilterError, match="has no field"):
                exported(session, "customer", path)
