"""Announced: the commands of plugins as their source says them; it is read and not run, so that help is quick and safe.

What is run in the end comes from the assembled model, as everything else does.
"""

from __future__ import annotations

import ast
import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crmkit.cli.chosen import Chosen

GROUP = "crmkit.plugins"
MARKS = (b"Command(", b"Manifest(")
"""What a file holds that is worth reading."""


class Announced(NamedTuple):
    """A command that a plugin declares.

    Attributes:
        help: what it is for, in English.
        package: the folder that the plugin lies in, and the name of its catalogues.
    """

    plugin: str
    name: str
    help: str
    package: tuple[Path, str]


def announced(chosen: Chosen | None) -> list[Announced]:
    """Return the commands that the plugins of the chosen CRM declare; those of all installed plugins if none is chosen.

    Plugins that others require are among them. What can't be read is left out.
    """
    modules = {each.name: each.value.partition(":")[0] for each in entry_points(group=GROUP)}
    waiting = sorted(modules) if chosen is None else wished(chosen)
    found, seen = list[Announced](), set[str]()
    while waiting:
        wish = waiting.pop(0)
        if wish in seen:
            continue
        seen.add(wish)
        is_file = wish.endswith(".py")
        plugin = Path(wish).stem if is_file else wish
        files, package = lone_file(Path(wish)) if is_file else files_of(modules.get(wish, ""))
        for call, said in calls_in(files):
            if call == "Manifest":
                waiting += [re.split(r"[<>=!~ ]", each, maxsplit=1)[0] for each in texts_in(said.get("requires"))]
                continue
            for name in texts_in(said.get("name")):
                found.append(Announced(plugin, name, "".join(texts_in(said.get("help"))), package))
    return found


def wished(chosen: Chosen) -> list[str]:
    """Return the plugins on the list of the chosen edition, and those that are named beside it."""
    import tomllib

    listed, folder = list[object](), Path()
    if chosen.edition is not None:
        folder = chosen.edition.parent
        try:
            listed = list(tomllib.loads(chosen.edition.read_text("utf-8"))["crm"]["plugins"])
        except (OSError, ValueError, LookupError, TypeError):
            listed = []  # every command but help says what is wrong with the edition
    return [str(folder / str(each)) if str(each).endswith(".py") else str(each) for each in listed] + [*chosen.plugins]


def lone_file(path: Path) -> tuple[list[Path], tuple[Path, str]]:
    """Return the file of a plugin that is a single one, and its package: the folder that it is in."""
    return [path], (path.parent, path.stem)


def files_of(module: str) -> tuple[list[Path], tuple[Path, str]]:
    """Return the Python files of the package that a module belongs to, without importing it, and that package."""
    name = module.partition(".")[0]
    try:
        found = find_spec(name) if name else None
    except (ImportError, ValueError):
        found = None
    folders = [Path(each) for each in (found.submodule_search_locations or ())] if found else []
    if folders:
        return [file for folder in folders for file in sorted(folder.rglob("*.py"))], (folders[0], name)
    return lone_file(Path(found.origin)) if found and found.origin else ([], (Path(), name))


def calls_in(files: Iterable[Path]) -> Iterator[tuple[str, dict[str | None, ast.expr]]]:
    """Yield the declarations that matter here, each with what its arguments are."""
    for file in files:
        try:
            source = file.read_bytes()
            tree = ast.parse(source) if any(each in source for each in MARKS) else ast.Module([], [])
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in {"Command", "Manifest"}:
                    yield called, {each.arg: each.value for each in node.keywords}


def texts_in(node: ast.expr | None) -> list[str]:
    """Return the texts that an argument holds: alone, in a list, or marked to be translated."""
    if isinstance(node, ast.Call):
        return texts_in(node.args[0]) if node.args else []
    if isinstance(node, (ast.List, ast.Tuple)):
        return [text for each in node.elts for text in texts_in(each)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
