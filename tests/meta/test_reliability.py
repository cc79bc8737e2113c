"""RELIABILITY.md promises nothing that no test shows."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTE = re.compile(r"^\[\^([\w-]+)\]: (.*?)(?=^\[\^|^$|\Z)", re.DOTALL | re.MULTILINE)
SENTENCE = re.compile(r"(?P<text>.+?[.!?])(?P<marks>(?:\[\^[\w-]+\])*)(?:\s+|$)", re.DOTALL)
MARK = re.compile(r"\[\^([\w-]+)\]")
SHOWN_BY = re.compile(r"`([^`]+)::(\w+)`")


@frozen
class Promise:
    """A sentence, and the names of its notes."""

    text: str
    notes: tuple[str, ...]


@frozen
class Promises:
    """All sentences below the first section's heading, and the tests of each note as (file, function)."""

    sentences: tuple[Promise, ...]
    notes: dict[str, tuple[tuple[str, str], ...]]


def read(page: str) -> Promises:
    """Read sentences and notes from a page."""
    _introduction, *sections = re.split(r"^## .*\n", page, flags=re.MULTILINE)
    notes: dict[str, tuple[tuple[str, str], ...]] = {}
    sentences: list[Promise] = []
    for section in sections:
        for name, tests in NOTE.findall(section):
            assert name not in notes, f"the note {name} stands twice"
            assert not SHOWN_BY.sub("", tests).strip(", \n"), f"the note {name} holds more than tests"
            notes[name] = tuple(SHOWN_BY.findall(tests))
        sentences += sentences_of(NOTE.sub("", section))
    return Promises(tuple(sentences), notes)


def sentences_of(section: str) -> Iterator[Promise]:
    """Yield the sentences of a section; what has no full stop is one, too."""
    for paragraph in filter(None, map(str.strip, re.split(r"\n\s*\n", section))):
        end = 0
        for found in SENTENCE.finditer(paragraph):
            yield Promise(" ".join(found["text"].split()), tuple(MARK.findall(found["marks"])))
            end = found.end()
        if paragraph[end:].strip():
            yield Promise(paragraph[end:].strip(), ())


@pytest.fixture(scope="module")
def promises(root: Path) -> Promises:
    """What the page promises."""
    return read((root / "RELIABILITY.md").read_text("utf-8"))


def names_in(file: Path) -> set[str]:
    """Return the names of the test functions of a file."""
    if not file.is_file():
        return set()
    functions = (each for each in ast.parse(file.read_text("utf-8")).body if isinstance(each, ast.FunctionDef))
    return {each.name for each in functions if each.name.startswith("test_")}


def test_every_sentence_names_a_test(promises: Promises) -> None:
    """A sentence without a note, or with one that names no test, promises what nobody has shown."""
    bare = [each.text for each in promises.sentences if not any(promises.notes.get(note) for note in each.notes)]
    assert bare == []
    assert promises.sentences


def test_every_note_is_used_and_there(promises: Promises) -> None:
    """Sentences have the notes that the page has, and no others."""
    used = {note for each in promises.sentences for note in each.notes}
    assert used == promises.notes.keys()


def test_every_test_that_is_named_exists(root: Path, promises: Promises) -> None:
    """A test that was renamed or removed takes its promise along, or the page is corrected."""
    named = sorted({test for tests in promises.notes.values() for test in tests})
    assert [f"{file}::{name}" for file, name in named if name not in names_in(root / file)] == []


def test_sentences_and_notes_are_told_apart() -> None:
    """A sentence ends at its full stop and marks, not at a dot in a name; a sentence without a mark is found."""
    page = """# Title

Introduction. Without notes.

## One

The 0.1 of `crm.run` is
kept.[^a][^b] No promise.

Another

[^a]: `x.py::test_a`
[^b]: `x.py::test_b`,
    `y.py::test_c`
"""
    assert read(page) == Promises(
        (Promise("The 0.1 of `crm.run` is kept.", ("a", "b")), Promise("No promise.", ()), Promise("Another", ())),
        {"a": (("x.py", "test_a"),), "b": (("x.py", "test_b"), ("y.py", "test_c"))},
    )
