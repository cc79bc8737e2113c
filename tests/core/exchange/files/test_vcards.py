import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.exchange.files import BadRow, SourceRow, open_rows, write_rows
from crmkit.core.exchange.files.errors import UnwritableColumnError
from crmkit.core.exchange.files.vcard_columns import VCARD_COLUMNS

CARD = """BEGIN:VCARD\r
VERSION:3.0\r
FN:Zoë\\, Dr. Li\r
N:Li;Zoë;Maria;Dr.;\r
ORG:Acme\\; Co;Sales\r
TITLE:Buyer\r
EMAIL;TYPE=work:zoe@example.com\r
EMAIL:li@example.org\r
TEL;TYPE=CELL:+49 151 1\r
TEL;TYPE=WORK,FAX:+49 30 2\r
TEL;TYPE=work:+49 30 3\r
ADR;TYPE=work:;;Hauptstr. 1;Berlin;BE;10115;Germany\r
BDAY:19800229\r
NOTE:first\\nsecond line that is fol\r
 ded\r
PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r
 BBBB\r
CATEGORIES:a,b\r
item1.URL:https://example.com\r
END:VCARD\r
"""


def read(folder: Path, content: str) -> list[SourceRow | BadRow]:
    """Write cards and read their rows."""
    path = folder / "file.vcf"
    path.write_bytes(content.encode())
    with open_rows(path) as source:
        assert source.header == VCARD_COLUMNS
        return list(source)


def test_a_card_becomes_a_flat_row(tmp_path: Path) -> None:
    """Names, addresses, numbers and dates of a card have columns of their own."""
    (row,) = read(tmp_path, CARD)

    assert isinstance(row, SourceRow)
    assert {name: value for name, value in row.values.items() if value} == {
        "name": "Zoë, Dr. Li",
        "prefix": "Dr.",
        "first_name": "Zoë",
        "middle_name": "Maria",
        "last_name": "Li",
        "organisation": "Acme; Co",
        "department": "Sales",
        "title": "Buyer",
        "email": "zoe@example.com",
        "emails": "zoe@example.com\nli@example.org",
        "phone": "+49 30 3",
        "mobile": "+49 151 1",
        "fax": "+49 30 2",
        "phones": "+49 151 1\n+49 30 2\n+49 30 3",
        "street": "Hauptstr. 1",
        "city": "Berlin",
        "region": "BE",
        "postal_code": "10115",
        "country": "Germany",
        "birthday": "1980-02-29",
        "note": "first\nsecond line that is folded",
        "categories": "a\nb",
        "website": "https://example.com",
    }


def test_old_cards_with_quoted_printable_are_read(tmp_path: Path) -> None:
    """Version 2.1 writes other characters as quoted-printable, over several lines."""
    card = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=\r\n=E4=B8=89\r\n"
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0;=E4=B8=89;;;\r\nTEL;CELL:123\r\nEND:VCARD\r\n"
    )

    (row,) = read(tmp_path, card)

    assert isinstance(row, SourceRow)
    assert (row.values["name"], row.values["last_name"], row.values["mobile"]) == ("张三", "张", "123")


def test_bad_cards_are_bad_rows_and_the_others_go_on(tmp_path: Path) -> None:
    """A card without end, lines outside of cards and lines that attack the parser are bad rows."""
    hostile = CARD.replace("TITLE:Buyer", "TITLE;" + "A;" * 200_000 + "x")
    folded = CARD.replace("TITLE:Buyer", "TITLE;\r\n " + "A;\r\n " * 20_000 + "x")

    rows = read(tmp_path, "stray\r\n" + CARD + "BEGIN:VCARD\r\nFN:x\r\n" + hostile + folded + CARD + "BEGIN:VCARD\r\n")

    assert [type(row) for row in rows] == [BadRow, SourceRow, BadRow, BadRow, BadRow, SourceRow, BadRow]
    assert [row.number for row in rows[:3]] == [1, 2, 22]


WORDS = st.text(alphabet="abcäöü张三,;:\\\"' ", min_size=1).map(str.strip).filter(bool)


CARDS = st.fixed_dictionaries(
    {
        "name": WORDS,
        "first_name": WORDS,
        "last_name": WORDS,
        "organisation": WORDS,
        "department": WORDS,
        "note": WORDS.map(lambda text: f"{text}\nsecond"),
        "street": WORDS,
        "city": WORDS,
        "phone": st.sampled_from(["+49 30 1", "2"]),
        "mobile": st.sampled_from(["+49 151 1", "3"]),
        "birthday": st.dates().map(str),
    }
)


@given(st.lists(CARDS, min_size=1, max_size=3))
def test_a_card_that_is_written_is_read_back(cards: list[dict[str, str]]) -> None:
    """What is written into cards is read back from them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.vcf"
        columns = list(cards[0])
        write_rows(path, columns, [[card[column] for column in columns] for card in cards])
        with open_rows(path) as source:
            found = [{name: row.values[name] for name in columns} for row in source if isinstance(row, SourceRow)]

    assert found == cards


def test_a_card_has_no_other_columns(tmp_path: Path) -> None:
    """Columns that a card has no place for are refused by name."""
    with pytest.raises(UnwritableColumnError, match="score"):
        write_rows(tmp_path / "file.vcf", ["name", "score"], [])
    assert list(tmp_path.iterdir()) == []
