from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Money, Opportunity, Team, User
from crmkit.core.exchange.errors import ChangedFilesError, UnfittingFilesError
from crmkit.core.exchange.files import SourceRow, open_rows
from crmkit.errors import AccessDeniedError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.exchange.conftest import Importer

CUSTOMERS = """
    [[files]]
    file = "customers.csv"
    entity = "customer"
    mode = "upsert"
    key = "number"

    [files.columns]
    Number = "number"
    Name = "name"
    City = "city"
    Staff = "employees"
"""


def names(importer: Importer, entity: type = Customer) -> list[str]:
    """Return the names of all records."""
    with importer.crm.session(actor="admin", readonly=True) as session:
        return [str(row[0]) for row in session.rows(entity, ["name"], order="id")]


@pytest.mark.row("B3")
def test_bad_rows_are_listed_and_the_others_go_in(importer: Importer) -> None:
    """Of 10,000 rows with 100 bad ones, 9,900 are imported and 100 are listed with row, column, value and remedy."""
    lines = [
        f"{number},Customer {number},Town {number},{'many' if number % 100 == 7 else number}"
        for number in range(10_000)
    ]
    importer.file("customers.csv", "Number,Name,City,Staff\n" + "\n".join(lines))
    importer.mapping(CUSTOMERS)
    result = importer.run()
    assert (result.created, result.failed, len(result.problems)) == (9_900, 100, 100)
    first = result.problems[0]
    assert (first.file, first.row, first.column, first.value) == ("customers.csv", 9, "Staff", "many")
    assert "'many' is not a number" in first.message
    assert len(names(importer)) == 9_900


def test_a_second_import_changes_nothing_and_says_so(importer: Importer) -> None:
    """The same file again leaves every record as it is."""
    importer.file("customers.csv", "Number,Name,City,Staff\n1,Acme,Paris,5\n2,Beta,,\n")
    importer.mapping(CUSTOMERS)
    assert importer.run().created == 2
    again = importer.run()
    assert again.changed_nothing
    assert (again.unchanged, again.files[0].rows) == (2, 2)


def test_a_dry_run_counts_and_leaves_nothing(importer: Importer) -> None:
    """All is done in a transaction that is rolled back."""
    importer.file("customers.csv", "Number,Name,City,Staff\n1,Acme,Paris,5\n2,,Paris,5\n")
    importer.mapping(CUSTOMERS)
    result = importer.run(dry_run=True)
    assert (result.id, result.created, result.failed, result.dry_run) == (None, 1, 1, True)
    assert result.problems[0].column == "Name"
    assert names(importer) == []
    assert importer.run().id is not None


def test_failed_rows_can_be_corrected_and_imported_again(importer: Importer, tmp_path: Path) -> None:
    """The folder of failed rows goes in by the same mapping, whatever delimiter and encoding the original had."""
    path = importer.file("customers.csv", "Number;Name;City;Staff\n1;Acme;Orléans;5\n2;Bêta;Orléans;-1\n")
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    importer.mapping(CUSTOMERS.replace("[files.columns]", 'delimiter = ";"\nencoding = "cp1252"\n[files.columns]'))
    result = importer.run(errors=tmp_path / "failed")
    (file,) = result.files
    assert file.errors is not None
    with open_rows(file.errors) as rows:
        (row,) = rows
    assert isinstance(row, SourceRow)
    assert row.values["Name"] == "Bêta"
    assert (row.values["_row"], row.values["_column"]) == ("3", "Staff")
    assert "too small" in str(row.values["_problem"])
    failed = tmp_path / "failed" / "customers.csv.errors.csv"
    failed.write_text(failed.read_text(encoding="utf-8").replace("'-1", "1"), encoding="utf-8")
    again = importer.run(folder=tmp_path / "failed")
    assert (again.created, again.failed) == (1, 0)
    assert names(importer) == ["Acme", "Bêta"]


def test_a_missing_file_or_column_stops_everything(importer: Importer) -> None:
    """Nothing is imported while any file is not what the mapping says, and all such problems come at once."""
    importer.file("customers.csv", "Number,Naem,City,Staff,More\n1,Acme,Paris,5,x\n")
    importer.mapping(CUSTOMERS + '\n[[files]]\nfile = "absent.csv"\nentity = "team"\n[files.columns]\nname = "name"\n')
    with pytest.raises(UnfittingFilesError) as failure:
        importer.run()
    message = str(failure.value)
    assert "no column 'Name'. Did you mean 'Naem'?" in message
    assert "'More'" in message
    assert "no file 'absent.csv'" in message
    assert names(importer) == []


def test_a_file_that_breaks_far_below_imports_nothing(importer: Importer) -> None:
    """A quote that is never closed is found before the first row is written."""
    lines = "".join(f"{number},Customer {number},Paris,1\n" for number in range(3_000))
    importer.file("customers.csv", f'Number,Name,City,Staff\n{lines}9999,"open,Paris,1\n')
    importer.mapping(CUSTOMERS)
    with pytest.raises(UnfittingFilesError, match="quote"):
        importer.run()
    assert names(importer) == []


def test_a_key_that_comes_twice_is_an_error_unless_said_otherwise(importer: Importer) -> None:
    """The policy for duplicates is: refuse the later row, skip it, or let it change the record."""
    importer.file("customers.csv", "Number,Name,City,Staff\n1,Acme,Paris,5\n1,Acme,Lyon,5\n")
    importer.mapping(CUSTOMERS)
    refused = importer.run(dry_run=True)
    assert (refused.created, refused.failed) == (1, 1)
    assert "Row 2 of this file has the same key" in refused.problems[0].message
    importer.mapping(CUSTOMERS.replace("[files.columns]", 'duplicates = "skip"\n[files.columns]'))
    assert importer.run(dry_run=True).skipped == 1
    importer.mapping(CUSTOMERS.replace("[files.columns]", 'duplicates = "update"\n[files.columns]'))
    changed = importer.run()
    assert (changed.created, changed.updated) == (1, 1)
    with importer.crm.session(actor="admin") as session:
        assert session.find(Customer)[0].city == "Lyon"


def test_references_are_looked_up_by_any_field(importer: Importer) -> None:
    """Several columns may say which record is meant; nobody is guessed."""
    with importer.crm.session(actor="admin") as session:
        lyon = session.create(Customer, name="Acme", city="Lyon")
        session.create(Customer, name="Acme", city="Paris")
    importer.file("contacts.csv", "Name,Firm,Town\nAnn,Acme,Lyon\nBob,Acme,Rome\nCid,,\n")
    importer.mapping("""
        [[files]]
        file = "contacts.csv"
        entity = "contact"
        [files.columns]
        Name = "name"
        Firm = "customer.name"
        Town = { field = "customer", lookup = "city" }
    """)
    result = importer.run()
    assert (result.created, result.failed) == (2, 1)
    assert "There is no customer with name 'Acme', city 'Rome'" in result.problems[0].message
    with importer.crm.session(actor="admin") as session:
        assert session.find(Contact, {"name": "Ann"})[0].customer == lyon.ref


def test_an_ambiguous_reference_is_refused(importer: Importer) -> None:
    """Two records that fit are no answer."""
    with importer.crm.session(actor="admin") as session:
        session.create_many(Customer, [{"name": "Acme"}, {"name": "Acme"}])
    importer.file("contacts.csv", "Name,Firm\nAnn,Acme\n")
    importer.mapping("""
        [[files]]
        file = "contacts.csv"
        entity = "contact"
        [files.columns]
        Name = "name"
        Firm = "customer.name"
    """)
    assert "2 records are customers with name 'Acme'" in importer.run().problems[0].message


def test_missing_references_are_created_or_left_empty_if_the_mapping_says_so(importer: Importer) -> None:
    """A record that several rows refer to is created once, with the values of the mapping."""
    importer.file("contacts.csv", "Name,Firm,Boss\nAnn,New,Nobody\nBob,New,\n")
    importer.mapping("""
        [[files]]
        file = "contacts.csv"
        entity = "contact"
        [files.columns]
        Name = "name"
        Firm = { field = "customer", lookup = "name", missing = "create", create = { source = "exhibition" } }
        Boss = { field = "owner", lookup = "name", missing = "empty" }
    """)
    result = importer.run()
    assert (result.created, result.failed) == (2, 0)
    with importer.crm.session(actor="admin") as session:
        (made,) = session.find(Customer)
        assert (made.name, made.source) == ("New", "exhibition")
        assert session.count(Contact, {"customer": made}) == 2


def test_a_row_may_refer_to_rows_above_it(importer: Importer) -> None:
    """A tree in one file works from the root down; a row below can't be referred to, however near it is."""
    importer.file("teams.csv", "Name,Above\nWorld,\nEurope,World\nFrance,Europe\nMars,Sun\nSun,\n")
    importer.mapping("""
        [[files]]
        file = "teams.csv"
        entity = "team"
        mode = "upsert"
        key = "name"
        [files.columns]
        Name = "name"
        Above = "parent.name"
    """)
    result = importer.run()
    assert (result.created, result.failed) == (4, 1)
    assert result.problems[0].row == 5
    assert names(importer, Team) == ["World", "Sun", "Europe", "France"]


def test_texts_are_read_as_the_mapping_describes(importer: Importer) -> None:
    """Value maps, dates, signs in numbers, factors, currencies, parts, templates, constants and splits."""
    importer.file(
        "deals.csv",
        'Id,What,Firm,Sum,Start,State,Labels\n1,Pumps,,"1.234,50",31.12.2025,offen,a|b\n2,,,-,2026-13-01,??,\n',
    )
    importer.mapping(
        """
        [[files]]
        file = "deals.csv"
        entity = "opportunity"
        [files.columns]
        Id = "number"
        What = { field = "description", default = "n/a" }
        Sum = { field = "amount", thousands = ".", decimal = ",", currency = "EUR", factor = 1000 }
        Start = { field = "opened_on", dates = ["dd.mm.yyyy"] }
        State = { field = "stage", values = { offen = "proposal" } }
        Labels = { field = "tags", split = "|" }
        [files.templates]
        name = "Deal {Id}[ with {Firm}]"
        [files.constant]
        source = "partner"
    """.replace("[files.columns]", 'ignore = ["Firm"]\n        [files.columns]')
    )
    result = importer.run()
    assert (result.created, result.failed) == (1, 1)
    assert {problem.column for problem in result.problems} == {"Sum", "Start"}
    with importer.crm.session(actor="admin") as session:
        (deal,) = session.find(Opportunity)
    assert (deal.name, deal.amount, deal.stage) == ("Deal 1", Money("1234500.00", "EUR"), "proposal")
    assert (str(deal.opened_on), deal.tags, deal.source) == ("2025-12-31", ("a", "b"), "partner")


def test_another_stage_in_the_file_moves_the_record(importer: Importer) -> None:
    """A change of stage passes gates and is kept in the history; the day of closing is the file's."""
    mapping = """
        [[files]]
        file = "deals.csv"
        entity = "opportunity"
        mode = "upsert"
        key = "number"
        [files.columns]
        Id = "number"
        Name = "name"
        State = "stage"
        Closed = "closed_on"
    """
    importer.mapping(mapping)
    importer.file("deals.csv", "Id,Name,State,Closed\n1,Pumps,Proposal,\n")
    assert importer.run().created == 1
    importer.file("deals.csv", "Id,Name,State,Closed\n1,Pumps,Won,2026-03-31\n")
    assert importer.run().updated == 1
    assert importer.run().unchanged == 1
    with importer.crm.session(actor="admin") as session:
        (deal,) = session.find(Opportunity)
        assert (deal.stage, str(deal.closed_on), deal.version) == ("won", "2026-03-31", 2)


def test_empty_cells_keep_or_clear_as_said(importer: Importer) -> None:
    """By default an empty cell says nothing about a record that is there."""
    importer.mapping(CUSTOMERS)
    importer.file("customers.csv", "Number,Name,City,Staff\n1,Acme,Paris,5\n")
    importer.run()
    importer.file("customers.csv", "Number,Name,City,Staff\n1,Acme,,\n")
    assert importer.run().unchanged == 1
    importer.mapping(CUSTOMERS.replace("[files.columns]", 'empty = "clear"\n[files.columns]'))
    assert importer.run().updated == 1
    with importer.crm.session(actor="admin") as session:
        assert session.find(Customer)[0].employees is None


def test_parts_of_an_address_are_changed_one_by_one(importer: Importer) -> None:
    """A column for the street leaves the rest of a known address alone."""
    with importer.crm.session(actor="admin") as session:
        session.create(Customer, name="Acme", number="1", address={"street": "Old", "country": "FR"})
    importer.file("customers.csv", "Number,Street\n1,New\n")
    importer.mapping("""
        [[files]]
        file = "customers.csv"
        entity = "customer"
        mode = "update"
        key = "number"
        [files.columns]
        Number = "number"
        Street = "address.street"
    """)
    assert importer.run().updated == 1
    with importer.crm.session(actor="admin") as session:
        address = session.find(Customer)[0].address
        assert address is not None
        assert (address.street, address.country) == ("New", "FR")


def test_the_actor_may_import_only_what_it_may_write(importer: Importer) -> None:
    """An actor without any right to create is refused at once; one with some is refused row by row."""
    with importer.crm.session(actor="admin") as session:
        session.create(User, name="V", external_id="v", roles=["viewer"])
        session.create(User, name="M", external_id="m", roles=["member"])
    importer.file("customers.csv", "Number,Name,Owner\n1,Acme,m\n2,Beta,admin\n")
    importer.mapping("""
        [[files]]
        file = "customers.csv"
        entity = "customer"
        [files.columns]
        Number = "number"
        Name = "name"
        Owner = "owner.external_id"
    """)
    with pytest.raises(AccessDeniedError):
        importer.run(actor="v")
    result = importer.run(actor="m")
    assert (result.created, result.failed) == (1, 1)
    assert "M may not create this customer" in result.problems[0].message


def test_an_interrupted_import_goes_on_and_refuses_changed_files(importer: Importer) -> None:
    """What was committed is not done again; other files than before are refused unless it begins anew."""
    lines = "".join(f"{number},Customer {number},Paris,1\n" for number in range(2_500))
    path = importer.file("customers.csv", f"Number,Name,City,Staff\n{lines}")
    importer.mapping(CUSTOMERS.replace('mode = "upsert"', 'mode = "create"').replace('key = "number"\n', "\n"))

    def interrupt(done: int, share: float) -> None:
        if done >= 1_000:
            assert share == pytest.approx(0.4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.run(progress=interrupt)
    assert len(names(importer)) == 1_000
    before = path.read_bytes()
    path.write_bytes(before + b"9999,More,Paris,1\n")
    with pytest.raises(ChangedFilesError, match=r"customers\.csv"):
        importer.run()
    path.write_bytes(before)
    result = importer.run()
    assert (result.resumed, result.created, result.failed) == (True, 2_500, 0)
    assert len(names(importer)) == 2_500


def test_a_pattern_takes_all_files_that_match(importer: Importer) -> None:
    """Several files of one shape are imported in the order of their names."""
    importer.file("customers-1.csv", "Number,Name,City,Staff\n1,Acme,Paris,5\n")
    importer.file("customers-2.csv", "Number,Name,City,Staff\n2,Beta,Paris,5\n")
    importer.mapping(CUSTOMERS.replace("customers.csv", "customers-*.csv"))
    result = importer.run()
    assert [(each.file, each.created) for each in result.files] == [("customers-1.csv", 1), ("customers-2.csv", 1)]
