"""Versions are pinned by name alone: no locks, no addresses."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock*.toml")


def test_no_lock_file_is_kept(kept: list[Path]) -> None:
    """A lock file holds the addresses of one machine's package index, so none is kept."""
    assert [file for file in kept if any(fnmatch(file.name, lock) for lock in LOCKS)] == []


def test_constraints_hold_no_address(root: Path, kept: list[Path]) -> None:
    """A constraints or requirements file names versions, never where to get them."""
    patterns = ("*constraints*.txt", "*requirements*.txt")
    files = [file for file in kept if any(fnmatch(file.name, pattern) for pattern in patterns)]
    assert [file for file in files if "://" in (root / file).read_text()] == []


def test_every_constraint_is_a_name_and_a_version(root: Path) -> None:
    """Every line of constraints.txt is name==version, so that it holds on every machine."""
    lines = (root / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][0-9A-Za-z.!+]*", line)] == []


def test_constraints_are_sorted_and_each_name_stands_once(root: Path) -> None:
    """A package has one version, found where the alphabet puts it."""
    names = [line.partition("==")[0] for line in (root / "constraints.txt").read_text().splitlines()]
    assert names == sorted(set(names))
