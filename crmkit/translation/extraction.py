"""Extraction: the sentences in source code that are given to `_` and `ngettext`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MARKS = {"_": 1, "ngettext": 2}
"""The functions that make texts, each with how many sentences it takes."""


@frozen(order=True)
class Sentence:
    """A sentence to translate; with `many`, that for one thing and that for any other number of things."""

    one: str
    many: str = ""


def sentences_in(folder: Path) -> set[Sentence]:
    """Return the sentences in all Python files of a folder, or of a single file; tests are left out.

    Raises:
        SyntaxError: if a file is no Python.
    """
    files: Iterable[Path] = [folder] if folder.is_file() else folder.rglob("*.py")
    found: set[Sentence] = set()
    for file in files:
        if "tests" not in file.relative_to(folder).parts:
            found.update(sentences_of(file.read_text("utf-8")))
    return found


def sentences_of(source: str) -> Iterator[Sentence]:
    """Yield the sentences of a source text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            given = node.args[: MARKS[node.func.id]]
            literals = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if len(literals) == MARKS[node.func.id]:
                yield Sentence(*literals)
