"""Backups: the same data on either database, at one moment, all of it or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, Customer, Opportunity, Order, Team, User
from crmkit.errors import BackupError, DatabaseTooNewError, UpgradeNeeded
from crmkit.testing.databases import create_schema, drop_schema
from crmkit.testing.schemas import schema_of
from tests.core.upgrade.rental import Bicycle, rental, use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crmkit.testing.fixtures import CRMFactory

WRITERS = 8 if os.environ.get("CRMKIT_SLOW") else 3
WRITER = """
import sys
from crmkit import CRM, Customer, Opportunity
from crmkit.errors import DatabaseBusyError
crm = CRM(sys.argv[1], schema=sys.argv[2] or None)
number = 0
while True:
    number += 1
    def work(session):
        customer = session.create(Customer, name=f"{sys.argv[3]}-{number}")
        deal = session.create(Opportunity, name="d", customer=customer, amount="10 EUR")
        session.update(session.move(deal, "won"), source="referral")
    crm.run(work, actor="admin")
    if number == 1:
        print("started", flush=True)
"""


def business(crm: CRM) -> None:
    """Leave something in every kind of column and table."""
    use(crm)
    with crm.session(actor="admin") as session:
        team = session.create(Team, name="北 Nord")
        session.create(User, name="Ünal 😀", external_id="u", team=team, roles=["member"])
        customer = session.create(Customer, name="Ärger & Söhne\n", tags=["a", "b"], annual_revenue="12.34 EUR")
        session.create(Order, customer=customer, number="1")
        gone = session.create(Customer, name="Gone")
        session.delete(gone)


@pytest.fixture
def elsewhere(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., CRM]]:
    """Makes a CRM on an empty database of the other kind."""
    made: list[CRM] = []
    server = request.getfixturevalue("postgresql_server")
    schema = f"elsewhere_{tmp_path.name[-20:].replace('-', '_').replace('[', '').replace(']', '')}"

    def make(plugins: tuple[object, ...]) -> CRM:
        if backend == "postgresql":
            crm = CRM(f"sqlite:///{tmp_path}/elsewhere{len(made)}.db", plugins)
        else:
            drop_schema(server, schema)
            create_schema(server, schema)
            crm = CRM(server, plugins, schema=schema)
        made.append(crm)
        return crm

    if server is None:
        pytest.skip("no PostgreSQL")
    yield make
    for each in made:
        each.close()
    if backend == "sqlite":
        drop_schema(server, schema)


@pytest.mark.row("M4")
def test_a_backup_goes_to_the_other_database_and_back(
    make_crm: CRMFactory, elsewhere: Callable[..., CRM], tmp_path: Path
) -> None:
    """Counts and checksums are equal after each restore, schemas are as made anew, and work goes on."""
    crm = make_crm([rental()], upgrade=False)
    crm.upgrade(admin="admin")
    business(crm)
    expected = crm.fingerprint()
    assert set(expected) >= {"customer", "change", "event", "link", "stage_history", "plugin", "rental_bicycle"}
    crm.backup(tmp_path / "one.zip")
    there = elsewhere((rental(),))
    there.restore(tmp_path / "one.zip")
    assert there.fingerprint() == expected
    there.backup(tmp_path / "two.zip")
    back = make_crm([rental()], upgrade=False)
    back.restore(tmp_path / "two.zip")
    assert back.fingerprint() == expected
    assert schema_of(back) == schema_of(crm)
    assert back.plugins.plan().steps == ()
    with crm.session(actor="admin") as one, back.session(actor="admin") as two:
        assert one.create(Customer, name="New").id == two.create(Customer, name="New").id
        assert two.find(Bicycle)[0].frame == "F1"
        assert two.find(Opportunity)[0].amount == one.find(Opportunity)[0].amount


def test_the_data_of_disabled_plugins_are_in_it(make_crm: CRMFactory, tmp_path: Path) -> None:
    """They are restored with the rest, and are there when the plugin is enabled."""
    database = make_crm.database()
    business(make_crm([rental()], on=database))
    make_crm(on=database).backup(tmp_path / "b.zip")
    other = make_crm.database()
    bare = make_crm(on=other, upgrade=False)
    bare.restore(tmp_path / "b.zip")
    with bare.session(actor="admin") as session:
        assert session.count(Customer) == 2
    again = make_crm([rental()], on=other)
    with again.session(actor="admin") as session:
        assert session.find(Bicycle)[0].frame == "F1"


@pytest.mark.proof
@pytest.mark.row("M4")
def test_a_backup_is_of_one_moment_while_others_write(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Under writers, what is restored fits together: every deal is won, with its whole history and its events.

    Eight of them with CRMKIT_SLOW=1.
    """
    database = make_crm.database()
    crm = make_crm(on=database)
    arguments = (database[0], database[1] or "")
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, *arguments, str(number)], stdout=subprocess.PIPE)
        for number in range(WRITERS)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"started\n"
        crm.backup(tmp_path / "b.zip")
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    copy = make_crm(upgrade=False)
    copy.restore(tmp_path / "b.zip")
    with copy.session(actor="admin") as session:
        deals = session.count(Opportunity)
        assert deals >= WRITERS
        assert session.count(Customer) == deals
        assert session.count(Opportunity, "stage.kind == 'won' and source == 'referral' and version == 3") == deals
    change, event, history = copy.tables.system.change, copy.tables.system.event, copy.tables.system.stage_history
    with copy.engine.connect() as connection:
        for table, each in ((change, 3), (event, 3), (history, 2)):
            query = sa.select(sa.func.count()).select_from(table).where(table.c.entity == "opportunity")
            if table is event:
                query = query.where(
                    table.c.name.in_(["opportunity.created", "opportunity.moved", "opportunity.updated"])
                )
            assert connection.execute(query).scalar_one() == each * deals


def test_a_restore_needs_an_empty_database_or_the_word(make_crm: CRMFactory, tmp_path: Path) -> None:
    """What is there is only replaced if that is said, all at once."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Old")
    crm.backup(tmp_path / "b.zip")
    before = crm.fingerprint()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="New")
    with pytest.raises(BackupError, match="holds a CRM already"):
        crm.restore(tmp_path / "b.zip")
    with pytest.raises(BackupError, match="such a file already"):
        crm.backup(tmp_path / "b.zip")
    crm.restore(tmp_path / "b.zip", replace=True)
    assert crm.fingerprint() == before
    with crm.session(actor="admin") as session:
        assert session.create(Customer, name="New").id == 2
    generation = crm.tables.system.generation
    with crm.engine.connect() as connection:
        found = connection.execute(sa.select(generation.c.number).where(generation.c.topic == "restored"))
        assert found.scalar_one() == 1


def test_older_backups_need_an_upgrade_and_newer_ones_are_refused(make_crm: CRMFactory, tmp_path: Path) -> None:
    """An archive is restored as it was made; the CRM then says what to do."""
    old = make_crm([rental(version="1.0")], upgrade=False)
    old.upgrade(admin="admin")
    use(old)
    old.backup(tmp_path / "old.zip")
    new = make_crm([rental(version="1.1")], upgrade=False)
    new.restore(tmp_path / "old.zip")
    with pytest.raises(UpgradeNeeded, match=r"was 1\.0 and is 1\.1"):
        new.session(actor="admin")
    new.upgrade()
    with new.session(actor="admin") as session:
        assert session.count(Bicycle) == 1
    new.backup(tmp_path / "new.zip")
    target = make_crm([rental(version="1.0")], upgrade=False)
    with pytest.raises(DatabaseTooNewError):
        target.restore(tmp_path / "new.zip")
    assert schema_of(target) in ({}, {"sequences": []})


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """Write an archive again with something changed."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target


def manifest_with(**changes: object) -> Callable[[dict[str, bytes]], None]:
    """Return what changes the manifest."""

    def change(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | changes).encode()

    return change


def with_column(name: str) -> Callable[[dict[str, bytes]], None]:
    """Return what gives a table a column of another name."""

    def change(parts: dict[str, bytes]) -> None:
        manifest = json.loads(parts["manifest.json"])
        table = manifest["tables"]["customer"]
        table["columns"] = dict(sorted({**table["columns"], name: "text"}.items()))
        parts["manifest.json"] = json.dumps(manifest).encode()

    return change


ATTACKS: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "path": (lambda parts: parts.update({"../../etc/passwd": b"x"}), "holds what no backup does"),
    "absolute": (lambda parts: parts.update({"/tables/x.jsonl": b"x"}), "holds what no backup does"),
    "other table": (lambda parts: parts.update({"tables/x.jsonl": b""}), "names other tables"),
    "no manifest": (lambda parts: parts.pop("manifest.json"), "has no manifest"),
    "no JSON": (lambda parts: parts.update({"manifest.json": b"{"}), "manifest can't be read"),
    "deep JSON": (lambda parts: parts.update({"manifest.json": b"[" * 100_000}), "manifest can't be read"),
    "newer format": (manifest_with(format=2), "newer than this crmkit"),
    "strange key": (manifest_with(run="rm -rf"), "manifest can't be read"),
    "SQL as a column": (with_column('x"; DROP TABLE crm_user; --'), "as none can be"),
    "changed row": (
        lambda parts: parts.update({"tables/customer.jsonl": parts["tables/customer.jsonl"].replace(b"Acme", b"Bcme")}),
        "was changed since",
    ),
    "missing row": (lambda parts: parts.update({"tables/customer.jsonl": b""}), "incomplete"),
    "more rows": (
        lambda parts: parts.update({"tables/customer.jsonl": parts["tables/customer.jsonl"] * 2}),
        "longer than its manifest",
    ),
    "bomb": (lambda parts: parts.update({"tables/customer.jsonl": b"0" * 50_000_000}), "longer than|unpacks to"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_archive_that_cant_be_trusted_changes_nothing(make_crm: CRMFactory, tmp_path: Path, attack: str) -> None:
    """Whatever was done to it, it is refused before anything is written."""
    crm = make_crm()
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme")
    crm.backup(tmp_path / "b.zip")
    change, words = ATTACKS[attack]
    changed = rewritten(tmp_path / "b.zip", tmp_path / "changed.zip", change)
    target = make_crm(upgrade=False)
    with pytest.raises(BackupError, match=words):
        target.restore(changed)
    assert schema_of(target) in ({}, {"sequences": []})


@pytest.mark.thorough
@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_half_an_archive_is_none(make_crm: CRMFactory, tmp_path: Path, kept: float) -> None:
    """A file that was cut off, or is no archive at all, is refused."""
    crm = make_crm()
    crm.backup(tmp_path / "b.zip")
    whole = (tmp_path / "b.zip").read_bytes()
    size = int(kept * len(whole) if 0 < kept < 1 else kept)
    (tmp_path / "half.zip").write_bytes(whole[:size])
    with pytest.raises(BackupError):
        make_crm(upgrade=False).restore(tmp_path / "half.zip")
    with pytest.raises(BackupError):
        make_crm(upgrade=False).restore(tmp_path / "missing.zip")


def test_a_backup_that_fails_leaves_no_file(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Nor half of one that could be taken for a backup."""
    crm = make_crm()
    with pytest.raises(BackupError):
        crm.backup(tmp_path / "missing" / "b.zip")
    assert list(tmp_path.glob("*.zip*")) == []
