"""A file is a room: small, named for its one idea, and at home on every machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {".py", ".toml", ".html", ".css", ".js", ".sh"}
LINES = 400
CATCH_ALLS = {"utils.py", "helpers.py", "common.py", "misc.py"}
MACHINE_FOLDERS = ("work", "root", "home", "Users")
MACHINE_PATH = re.compile(rf"(?<![\w.])/(?:{'|'.join(MACHINE_FOLDERS)})/")


def test_no_file_is_longer_than_a_room(root: Path, kept: list[Path]) -> None:
    """A source file has at most 400 lines; a longer one is two rooms."""
    lengths = {file: len((root / file).read_text().splitlines()) for file in kept if file.suffix in SOURCES}
    assert {file: length for file, length in lengths.items() if length > LINES} == {}


def test_no_file_is_a_catch_all(kept: list[Path]) -> None:
    """A file is named for its idea, so none is called utils, helpers, common or misc."""
    assert [file for file in kept if file.name in CATCH_ALLS] == []


def test_no_file_names_a_path_of_one_machine(root: Path, kept: list[Path]) -> None:
    """Nothing in the repository depends on where somebody keeps it."""
    found = [
        f"{file}:{number}: {line.strip()}"
        for file in kept
        for number, line in enumerate((root / file).read_text(errors="replace").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_no_tests_folder_is_a_package(kept: list[Path]) -> None:
    """Tests are collected by path, so an __init__.py in a tests folder would only make names clash."""
    assert [file for file in kept if file.name == "__init__.py" and "tests" in file.parts] == []


def test_the_pattern_finds_machine_paths_and_no_addresses() -> None:
    """A path from the machine's root is found; the same word inside an address or a relative path is not."""
    for folder in MACHINE_FOLDERS:
        assert MACHINE_PATH.search(f"cd /{folder}/ann/crm")
        assert not MACHINE_PATH.search(f"https://example.com/{folder}/page")
        assert not MACHINE_PATH.search(f"plugins/{folder}/flow")
