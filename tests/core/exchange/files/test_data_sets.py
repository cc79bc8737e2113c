import gzip
import json
from pathlib import Path

import pytest

from crmkit.core.exchange.files import BadRow, FileError, FileOptions, SourceRow, open_rows, write_rows
from crmkit.core.exchange.files.characters import forbidden_character

pytestmark = pytest.mark.data


def rows_of(path: Path, options: FileOptions | None = None) -> list[dict[str, str | None]]:
    """Read the values of all rows, none of which may be bad."""
    with open_rows(path, options=options) as source:
        rows = list(source)
    assert [row for row in rows if isinstance(row, BadRow)] == []
    return [row.values for row in rows if isinstance(row, SourceRow)]


def test_csv_spectrum_is_read_as_it_says(data_folder: Path) -> None:
    """Every file of csv-spectrum gives the rows that it says, empty cells as None."""
    for path in sorted((data_folder / "csv-spectrum" / "csvs").glob("*.csv")):
        answer = json.loads((data_folder / "csv-spectrum" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        expected = [
            {name: cell or None for name, cell in row.items()}
            for row in (answer if isinstance(answer, list) else [answer])
        ]
        found = rows_of(path)
        if path.stem == "location_coordinates":  # its answer has another telephone number than its question
            for row in (*expected, *found):
                del row["Contact Phone Number"]
        assert found == expected, path.name


@pytest.mark.parametrize("name", ["file.csv", "file.xlsx", "file.jsonl"])
def test_naughty_strings_come_back(data_folder: Path, tmp_path: Path, name: str) -> None:
    """Every string of the big list that is a text comes back as it was."""
    strings = json.loads(gzip.decompress((data_folder / "blns" / "blns.json.gz").read_bytes()))
    texts = [text for text in strings if not forbidden_character(text) and not set(text) & {"\ufffe", "\uffff"}]
    assert len(texts) > 500

    write_rows(tmp_path / name, ["text", "number"], [[text, number] for number, text in enumerate(texts)])

    assert [row["text"] for row in rows_of(tmp_path / name)] == texts


@pytest.mark.parametrize("kind", ["", "_BOM_UTF8", "_BOM_UTF16LE", "_BOM_UTF16BE"])
def test_salesforce_files_in_all_encodings_are_the_same(data_folder: Path, kind: str) -> None:
    """The same table in four encodings gives the same rows."""
    path = data_folder / "crm-formats" / "salesforce-dataloader" / "test" / f"csvtext{kind}.csv"

    assert rows_of(path) == [
        {"column1": "row1-1", "column2": "row1-2", "column3": "row1-3"},
        {"column1": "row2-1", "column2": "row2-2", "column3": "row2-3"},
    ]


@pytest.mark.parametrize(("kind", "encoding"), [("LE", "utf-32-le"), ("BE", "utf-32-be")])
def test_a_wrong_byte_order_mark_is_never_mojibake(data_folder: Path, kind: str, encoding: str, tmp_path: Path) -> None:
    """These files begin with the mark of UTF-16 though they are UTF-32: refused; without the mark they are read."""
    path = data_folder / "crm-formats" / "salesforce-dataloader" / "test" / f"csvtext_BOM_UTF32{kind}.csv"
    with pytest.raises(FileError):
        rows_of(path)
    repaired = tmp_path / "file.csv"
    repaired.write_bytes(path.read_bytes()[2:])

    assert len(rows_of(repaired, FileOptions(encoding=encoding))) == 2


def test_a_real_salesforce_export_needs_its_encoding(data_folder: Path) -> None:
    """An export in cp1252 is refused as UTF-8 with the place, and read whole when declared."""
    path = data_folder / "crm-formats" / "salesforce-dataloader" / "samples" / "accountData.csv"
    with pytest.raises(FileError, match="cp1252"):
        rows_of(path)

    rows = rows_of(path, FileOptions(encoding="cp1252"))

    assert (len(rows), len(rows[0])) == (423, 38)


def test_every_other_export_is_read_whole(data_folder: Path) -> None:
    """Every other CSV file of other CRMs and contact programs is read without a bad row, and with its comma."""
    for path in sorted((data_folder / "crm-formats").rglob("*.csv")):
        if not path.name.startswith("csvtext_BOM_UTF32") and path.name != "accountData.csv":
            with open_rows(path) as source:
                assert source.delimiter == ",", path.name
                assert [row for row in source if isinstance(row, BadRow)] == [], path.name


def test_roundcube_contacts_are_the_same_in_both_formats(data_folder: Path) -> None:
    """The CSV file of Roundcube's tests and the cards expected from it name the same people."""
    folder = data_folder / "crm-formats" / "roundcube-csv"
    (row,), (card,) = rows_of(folder / "all.csv"), rows_of(folder / "all.vcf")

    pairs = {
        "Display Name": "name",
        "First Name": "first_name",
        "Last Name": "last_name",
        "Company": "organisation",
        "Department": "department",
        "Job Title": "title",
        "Email Home": "email",
        "Home Phone": "phone",
        "Home Mobile": "mobile",
        "Home Fax": "fax",
        "Home Street": "street",
        "Home City": "city",
        "Home Zip": "postal_code",
        "Home Country": "country",
        "Notes": "note",
        "Website Blog": "website",
        "Categories": "categories",
    }
    assert {name: row[name] for name in pairs} == {name: card[column] for name, column in pairs.items()}
    assert card["birthday"] == "1991-01-20"
    assert len(rows_of(folder / "email.vcf")) == 4
    assert rows_of(folder / "gmail.vcf")[0]["note"] == rows_of(folder / "gmail.csv")[0]["Notes"]
    assert rows_of(folder / "tb_plain.vcf")[0]["email"] == rows_of(folder / "tb_plain.csv")[0]["Primary Email"]
