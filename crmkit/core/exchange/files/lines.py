"""From blocks of text to lines, with the lines of the record in progress kept and bounded."""

from __future__ import annotations

from collections import deque
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.characters import may_hold_forbidden
from crmkit.core.exchange.files.errors import LineTooLongError

if TYPE_CHECKING:
    from collections.abc import Iterator


class RecordTooLongError(Exception):
    """The record in progress is longer than the limit; only seen inside this package."""


class Lines:
    """Iterates lines with their ends (LF, CRLF or CR), as fast as a list, because nothing happens per line.

    Attributes:
        done: Number of the last line of the last finished record. The reader moves it on; what lies behind is let go.
        has_forbidden: Whether a block so far holds characters that have no place in a text.
        is_special: The same, or it may hold cells that begin with an apostrophe.
    """

    def __init__(self, blocks: Iterator[str], *, limit: int, path: str, quotes: str = ',;|\t\n\r"') -> None:
        self.done = 0
        self.has_forbidden = False
        self.is_special = False
        self._blocks = blocks
        self._limit = limit
        self._path = path
        self._marks = tuple(before + "'" for before in quotes)
        self._kept: deque[tuple[int, list[str]]] = deque()
        self._count = 0
        self._ahead: list[list[str]] = []
        self._batches = self._split()
        self._all = chain.from_iterable(self._hand_out())

    def __iter__(self) -> Iterator[str]:
        return self._all

    def __next__(self) -> str:
        return next(self._all)

    def ahead(self) -> list[str]:
        """Show the first lines without taking them; the last may be incomplete only if it is very long."""
        if not self._ahead and (batch := next(self._batches, None)):
            self._ahead.append(batch)
        return self._ahead[0] if self._ahead else []

    def since(self, number: int) -> list[str]:
        """Return the lines handed out from the line `number` on, up to the end of the last block."""
        return [line for first, batch in self._kept for line in batch[max(0, number - first) :]]

    def _hand_out(self) -> Iterator[list[str]]:
        while self._ahead:
            yield self._remember(self._ahead.pop())
        for batch in self._batches:
            self._let_go()
            yield self._remember(batch)

    def _remember(self, batch: list[str]) -> list[str]:
        self._kept.append((self._count + 1, batch))
        self._count += len(batch)
        return batch

    def _let_go(self) -> None:
        while self._kept and self._kept[0][0] + len(self._kept[0][1]) - 1 <= self.done:
            self._kept.popleft()
        if sum(map(len, self.since(self.done + 1))) > self._limit:
            raise RecordTooLongError

    def _split(self) -> Iterator[list[str]]:
        pending, count = "", 1
        for block in self._blocks:
            self._look_at(pending[-1:] + block)
            batch = StringIO(pending + block, newline="").readlines()
            # A line that ends in CR may go on with LF.
            pending = "" if batch[-1].endswith("\n") else batch.pop()
            if len(pending) > self._limit:
                raise LineTooLongError(path=self._path, line=count + len(batch), limit=self._limit)
            count += len(batch)
            if batch:
                yield batch
        if pending:
            yield [pending]

    def _look_at(self, block: str) -> None:
        self.has_forbidden = self.has_forbidden or may_hold_forbidden(block)
        if not self.is_special:
            begins = "'" in block and (block[0] == "'" or any(mark in block for mark in self._marks))
            self.is_special = begins or self.has_forbidden
