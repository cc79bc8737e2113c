"""CSV: the standard library's reader for speed, and our own care for what it stumbles over."""

from __future__ import annotations

import csv
from itertools import chain, islice
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.blocks import open_blocks
from crmkit.core.exchange.files.cells import cell_problem, ragged
from crmkit.core.exchange.files.csv_records import RecordSplitter
from crmkit.core.exchange.files.decoding import open_text
from crmkit.core.exchange.files.delimiter import DELIMITERS, find_delimiter
from crmkit.core.exchange.files.errors import EmptyFileError, TooManyRowsError, UnclosedQuoteError
from crmkit.core.exchange.files.formulas import restore
from crmkit.core.exchange.files.header import header_names
from crmkit.core.exchange.files.lines import Lines, RecordTooLongError
from crmkit.core.exchange.files.rows import BadRow, RowSource, SourceRow
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import ExitStack

    from crmkit.core.exchange.files.options import FileOptions


def open_csv(path: str, *, options: FileOptions, resources: ExitStack) -> RowSource:
    """Open a CSV file.

    Raises:
        FileError: The file or its header can't be used.
    """
    blocks = open_blocks(path, limits=options.limits, resources=resources)
    encoding, text = open_text(blocks, declared=options.encoding, path=path)
    lines = Lines(text, limit=options.limits.max_record_characters, path=path)
    sample = lines.ahead()
    delimiter = options.delimiter or find_delimiter(sample, path=path)
    reader = CsvReader(lines, delimiter=delimiter, path=path, options=options)
    if sample and sample[0].rstrip("\r\n").lower() == f"sep={delimiter}":
        next(lines)
        lines.done = 1
    return RowSource(
        rows=reader.rows(),
        header=reader.read_header(),
        format="csv",
        resources=resources,
        encoding=encoding,
        delimiter=delimiter,
    )


class CsvReader:
    """Reads one CSV file: the header first, then the rows."""

    def __init__(self, lines: Lines, *, delimiter: str, path: str, options: FileOptions) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._path = path
        self._options = options
        self._header: tuple[str, ...] = ()
        self._width = 0
        self._first: tuple[int, list[str]] | None = None
        self._last_line = 0
        self._is_stuck = False
        # The fast reader has a limit of its own, which is that of the whole process.
        self._has_own_limit = options.limits.max_cell_characters != csv.field_size_limit()

    def read_header(self) -> tuple[str, ...]:
        """Take the first record, and name the columns by it or by number."""
        cells, number = [""], 0
        while not any(cells):
            number = self._lines.done + 1
            cells = self._record()
            if not cells:
                raise EmptyFileError(path=self._path)
        self._header = header_names(cells, path=self._path, options=self._options)
        self._width = len(cells)
        self._first = None if self._options.header else (number, cells)
        return self._header

    def rows(self) -> Iterator[SourceRow | BadRow]:
        """Read the rows below the header.

        Raises:
            FileError: From here on the file can't be understood.
        """
        limit = self._options.limits.max_rows
        # Chained and sliced in C: a generator around the generator would cost a third of the speed.
        found = chain.from_iterable(self._runs())
        return chain(islice(found, limit), self._nothing_behind(found, limit=limit))

    def _nothing_behind(self, found: Iterator[SourceRow | BadRow], *, limit: int) -> Iterator[SourceRow | BadRow]:
        for _more in found:
            raise TooManyRowsError(path=self._path, limit=limit)
        yield from ()

    def _runs(self) -> Iterator[Iterable[SourceRow | BadRow]]:
        if self._first is not None:
            yield [self._row(*self._first)]
        self._is_stuck = True
        while self._is_stuck:
            self._is_stuck = False
            yield self._fast_rows()
            if self._is_stuck:
                yield [self._slow_row()]

    def _fast_rows(self) -> Iterator[SourceRow | BadRow]:
        """Read at the speed of the standard library until it finds something to complain about."""
        lines, header, width, make = self._lines, self._header, self._width, SourceRow._make
        records = csv.reader(iter(lines), delimiter=self._delimiter, strict=True)
        before = last = lines.done
        is_always_slow = self._is_always_slow()
        try:
            for cells in records:
                number = last + 1
                lines.done = last = before + records.line_num
                if len(cells) != width or is_always_slow or lines.is_special:
                    if cells:
                        yield self._row(number, cells)
                elif "" in cells:
                    yield make((number, dict(zip(header, [cell or None for cell in cells]))))  # noqa: B905  (fast)
                else:
                    yield make((number, dict(zip(header, cells))))  # noqa: B905  (fast)
        except csv.Error:
            self._is_stuck = True
            self._last_line = before + records.line_num
        except RecordTooLongError:
            raise self._unclosed(self._split(lines.since(last + 1)), self._too_far()) from None

    def _is_always_slow(self) -> bool:
        return len(self._header) != self._width or self._delimiter not in DELIMITERS or self._has_own_limit

    def _row(self, number: int, cells: list[str]) -> SourceRow | BadRow:
        if len(cells) != self._width or (self._width > len(self._header) and any(cells[len(self._header) :])):
            return ragged(number, cells, expected=len(self._header))
        if self._lines.has_forbidden or self._has_own_limit:
            bad = self._bad_cell(number, cells)
            if bad:
                return bad
        if self._options.restore_formulas:
            values = [restore(cell) if cell[:1] == "'" else cell or None for cell in cells]
        else:
            values = [cell or None for cell in cells]
        return SourceRow(number, dict(zip(self._header, values, strict=False)))

    def _bad_cell(self, number: int, cells: list[str]) -> BadRow | None:
        for name, cell in zip(self._header, cells, strict=False):
            problem = cell_problem(cell, limit=self._options.limits.max_cell_characters)
            if problem:
                return BadRow(number, _("Column {name!r}: {problem}", name=name, problem=problem), tuple(cells), name)
        return None

    def _slow_row(self) -> SourceRow | BadRow:
        """Take the record apart that the fast reader gave up on; the next one starts behind it."""
        number = self._lines.done + 1
        taken = self._lines.since(number)[: self._last_line - self._lines.done]
        record = self._split(taken)
        lines = self._finish(record, taken)
        self._lines.done += lines
        if record.behind_quote is None:
            return self._bad_cell(number, record.cells()) or self._row(number, record.cells())
        message = _("There is text behind a closing quote. Write quotes inside a quoted cell twice.")
        return BadRow(number, message, tuple(record.cells()))

    def _finish(self, record: RecordSplitter, taken: list[str]) -> int:
        """Feed lines until no quote is open, and return how many there are in all.

        Text behind a closing quote is a slip if the record stands in one line. Else the quote that seems to close is
        more likely the opening one of a later cell, and nobody knows where the record ends.
        """
        lines, length = len(taken), sum(map(len, taken))
        while record.opened_at is not None and record.behind_quote is None:
            try:
                line = next(self._lines, None)
            except RecordTooLongError:
                raise self._unclosed(record, self._too_far()) from None
            if line is None:
                raise self._unclosed(record, _("is not closed until the end of the file"))
            lines, length = lines + 1, length + len(line)
            if length > self._options.limits.max_record_characters:
                raise self._unclosed(record, self._too_far())
            record.feed(line)
        if record.behind_quote is not None and (lines > 1 or record.opened_at is not None):
            raise self._unclosed(record, _("is not closed properly: text follows where it seems to close"))
        return lines

    def _record(self) -> list[str]:
        """Read one record slowly; the first one, so that everything about it can be said."""
        line = next(self._lines, None)
        if line is None:
            return []
        record = self._split([line])
        self._lines.done += self._finish(record, [line])
        if record.behind_quote is not None:
            raise self._unclosed(record, _("has text behind its end"), done=self._lines.done - 1)
        return record.cells()

    def _split(self, lines: list[str]) -> RecordSplitter:
        record = RecordSplitter(self._delimiter)
        for line in lines:
            record.feed(line)
        return record

    def _too_far(self) -> str:
        return _(
            "is not closed within {max_record_characters} characters",
            max_record_characters=f"{self._options.limits.max_record_characters:,}",
        )

    def _unclosed(self, record: RecordSplitter, problem: str, *, done: int | None = None) -> UnclosedQuoteError:
        where = record.opened_at if record.behind_quote is None else record.behind_quote
        before = self._lines.done if done is None else done
        return UnclosedQuoteError(path=self._path, line=before + 1 + (where or 0), problem=problem)
