"""Custom fields in files and reports: out and in again, by mappings, taken back, grouped and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Opportunity, User
from crmkit.core.exchange.exporting import export
from crmkit.core.exchange.generated import mapping_for
from crmkit.core.exchange.importing import run_import
from crmkit.core.exchange.reverting import revert_import
from crmkit.core.lifecycle.opening import current_model
from crmkit.core.nouns.custom_fields import KINDS
from crmkit.errors import CRMKitError
from tests.core.custom_fields.definitions import VALUES, define, define_all, values

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl"])
def test_every_kind_goes_out_and_comes_in(crm: CRM, tmp_path: Path, ending: str) -> None:
    """An export, imported after all values were emptied, brings every one back as it was."""
    define_all(crm)
    with crm.session(actor="admin") as session:
        before = session.create_many(
            Customer, [{"name": "Low", **values(0)}, {"name": "High", **values(1)}, {"name": "None"}]
        )
        file = tmp_path / f"all.{ending}"
        export(session, "customer", file)
        session.update_many((each, dict.fromkeys(values(0))) for each in before[:2])
    result = run_import(
        crm, mapping=mapping_for(current_model(crm), [(file, "customer")]), folder=tmp_path, actor="admin"
    )
    assert not result.failed
    with crm.session(actor="admin") as session:
        for each in before:
            found = session.get(Customer, each.id)
            assert {name: getattr(found, name) for name in values(0)} == {
                name: getattr(each, name) for name in values(0)
            }


def test_a_mapping_names_the_field_and_an_import_is_taken_back(crm: CRM, tmp_path: Path) -> None:
    """Any column may be mapped to it, it may be the key, rows that don't fit are left out, and reverting undoes it."""
    define(crm, "integer", "erp_number", maximum=100)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", erp_number=7)
    (tmp_path / "erp.csv").write_text("No,Town\n7,Paris\n101,Lyon\n8,Nice\n", "utf-8")
    (tmp_path / "erp.toml").write_text(
        '[[files]]\nfile = "erp.csv"\nentity = "customer"\nmode = "upsert"\nkey = ["erp_number"]\n'
        '[files.columns]\nNo = "erp_number"\nTown = "name"\n',
        "utf-8",
    )
    result = run_import(crm, mapping=tmp_path / "erp.toml", actor="admin")
    assert result.failed == 1
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).name == "Paris"
        assert [each.name for each in session.find(Customer, "erp_number == 8")] == ["Nice"]
    assert result.id is not None
    revert_import(crm, result.id, actor="admin")
    with crm.session(actor="admin") as session:
        assert session.get(Customer, acme.id).name == "Acme"
        assert not session.find(Customer, "erp_number == 8")


def test_reports_list_and_group_by_it(crm: CRM) -> None:
    """With its label as the heading, and those of choices where it makes the rows."""
    define(crm, "choice", "colour", label="Paint", choices={"red": "Red!", "green": ""})
    with crm.session(actor="admin") as session:
        session.create_many(Customer, [{"name": "A", "colour": "red"}, {"name": "B"}, {"name": "C", "colour": "red"}])
        text = session.report("records", entity="customer", fields="name, colour").to_text()
        assert "Paint" in text
        assert text.count("red") == 2
        acme = session.find(Customer, "name == 'A'")[0]
        session.create_many(Opportunity, [{"name": f"Deal {n}", "customer": acme, "amount": n} for n in (1, 2)])
        groups = session.report("pipeline", by="customer.colour").rows
        assert [row[:3] for row in groups] == [("Red!", 2, 3)]


@pytest.mark.row("M1")
def test_who_may_not_see_it_finds_it_in_no_file(crm: CRM, tmp_path: Path) -> None:
    """An export leaves it out, and neither an export nor an import that names it goes through."""
    define(crm, "text", "diagnosis", privacy="sensitive")
    with crm.session(actor="admin") as session:
        session.create(User, name="ann", external_id="ann", roles=["director"])
        session.create(Customer, name="Acme", diagnosis="flu")
        export(session, "customer", tmp_path / "admin.csv")
    assert "diagnosis" in (tmp_path / "admin.csv").read_text("utf-8-sig")
    with crm.session(actor="ann") as session:
        export(session, "customer", tmp_path / "ann.csv")
        assert "diagnosis" not in (tmp_path / "ann.csv").read_text("utf-8-sig")
        with pytest.raises(CRMKitError, match="diagnosis"):
            export(session, "customer", tmp_path / "named.csv", fields=["name", "diagnosis"])
    mapping = mapping_for(current_model(crm), [(tmp_path / "admin.csv", "customer")])
    with pytest.raises(CRMKitError, match="diagnosis"):
        run_import(crm, mapping=mapping, folder=tmp_path, actor="ann")


def test_every_kind_has_values() -> None:
    """These tests leave no kind out."""
    assert {*VALUES} == {*KINDS}
