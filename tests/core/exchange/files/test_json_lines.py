from pathlib import Path

import pytest

from crmkit.core.exchange.files import BadRow, FileOptions, Limits, SourceRow, open_rows


def read(folder: Path, content: str, options: FileOptions | None = None) -> list[SourceRow | BadRow]:
    """Write a file and read its rows."""
    path = folder / "file.jsonl"
    path.write_text(content, encoding="utf-8", newline="")
    with open_rows(path, options=options) as source:
        return list(source)


def test_every_value_becomes_a_text(tmp_path: Path) -> None:
    """Numbers keep their digits, null is None, lists and objects are compact JSON."""
    digits = "9" * 300
    line = (
        f'{{"a": 1.10, "b": {digits}, "c": true, "d": null, "e": "", "f": ["x", 1.0, {{"y": null}}], "g": "\\u4e2d"}}'
    )

    assert read(tmp_path, line) == [
        SourceRow(
            1, {"a": "1.10", "b": digits, "c": "true", "d": None, "e": "", "f": '["x",1.0,{"y":null}]', "g": "中"}
        )
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ("17", "not an object"),
        ('{"a": NaN}', "NaN"),
        ('{"a": 1, "a": 2}', "'a'"),
        ('{"a": ' + "[" * 30 + "]" * 30 + "}", "20 levels"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested"),
        ('{"' + "k" * 300 + '": 1}', "255"),
        ('{"a": "x\\u0000"}', "NUL"),
        ('{"a": "x\\ud800"}', "surrogate"),
        ('{"a": ["x\\udfff"]}', "surrogate"),
        ('{"a": "' + "x" * 200_000 + '"}', "too long"),
        ("{" + ",".join(f'"k{number}": 1' for number in range(2_001)) + "}", "2,001 keys"),
    ],
)
def test_a_line_that_cannot_be_used_is_one_bad_row(tmp_path: Path, line: str, message: str) -> None:
    """A bad line says why, and the others go on."""
    first, bad, last = read(tmp_path, f'{{"a": 1}}\n{line}\n\n{{"a": 2}}\n')

    assert (first, last) == (SourceRow(1, {"a": "1"}), SourceRow(4, {"a": "2"}))
    assert isinstance(bad, BadRow)
    assert message in bad.message
    assert (bad.number, bad.raw) == (2, (line,))


def test_the_header_is_that_of_the_first_object(tmp_path: Path) -> None:
    """The header has the keys of the first good line, even behind bad ones."""
    path = tmp_path / "file.ndjson"
    path.write_text('oops\n{"b": 1, "a": 2}\n{"c": 3}\n', encoding="utf-8")

    with open_rows(path) as source:
        assert source.header == ("b", "a")
        assert [type(row) for row in source] == [BadRow, SourceRow, SourceRow]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    """A file without any line is what exporting nothing gives."""
    assert read(tmp_path, "\n") == []


def test_depth_is_up_to_the_caller(tmp_path: Path) -> None:
    """Lists as deep as the limit are read."""
    line = '{"a": ' + "[" * 5 + "]" * 5 + "}"

    assert isinstance(read(tmp_path, line, FileOptions(limits=Limits(max_depth=5)))[0], SourceRow)
    assert isinstance(read(tmp_path, line, FileOptions(limits=Limits(max_depth=4)))[0], BadRow)
