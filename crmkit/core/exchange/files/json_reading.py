"""JSON lines: every line an object; every value becomes a text, numbers digit by digit as they stand."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.blocks import open_blocks
from crmkit.core.exchange.files.cells import cell_problem
from crmkit.core.exchange.files.characters import forbidden_character
from crmkit.core.exchange.files.decoding import open_text
from crmkit.core.exchange.files.errors import TooManyRowsError
from crmkit.core.exchange.files.json_text import Json, Number, json_text
from crmkit.core.exchange.files.lines import Lines
from crmkit.core.exchange.files.rows import BadRow, RowSource, SourceRow
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import FileOptions, Limits

_LINES_BEFORE_HEADER = 1_000
_KEY_CHARACTERS = 255


class _BadLineError(Exception):
    """A line that can't be used; the reason is its text."""


def open_json_lines(path: str, *, options: FileOptions, resources: ExitStack) -> RowSource:
    """Open a file of JSON lines.

    A list or an object becomes compact JSON text, true and false become "true" and "false", null becomes None.
    An empty file has no rows and no header.

    Raises:
        FileError: The file can't be read.
    """
    blocks = open_blocks(path, limits=options.limits, resources=resources)
    encoding, text = open_text(blocks, declared=options.encoding, path=path)
    lines = Lines(text, limit=options.limits.max_record_characters, path=path)
    rows = _rows(lines, path=path, limits=options.limits)
    seen: list[SourceRow | BadRow] = []
    header: tuple[str, ...] = ()
    for row in rows:
        seen.append(row)
        if isinstance(row, SourceRow):
            header = tuple(row.values)
        if header or len(seen) == _LINES_BEFORE_HEADER:
            break
    return RowSource(rows=chain(seen, rows), header=header, format="jsonl", resources=resources, encoding=encoding)


def _rows(lines: Lines, *, path: str, limits: Limits) -> Iterator[SourceRow | BadRow]:
    count = 0
    for number, line in enumerate(lines, start=1):
        lines.done = number - 1
        if not line.strip():
            continue
        count += 1
        if count > limits.max_rows:
            raise TooManyRowsError(path=path, limit=limits.max_rows)
        yield _row(number, line.rstrip("\r\n"), limits=limits)


def _row(number: int, line: str, *, limits: Limits) -> SourceRow | BadRow:
    try:
        values = _values(_parsed(line), limits=limits)
    except _BadLineError as error:
        return BadRow(number, str(error), (line,))
    for name, value in values.items():
        problem = value and cell_problem(value, limit=limits.max_cell_characters)
        if problem:
            return BadRow(number, _("Column {name!r}: {problem}", name=name, problem=problem), (line,), name)
    return SourceRow(number, values)


def _parsed(line: str) -> Json:
    try:
        parsed: Json = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        message = _(
            "This is not JSON: {msg} at character {colno}. Every line must be one object.",
            msg=error.msg,
            colno=error.colno,
        )
        raise _BadLineError(message) from error
    except RecursionError as error:
        message = _("The JSON is nested too deeply.")
        raise _BadLineError(message) from error
    return parsed


def _values(parsed: Json, *, limits: Limits) -> dict[str, str | None]:
    if not isinstance(parsed, dict):
        message = _('The line is not an object. Write it as {"column": value, ...}.')
        raise _BadLineError(message)
    if len(parsed) > limits.max_columns:
        message = _(
            "The object has {count} keys, and at most {max_columns} can be handled.",
            count=f"{len(parsed):,}",
            max_columns=f"{limits.max_columns:,}",
        )
        raise _BadLineError(message)
    for key in parsed:
        if len(key) > _KEY_CHARACTERS or forbidden_character(key):
            message = _(
                "A key is longer than {key_characters} characters, or has control characters in it.",
                key_characters=_KEY_CHARACTERS,
            )
            raise _BadLineError(message)
    return {key: _text(value, limits=limits) for key, value in parsed.items()}


def _text(value: Json, *, limits: Limits) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, (list, dict)) and _depth(value) > limits.max_depth:
        message = _("Lists and objects are nested more than {max_depth} levels deep.", max_depth=limits.max_depth)
        raise _BadLineError(message)
    return json_text(value)


def _depth(value: Json) -> int:
    """Count the levels without recursion: the decoder lets more pass than Python's own stack may bear."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [inner for each in level for inner in _inside(each) if isinstance(inner, (list, dict))]
    return depth


def _inside(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = sorted({key for key in keys if keys.count(key) > 1}) if len(keys) < _LINES_BEFORE_HEADER else []
        message = _(
            "A key is written twice in one object: {names}.", names=", ".join(map(repr, repeated)) or "too many to list"
        )
        raise _BadLineError(message)
    return found


def _constant(name: str) -> Json:
    message = _("{name} is not JSON. Write null for no value.", name=name)
    raise _BadLineError(message)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_constant, strict=False
)
