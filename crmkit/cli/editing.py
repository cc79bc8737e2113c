"""Editing: the list of plugins in an edition's file, all else left as it is written."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from crmkit.cli.errors import UsageProblem
from crmkit.cli.output import write_file
from crmkit.cli.starting import quoted
from crmkit.core.assemble.edition import Edition
from crmkit.errors import EditionError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECTION = re.compile(r"^\[crm\][^\n]*\n", re.MULTILINE)
NEXT_SECTION = re.compile(r"^\[", re.MULTILINE)
LIST = re.compile(r"^plugins[ \t]*=[ \t]*\[(?:\s|,|#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')*\]", re.MULTILINE)


class UneditableEdition(UsageProblem):
    """The list of plugins is written in a way that isn't understood here."""

    def __init__(self, path: Path, plugins: Sequence[str]) -> None:
        written = ", ".join(map(quoted, plugins))
        super().__init__(
            _("{path} can't be edited here. Write it yourself: plugins = [{plugins}]", path=path, plugins=written)
        )


def set_plugins(path: Path, plugins: Sequence[str]) -> None:
    """Write another list of plugins into an edition, if the CRM that it then describes can be assembled.

    Raises:
        UneditableEdition: if the file isn't written as `crmkit init` writes it.
        EditionError: if the edition doesn't fit these plugins; the file is left as it is.
        AssemblyError: if the plugins don't fit together; the file is left as it is.
        OutputError: if the file can't be written.
    """
    before = path.read_text("utf-8")
    after = with_plugins(before, plugins)
    expected = tomllib.loads(before)
    expected.setdefault("crm", {})["plugins"] = list(plugins)
    if after is None or tomllib.loads(after) != expected:
        raise UneditableEdition(path, plugins)
    check(path, expected)
    write_file(path, after)


def with_plugins(text: str, plugins: Sequence[str]) -> str | None:
    """Return the text of an edition with another list of plugins; None if there is no place for it."""
    section = SECTION.search(text)
    if section is None:
        return None
    following = NEXT_SECTION.search(text, section.end())
    end = following.start() if following else len(text)
    wished = f"plugins = [{', '.join(map(quoted, plugins))}]"
    found = LIST.search(text, section.end(), end)
    if found:
        return text[: found.start()] + wished + text[found.end() :]
    return text[: section.end()] + wished + "\n" + text[section.end() :]


def check(path: Path, given: dict[str, object]) -> None:
    """Refuse an edition that can't be assembled."""
    from crmkit.app import CRM

    edition = Edition.of(given, path)
    if edition.problems:
        raise EditionError(path=str(path), problems=edition.problems)
    edition.extend(CRM("sqlite://", edition.crm.plugins).model)
