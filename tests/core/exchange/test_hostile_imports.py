"""Hostile and careless inputs through the whole importer: nothing half done, everything sound imported."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Manifest, Opportunity, hookimpl
from crmkit.core.exchange.errors import UnfittingFilesError
from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import Batch, CreateDraft, Session
    from crmkit.testing.fixtures import CRMFactory
    from tests.core.exchange.conftest import Importer

MAPPING = """
    [[files]]
    file = "customers.csv"
    entity = "customer"
    unmapped = "ignore"
    [files.columns]
    Name = "name"
    Mail = "email"
    Phone = "phone"
    Level = "level"
    Worth = "annual_revenue"
    Since = "stage_since"
"""
HEADER = "Name,Mail,Phone,Level,Worth,Since"
BAD_ROWS = {
    "no-mail,nobody,,,,": "Mail",
    "no-phone,,call me,,,": "Phone",
    "no-choice,,,z,,": "Level",
    'grouped,,,,"1,234",': "Worth",
    "foreign,,,,5 USD,": "Worth",
    "no-currency,,,,5 ZZZ,": "Worth",
    f"huge,,,,{'9' * 300},": "Worth",
    "no-day,,,,,2026-02-30": "Since",
    "future,,,,,2999-01-01": "Since",
    f"{'x' * 300},,,,,": "Name",
    "nul\x00,,,,,": "Name",
    "ragged,,": None,
    ",,,,,": "Name",
}
BROKEN_FILES = {
    "empty": b"",
    "repeated": b"Name,Name\nx,y\n",
    "nameless": b"Name,,Mail\nx,y,z\n",
    "not-utf-8": "Name,Mail,Phone,Level,Worth,Since\nÄ,,,,,\n".encode("cp1252"),
    "unclosed": HEADER.encode() + b'\nfine,,,,,\n"open,,,,,\n',
    "wide": ",".join(map(str, range(10_000))).encode() + b"\n",
    "a-workbook": b"PK\x03\x04" + bytes(100),
    "other-columns": b"Foo,Bar\n1,2\n",
}


def test_bad_cells_are_row_errors_and_sound_rows_go_in(importer: Importer) -> None:
    """Each bad row is named with its column; the good ones around it are there."""
    importer.mapping(MAPPING)
    lines = [line for bad in BAD_ROWS for line in (bad, "good,,,,,")]
    importer.file("customers.csv", "\n".join([HEADER, *lines]))
    result = importer.run()
    assert result.created == len(BAD_ROWS)
    problems = {each.row: each.column for each in result.problems}
    assert problems == {2 + 2 * number: column for number, column in enumerate(BAD_ROWS.values())}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_imports_nothing(importer: Importer, name: str) -> None:
    """A file that can't be used as a whole leaves the database as it was."""
    importer.mapping(MAPPING)
    (importer.folder / "customers.csv").write_bytes(BROKEN_FILES[name])
    with pytest.raises(UnfittingFilesError, match="Nothing was imported"):
        importer.run()
    with importer.crm.session(actor="admin") as session:
        assert session.count(Customer) == 0


class Picky:
    """A plugin that fails in several ways."""

    manifest = Manifest(name="picky", version="1", summary="Fails.")

    @hookimpl
    def crmkit_before_create(self, drafts: Batch[CreateDraft]) -> None:
        """Raise for one name, without saying for which record."""
        for draft in drafts.of(Customer):
            if draft.get("name") == "raise":
                raise RuntimeError("boom")

    @hookimpl
    def crmkit_after_create(self, session: Session, changes: Batch[CreateDraft]) -> None:
        """Have a command of its own refused for one name, after something was written."""
        for change in changes.of(Customer):
            if change.after.name == "nested":  # type: ignore[attr-defined]
                session.create(Opportunity, name="side effect")
                session.create(Customer, name="")


def test_a_plugin_that_raises_costs_only_its_own_rows(make_crm: CRMFactory, tmp_path: Path) -> None:
    """The batch is halved until the row is found, nothing of it stays, and the plugin is named."""
    crm = make_crm([Picky()])
    names = [f"c{number}" for number in range(300)]
    names[0], names[17], names[200] = "nested", "raise", "nested"
    (tmp_path / "customers.csv").write_text("Name\n" + "\n".join(names))
    (tmp_path / "m.toml").write_text(
        '[[files]]\nfile = "customers.csv"\nentity = "customer"\n[files.columns]\nName = "name"\n'
    )
    result = run_import(crm, mapping=tmp_path / "m.toml", actor="admin")
    assert (result.created, result.failed) == (297, 3)
    assert [each.row for each in result.problems] == [2, 19, 202]
    assert "Plugin 'picky' failed in crmkit_before_create: RuntimeError: boom" in result.problems[1].message
    with crm.session(actor="admin") as session:
        assert (session.count(Customer), session.count(Opportunity)) == (297, 0)


def test_two_imports_of_one_file_at_once_are_as_one_after_the_other(make_crm: CRMFactory, tmp_path: Path) -> None:
    """No customer is there twice, and every row of both is accounted for."""
    database = make_crm.database()
    first, second = make_crm(on=database), make_crm(on=database)
    lines = "\n".join(f"Customer {number}" for number in range(1_500))
    (tmp_path / "customers.csv").write_text(f"Name\n{lines}\n")
    (tmp_path / "m.toml").write_text(
        '[[files]]\nfile = "customers.csv"\nentity = "customer"\nmode = "upsert"\nkey = "name"\n'
        '[files.columns]\nName = "name"\n'
    )
    results = []

    def work(crm: object) -> None:
        results.append(run_import(crm, mapping=tmp_path / "m.toml", actor="admin", resume=False))  # type: ignore[arg-type]

    threads = [threading.Thread(target=work, args=(crm,)) for crm in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each.created for each in results) == 1_500
    assert sum(each.unchanged for each in results) == 1_500
    with first.session(actor="admin") as session:
        assert session.count(Customer) == 1_500
