from pathlib import Path

import pytest

from crmkit.core.exchange.files import FileOptions, SourceRow, open_rows


@pytest.mark.parametrize(
    ("content", "delimiter", "header"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("name;amount\nA;1,5\nB;2,5\n", ";", ("name", "amount")),
        ("name\tnote\nA\tx, y; z\n", "\t", ("name", "note")),
        ("name|city\nA, B|x\n", "|", ("name", "city")),
        ('"Name; first",city\n"Doe; J",x\n', ",", ("Name; first", "city")),
        ("name, first;city\nDoe, J;Bonn\nMax;Ulm\n", ";", ("name, first", "city")),
        ('id;text\n1;"a,b,c\nd,e"\n2;"f,g"\n', ";", ("id", "text")),
        ("name\nA,B\n", ",", ("name",)),
        ("sep=;\nname;city\nA,B;C\n", ";", ("name", "city")),
        ("a;b;c,d\n1;2;3\n4;5;6\n", ";", ("a", "b", "c,d")),
    ],
)
def test_the_delimiter_is_found_by_header_and_rows(
    tmp_path: Path, content: str, delimiter: str, header: tuple[str, ...]
) -> None:
    """The delimiter is the one that splits the header, and the rows alike."""
    path = tmp_path / "file.csv"
    path.write_text(content, encoding="utf-8")

    with open_rows(path) as source:
        assert (source.delimiter, source.header) == (delimiter, header)


def test_a_declared_delimiter_wins(tmp_path: Path) -> None:
    """What is declared is not found out."""
    path = tmp_path / "file.csv"
    path.write_text("a!b,c\n1!2,3\n'=x!''\n", encoding="utf-8")

    with open_rows(path, options=FileOptions(delimiter="!")) as source:
        assert source.header == ("a", "b,c")
        assert [row.values for row in source if isinstance(row, SourceRow)] == [
            {"a": "1", "b,c": "2,3"},
            {"a": "=x", "b,c": "'"},
        ]


def test_a_name_that_says_tabs_is_believed_when_nothing_else_decides(tmp_path: Path) -> None:
    """One column in a .tsv file is still separated by tabs."""
    path = tmp_path / "file.tsv"
    path.write_text("a\nx,y\n", encoding="utf-8")

    with open_rows(path) as source:
        assert list(source) == [(2, {"a": "x,y"})]
