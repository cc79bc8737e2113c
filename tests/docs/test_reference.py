"""The reference names everything there is, so that nobody needs to read the code to find it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click
import pytest

import crmkit
from crmkit import CRMKitError, Manifest, Session
from crmkit.cli.failing import exit_code
from crmkit.cli.program import program
from crmkit.core.assemble.edition import edition, shape
from crmkit.core.assemble.edition import fields as edition_fields
from crmkit.core.declare import declarations, stages
from crmkit.core.declare import fields as functions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = Path(__file__).parents[2] / "docs"
KINDS = edition_fields.NAMES
DECLARED = [
    each
    for module in (declarations, stages)
    for _, each in inspect.getmembers(module, inspect.isclass)
    if each.__module__ == module.__name__
]
TABLES = [each for _, each in inspect.getmembers(shape, inspect.isclass) if each.__module__ == shape.__name__]
COMMANDS = program.list_commands(click.Context(program))


def page(name: str) -> str:
    """Return the text of a page of the reference."""
    return (DOCS / "reference" / f"{name}.md").read_text("utf-8")


def section(text: str, title: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    heading = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert heading, f"there is no heading {title!r}"
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def unnamed(names: Iterable[str], text: str) -> list[str]:
    """Return those of the names that a text doesn't hold as code, alone or at the beginning of an expression."""
    return [name for name in names if not re.search(rf"`[^`\n]*(?<![\w-]){re.escape(name)}(?![\w-])[^`\n]*`", text)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_field_is_described(kind: str) -> None:
    """A kind has a row in the table, and every option of its function is named on the page."""
    text = page("fields")
    assert re.search(rf"^\| `{kind}` \| ", text, re.MULTILINE)
    assert unnamed(inspect.signature(getattr(functions, kind)).parameters.keys() - {"choices"}, text) == []


def test_every_option_of_a_field_is_listed_with_its_kinds() -> None:
    """The rows of options name just those kinds whose functions take them."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.+?) \| ", section(page("fields"), "Options"), re.MULTILINE)
    said: dict[str, set[str]] = {}
    for options, of in rows:
        for option in re.findall(r"`(\w+)`", options):
            named = set(re.findall(r"`(\w+)`", of)) & set(KINDS)
            said.setdefault(option, set()).update(set(KINDS) - named if of.startswith("all but") else named)
    taken: dict[str, set[str]] = {option: set() for option in said}
    for kind in KINDS:
        for option in inspect.signature(getattr(functions, kind)).parameters.keys() & said.keys():
            taken[option].add(kind)
    assert said | {"max": said["max"] - {"money"}} == taken


@pytest.mark.parametrize("declared", [*DECLARED, Manifest], ids=lambda each: each.__name__)
def test_every_declaration_is_described(declared: type) -> None:
    """A declaration has a section of its own that names all of its attributes."""
    names = [each.name for each in attrs.fields(declared)]
    assert unnamed(names, section(page("declarations"), declared.__name__)) == []


@pytest.mark.parametrize("function", [crmkit.record, crmkit.extend], ids=lambda each: each.__name__)
def test_every_way_to_declare_records_is_described(function: object) -> None:
    """`@record` and `@extend` have sections that name their arguments."""
    assert callable(function)
    arguments = inspect.signature(function).parameters.keys() - {"declared", "entity"}
    assert unnamed(arguments, section(page("declarations"), getattr(function, "__name__", ""))) == []


def test_every_command_of_the_session_is_described() -> None:
    """Every public method and property of a session is named."""
    inner = {"make", "reader", "reacher"}
    names = [name for name in dir(Session) if not name.startswith("_") and name not in inner]
    assert unnamed(names, page("session")) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_command_line_is_described(name: str) -> None:
    """A command has a section of its own that names all of its options."""
    command = program.get_command(click.Context(program), name)
    assert command is not None
    options = [option for each in command.params if isinstance(each, click.Option) for option in each.opts]
    assert unnamed(options, section(page("cli"), name)) == []


def test_every_global_option_is_described() -> None:
    """The options before a command are named, with the variables that stand in for them."""
    options = [each for each in program.params if isinstance(each, click.Option)]
    names = [option for each in options for option in each.opts]
    variables = [str(each.envvar) for each in options if each.envvar]
    assert unnamed([*names, *variables], page("cli")) == []


def errors() -> Iterator[type[CRMKitError]]:
    """Yield every error class of crmkit."""
    for module in pkgutil.walk_packages(crmkit.__path__, "crmkit."):
        if "__main__" not in module.name and ".testing" not in module.name:
            importlib.import_module(module.name)
    waiting = [CRMKitError]
    while waiting:
        found = waiting.pop().__subclasses__()
        waiting += found
        yield from (each for each in found if each.__module__.startswith("crmkit."))


def test_every_error_is_described_with_its_exit_code() -> None:
    """An error stands in a table whose last column is the exit code that the command line gives for it."""
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| (\d) \|$", page("errors"), re.MULTILINE)
    said = {name: int(code) for names, code in rows for name in re.findall(r"`(\w+)`", names)}
    assert said == {each.__name__: exit_code(each.__new__(each)) for each in errors()}


@pytest.mark.parametrize("name", edition.SECTIONS)
def test_every_section_of_an_edition_is_described(name: str) -> None:
    """A section of a `crmkit.toml` has a heading of its own."""
    assert re.search(rf"^## `\[+{name}\b[^`]*\]`$", page("editions"), re.MULTILINE)


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.__name__)
def test_every_key_of_an_edition_is_described(table: type) -> None:
    """Every key of every table is named."""
    assert unnamed([each.name.strip("_") for each in attrs.fields(table)], page("editions")) == []


def test_every_page_is_linked_from_the_index() -> None:
    """Whoever begins at the index finds every page, hooks from a page of their own."""
    index = (DOCS / "index.md").read_text("utf-8")
    pages = [each.relative_to(DOCS) for each in DOCS.glob("**/*.md") if each.name != "index.md"]
    lost = [each.as_posix() for each in pages if "hooks" not in each.parts and f"]({each.as_posix()})" not in index]
    assert lost == []
