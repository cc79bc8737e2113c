"""A tenant as a file: exported, and restored as another, on either kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer
from crmkit.errors import BackupError, TenantExistsError

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM


@pytest.fixture
def file(crm: CRM, tmp_path: Path) -> Path:
    """An export of a tenant with one customer."""
    with crm.tenants.create("acme", admin="ann").session(actor="ann") as session:
        session.create(Customer, name="Kept")
    path = tmp_path / "acme.zip"
    crm.tenants.suspend("acme")
    crm.tenants.export("acme", path)
    crm.tenants.resume("acme")
    return path


@pytest.mark.row("M15")
@pytest.mark.row("M4")
def test_a_tenant_moves_as_a_file(crm: CRM, file: Path) -> None:
    """What was exported, suspended or not, is restored as a new tenant, row by row."""
    crm.tenants.restore("copy", file)
    assert crm.tenant("copy").fingerprint() == crm.tenant("acme").fingerprint()
    with crm.tenant("copy").session(actor="ann") as session:
        assert session.create(Customer, name="More").id == 2
    with crm.tenant("acme").session(actor="ann") as session:
        assert session.count(Customer) == 1


def test_a_tenant_is_replaced_only_when_that_is_said(crm: CRM, file: Path) -> None:
    """Then its users go on in what it holds now, in every process that works in it."""
    acme = crm.tenant("acme")
    with acme.session(actor="ann") as session:
        session.create(Customer, name="Later")
    with pytest.raises(TenantExistsError):
        crm.tenants.restore("acme", file)
    beside = crm.at(crm.place)
    beside.tenants.restore("acme", file, replace=True)
    for _again in range(2):
        with acme.session(actor="ann") as session:
            assert [each.name for each in session.find(Customer)] == ["Kept"]
            number = session.create(Customer, name="New").id
        with beside.tenant("acme").session(actor="ann") as session:
            assert session.create(Customer, name="Other").id not in {1, number}
        beside.tenants.restore("acme", file, replace=True)
    beside.close()


def test_what_can_not_be_restored_leaves_no_tenant(crm: CRM, tmp_path: Path) -> None:
    """A file that is no backup leaves neither an entry nor a schema or file."""
    path = tmp_path / "none.zip"
    path.write_bytes(b"nothing")
    with pytest.raises(BackupError):
        crm.tenants.restore("acme", path)
    assert crm.tenants.list() == ()
    with crm.tenants.create("acme").session(actor=SYSTEM) as session:
        assert session.count(Customer) == 0


def test_every_restore_is_noticed(crm: CRM, file: Path) -> None:
    """The number that tells processes to forget what they know rises each time, even for the same file."""
    acme = crm.tenant("acme")
    seen = []
    for _again in range(3):
        with acme.session(actor="ann"):
            assert acme.fitted is not None
            seen.append(acme.fitted[0])
        acme.restore(file, replace=True)
    assert len({*seen}) == len(seen)
    assert seen == sorted(seen)
