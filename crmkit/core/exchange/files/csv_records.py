"""Taking one record apart where the fast reader of the standard library gives up: line by line, without limits."""

from __future__ import annotations

import re

_TO_CLOSING_QUOTE = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')


class RecordSplitter:
    """Takes the lines of one record and splits it into cells, forgiving text behind a closing quote.

    Attributes:
        opened_at: Which line of those fed (from 0) opened the quote that is still open; None if none is.
        behind_quote: Which line opened the first quoted cell that went on behind its closing quote; None if none did.
    """

    def __init__(self, delimiter: str) -> None:
        self.opened_at: int | None = None
        self.behind_quote: int | None = None
        self._delimiter = delimiter
        self._to_end = re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")
        self._parts: list[list[str]] = [[]]
        self._fed = 0

    def feed(self, line: str) -> None:
        """Take the next line, with its end."""
        position = self._quoted(line, 0) if self.opened_at is not None else self._cell(line, 0)
        while position < len(line) and line[position] == self._delimiter:
            self._parts.append([])
            position = self._cell(line, position + 1)
        self._fed += 1

    def cells(self) -> list[str]:
        """Return the cells so far."""
        return ["".join(parts) for parts in self._parts]

    def _cell(self, line: str, position: int) -> int:
        if line[position : position + 1] == '"':
            self.opened_at = self._fed
            return self._quoted(line, position + 1)
        return self._plain(line, position)

    def _quoted(self, line: str, position: int) -> int:
        closing = _TO_CLOSING_QUOTE.match(line, position)
        if closing is None:
            self._parts[-1].append(line[position:].replace('""', '"'))
            return len(line)
        self._parts[-1].append(closing[1].replace('""', '"'))
        end = self._plain(line, closing.end())
        if end > closing.end() and self.behind_quote is None:
            self.behind_quote = self.opened_at
        self.opened_at = None
        return end

    def _plain(self, line: str, position: int) -> int:
        found = self._to_end.match(line, position)
        assert found is not None
        self._parts[-1].append(found.group())
        return found.end()
