"""Rows that look like other records are imported and reported, and every change says which row it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crmkit import Contact, Grant, Role, User
from crmkit.core.exchange.results import RowSuspicion
from crmkit.testing.plugins import make_plugin
from tests.core.exchange.conftest import Importer

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

STRICT = str(Path(__file__).parents[1] / "duplicates" / "strict.py")
CONTACTS = """
    [[files]]
    file = "contacts.csv"
    entity = "contact"
    mode = "create"

    [files.columns]
    Name = "name"
    Mail = "email"
"""
ROWS = """
    Name,Mail
    "MARTIN, Béa",Bea+news@acme.example
    Cid Lopez,cid@acme.example
    Dee Fox,dee@acme.example
    Cid Lopes,CID+x@acme.example
"""


def test_rows_that_look_like_others_are_imported_and_reported(importer: Importer) -> None:
    """The result says which row looks like which record, or which row, how likely, and in what; it quotes no value."""
    with importer.crm.session(actor="admin") as session:
        bea = session.create(Contact, name="Bea Martin", email="bea@acme.example")
    importer.file("contacts.csv", ROWS)
    importer.mapping(CONTACTS)
    result = importer.run()
    assert (result.created, result.failed) == (4, 0)
    first, second = result.suspicions
    assert (first.row, first.other, first.other_row) == (2, str(bea.ref), None)
    assert (first.fields, first.rule) == (("email", "name"), "same_contact")
    assert 0.9 < first.score < 1
    assert (second.row, second.other_file, second.other_row) == (5, "contacts.csv", 3)
    assert "row 5: looks like contacts.csv, row 3 (" in result.message
    assert "@" not in result.message
    assert result.as_json()["suspicions"][1]["other_row"] == 3  # type: ignore[index]


def test_a_dry_run_reports_them_too_and_a_second_import_none(importer: Importer) -> None:
    """What was tried out leaves nothing; rows that change nothing are not compared again."""
    importer.file("contacts.csv", ROWS)
    importer.mapping(CONTACTS.replace('"create"', '"upsert"\n    key = "email"'))
    assert [each.row for each in importer.run(dry_run=True).suspicions] == [5]
    assert [each.row for each in importer.run().suspicions] == [5]
    assert importer.run().suspicions == ()


def test_rows_taken_back_with_their_batch_leave_no_suspicion_behind(importer: Importer) -> None:
    """A batch that is halved because of a bad row reports each suspicion once, and none of the bad row."""
    importer.file("contacts.csv", ROWS + "    ,nobody\n    Dee Fox,dee@acme.example\n")
    importer.mapping(CONTACTS)
    result = importer.run()
    assert (result.created, result.failed) == (5, 1)
    assert [(each.row, each.other_row) for each in result.suspicions] == [(5, 3), (7, 4)]


def test_a_rule_that_links_links_imported_records(make_crm: CRMFactory, tmp_path: Path) -> None:
    """The link leads from the later row's record to the earlier one's."""
    importer = Importer(make_crm([STRICT]), tmp_path)
    importer.file("partners.csv", "Name,Tax\nAcme,DE1\nBeta,DE2\nAcme again,DE1\n")
    importer.mapping(
        """
        [[files]]
        file = "partners.csv"
        entity = "partner"
        mode = "create"
        [files.columns]
        Name = "name"
        Tax = "tax_number"
        """
    )
    assert [(each.row, each.other_row) for each in importer.run().suspicions] == [(4, 2)]
    with importer.crm.session(actor="admin") as session:
        first, _beta, third = session.find(session.model.entities["partner"].record_class, order="id")
        (link,) = session.trace(first)
        assert (link.source, link.kind) == (third.ref, "duplicate_of")


def test_of_records_out_of_reach_is_told_that_there_is_one(make_crm: CRMFactory, tmp_path: Path) -> None:
    """No id, no likelihood and no field."""
    loner = Role(name="loner", grants=(Grant(entity="*", read="own", create="own", update="own", import_="own"),))
    importer = Importer(make_crm([make_plugin("alone", loner)]), tmp_path)
    with importer.crm.session(actor="admin") as session:
        session.create(User, name="Lo", external_id="lo", roles=["loner"])
        session.create(Contact, name="Bea Martin", email="bea@acme.example")
    importer.file("contacts.csv", "Name,Mail\nBea Martin,bea@acme.example\n")
    importer.mapping(CONTACTS)
    (found,) = importer.run(actor="lo").suspicions
    assert (found.other, found.score, found.fields) == (None, 0, ())
    assert "may not see" in str(found)


def test_the_history_says_which_row_a_change_came_from(importer: Importer) -> None:
    """Import, file and row stand with what an import created or changed, and with nothing else."""
    importer.mapping(CONTACTS.replace('"create"', '"upsert"\n    key = "email"'))
    importer.file("contacts.csv", "Name,Mail\nBea,bea@acme.example\nCid,cid@acme.example\n")
    first = importer.run().id
    importer.file("contacts.csv", "Name,Mail\nCid Lopez,cid@acme.example\n")
    second = importer.run().id
    with importer.crm.session(actor="admin") as session:
        (cid,) = session.find(Contact, {"name": "Cid Lopez"})
        session.update(cid, level="a")
        by_hand, changed, created = session.history(cid)
    assert by_hand.origin is None
    assert created.origin is not None
    assert (created.origin.import_id, created.origin.file, created.origin.row) == (first, "contacts.csv", 3)
    assert str(changed.origin) == f"import {second}: contacts.csv, row 2"


def test_a_suspicion_is_a_sentence() -> None:
    """It names the other row if there is one, else the other record."""
    named = {
        "file": "c.csv",
        "row": 7,
        "record": "contact:9",
        "score": 0.98765,
        "fields": ("email", "name"),
        "rule": "x",
    }
    found = RowSuspicion(other="contact:3", **named)  # type: ignore[arg-type]
    assert str(found) == "c.csv, row 7: looks like contact:3 (98.8%; alike in email, name)."
