"""Every hook is documented with its exact arguments, used by a plugin that ships, and tested."""

from __future__ import annotations

import ast
import importlib
import inspect
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPECIFICATIONS = "crmkit.core.declare.hooks"
META = ("tests", "meta")


@pytest.fixture
def hooks() -> dict[str, list[str]]:
    """Return the names of all specified hooks with the names of their arguments."""
    module = importlib.import_module(SPECIFICATIONS)
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name: list(inspect.signature(f).parameters) for name, f in functions if name.startswith("crmkit_")}


def implementations(file: Path) -> Iterator[str]:
    """Yield the functions of a Python file that are decorated with `hookimpl`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and any("hookimpl" in ast.unparse(d) for d in node.decorator_list):
            yield node.name


def test_there_are_hooks(hooks: dict[str, list[str]]) -> None:
    """The one hook through which everything is said is among those specified."""
    assert "crmkit_declare" in hooks


def test_every_hook_has_a_docstring(hooks: dict[str, list[str]]) -> None:
    """A hook says in its docstring when it is called and what it may do."""
    module = importlib.import_module(SPECIFICATIONS)
    assert [name for name in hooks if not inspect.getdoc(getattr(module, name))] == []


def test_every_hook_has_a_page_with_its_arguments(root: Path, hooks: dict[str, list[str]]) -> None:
    """docs/reference/hooks/<name>.md shows the call as name(argument, argument), exactly as specified."""
    pages = {name: root / "docs" / "reference" / "hooks" / f"{name}.md" for name in hooks}
    calls = {name: f"{name}({', '.join(arguments)})" for name, arguments in hooks.items()}
    assert [name for name, page in pages.items() if not page.exists()] == []
    assert [call for name, call in calls.items() if call not in pages[name].read_text()] == []


def test_every_page_describes_a_hook(root: Path, hooks: dict[str, list[str]]) -> None:
    """A page of a hook that no longer exists is gone, too."""
    pages = {page.stem for page in root.glob("docs/reference/hooks/crmkit_*.md")}
    assert pages - set(hooks) == set()


def test_every_hook_is_used_by_a_plugin_that_ships(root: Path, kept: list[Path], hooks: dict[str, list[str]]) -> None:
    """A hook exists because the core's own plugin or one under plugins/ implements it."""
    shipped = [file for file in kept if file.suffix == ".py" and file.parts[0] in {"crmkit", "plugins"}]
    used = {name for file in shipped if "tests" not in file.parts for name in implementations(root / file)}
    assert set(hooks) - used == set()


def test_every_hook_is_tested(root: Path, kept: list[Path], hooks: dict[str, list[str]]) -> None:
    """Every hook is named in a test outside this folder."""
    tests = [file for file in kept if file.suffix == ".py" and "tests" in file.parts and file.parts[:2] != META]
    text = "\n".join((root / file).read_text() for file in tests)
    assert [name for name in hooks if name not in text] == []
