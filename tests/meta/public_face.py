"""What others build on, as text: names, signatures, hooks, declarations, nouns, errors, options and keys.

Run as a script, it writes public_face.txt anew (`make face`), so that a change of the public face shows in a review.
"""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

import crmkit
from crmkit import Record, Session, errors
from crmkit.cli.program import HOMES, program
from crmkit.core.assemble.edition import shape
from crmkit.core.declare import hooks
from crmkit.core.declare.kinds import AnyRefKind, ChoiceKind, RefKind
from crmkit.testing import fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = Path(__file__).with_name("public_face.txt")
HEAD = "The public face of crmkit. A test compares it with the code; `make face` writes it anew.\n"
TESTING = {
    "clock": ("FrozenClock",),
    "conformance": ("PluginConformance",),
    "factories": ("make", "make_many"),
    "fixtures": ("CRMFactory",),
    "memory": ("memory_crm",),
    "plugins": ("make_plugin",),
    "refusing": ("check_refusals",),
    "snapshots": ("refused", "snapshot", "unchanged"),
}
FIXTURES = ("backend", "clock", "crm", "make_crm", "session")
INNER = {"make", "reader", "reacher"}
"""What stands in a session, and is no part of the public face."""
CTX = click.Context(program)


def public_face() -> str:
    """Return everything, part by part."""
    parts = (names(), testing(), problems(), specifications(), commands(program, "crmkit"), editions())
    return "\n".join([HEAD, *(line for part in parts for line in part)]) + "\n"


def names() -> Iterator[str]:
    """Yield what can be imported from crmkit."""
    for name in sorted(crmkit.__all__):
        yield from described(f"crmkit.{name}", getattr(crmkit, name))


def testing() -> Iterator[str]:
    """Yield what modules of crmkit.testing are for."""
    for home, wanted in TESTING.items():
        module = importlib.import_module(f"crmkit.testing.{home}")
        for name in wanted:
            yield from described(f"{module.__name__}.{name}", getattr(module, name))
    for name in FIXTURES:
        returned = inspect.signature(getattr(fixtures, name)).return_annotation
        yield f"fixture {name} -> {returned}"


def problems() -> Iterator[str]:
    """Yield the errors, each with what it is a sort of and what it holds."""
    for name, thing in sorted(vars(errors).items()):
        if inspect.isclass(thing) and thing.__module__.startswith("crmkit.errors"):
            bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
            yield f"crmkit.errors.{name}{f'({bases})' if bases else ''}"
            yield from attributes(thing)


def specifications() -> Iterator[str]:
    """Yield the hooks."""
    for name, function in sorted(vars(hooks).items()):
        if name.startswith("crmkit_"):
            yield f"hook {name}{signature(function)}"


def commands(command: click.Command, path: str) -> Iterator[str]:
    """Yield a command and those in it, with their parameters and the shape of their JSON."""
    yield f"$ {path}"
    yield from (f"    {parameter(each)}" for each in command.params)
    found = re.search(r"With --format json: (.*?)(?:\n\n|\Z)", inspect.cleandoc(command.help or ""), re.DOTALL)
    if found:
        yield f"    json: {' '.join(found[1].split())}"
    if isinstance(command, click.Group):
        for name in HOMES if command is program else command.list_commands(CTX):
            inside = command.get_command(CTX, name)
            assert inside is not None
            yield from commands(inside, f"{path} {name}")


def parameter(given: click.Parameter) -> str:
    """Return an argument or an option with what it takes."""
    words = [given.make_metavar(CTX)]
    if isinstance(given, click.Option):
        words = [*given.opts, *given.secondary_opts, *([] if given.is_flag else words)]
        words += ["..."] if given.multiple else []
    return " ".join(words) + (", required" if given.required else "")


def editions() -> Iterator[str]:
    """Yield the tables of an edition."""
    for _, table in inspect.getmembers(shape, inspect.isclass):
        if table.__module__ == shape.__name__:
            yield f"crmkit.toml: {inspect.cleandoc(table.__doc__ or '').splitlines()[0]}"
            yield from attributes(table)


def described(name: str, thing: object) -> Iterator[str]:
    """Yield a name with all that belongs to it."""
    if inspect.isclass(thing):
        yield name
        if issubclass(thing, Record) and "__crmkit_entity__" in vars(thing):
            yield from fields(thing)
        else:
            yield from attributes(thing)
            yield from members(thing)
    elif callable(thing):
        yield f"{name}{signature(inspect.unwrap(thing))}"
    else:
        yield f"{name}: {type(thing).__name__}"


def fields(noun: type[Record]) -> Iterator[str]:
    """Yield the fields of a noun with their kinds."""
    for each in noun.__crmkit_entity__.fields:
        kind = each.kind
        about = ""
        if isinstance(kind, RefKind):
            about = f" of {kind.target}"
        elif isinstance(kind, ChoiceKind):
            about = f" of {', '.join(choice.name for choice in kind.choices)}"
        elif isinstance(kind, AnyRefKind):
            about = f" of {', '.join(kind.targets) or 'any'}"
        yield f"    {each.name}: {kind.name}{about}{', required' if each.required else ''}"


def attributes(thing: type) -> Iterator[str]:
    """Yield the attributes of an attrs class, or of a call of another one."""
    if not attrs.has(thing):
        return
    # Of a class whose types somebody has resolved meanwhile, the attributes no longer say what was written.
    said = {name: type_ for base in reversed(thing.__mro__) for name, type_ in inspect.get_annotations(base).items()}
    only_by_name = False
    for each in attrs.fields(thing):
        if not each.init or each.name.startswith("_"):
            continue
        if each.kw_only and not only_by_name:
            only_by_name = True
            yield "    *"
        yield f"    {each.name}: {annotation(said.get(each.name, each.type))}{default(each.default)}"


def members(thing: type) -> Iterator[str]:
    """Yield methods and properties, those of bases within crmkit, too."""
    own = [base for base in thing.__mro__ if base.__module__.startswith("crmkit")]
    said = {name: type_ for base in reversed(own) for name, type_ in inspect.get_annotations(base).items()}
    if not attrs.has(thing):
        yield from (f"    {name}: {annotation(said[name])}" for name in said if not name.startswith("_"))
    found = {name: value for base in reversed(own) for name, value in vars(base).items()}
    for name in ("__init__", "__call__"):
        if name in vars(thing) and not (name == "__init__" and attrs.has(thing)):
            yield f"    {name}{signature(vars(thing)[name])}"
    for name in sorted(found):
        value = found[name]
        if name.startswith(("_", "test_")) or (thing is Session and name in INNER):
            continue
        if isinstance(value, (property, cached_property)):
            getter = value.fget if isinstance(value, property) else value.func
            assert getter is not None
            yield f"    {name}: {annotation(getter.__annotations__.get('return'))}"
        elif isinstance(value, (classmethod, staticmethod)):
            yield f"    {name}{signature(value.__func__)}"
        elif inspect.isfunction(value):
            yield f"    {name}{signature(inspect.unwrap(value))}"
        elif inspect.ismemberdescriptor(value) and not attrs.has(thing):
            yield f"    {name}"


class Written(str):
    """A text that stands in a signature as it is."""

    __slots__ = ()
    __repr__ = str.__str__


def signature(function: object) -> str:
    """Return a signature as it is written, without what differs from run to run."""
    assert callable(function)
    found = inspect.signature(function)
    parts = [
        each.replace(
            annotation=written(each.annotation),
            default=written(each.default) if callable(each.default) else each.default,
        )
        for each in found.parameters.values()
    ]
    return str(found.replace(parameters=parts, return_annotation=written(found.return_annotation)))


def written(given: object) -> object:
    """Return an annotation, or a default that is a function, as it is written."""
    return given if given is inspect.Parameter.empty else Written(annotation(given))


def annotation(given: object) -> str:
    """Return an annotation as it is written."""
    return given if isinstance(given, str) else str(getattr(given, "__name__", given))


def default(given: object) -> str:
    """Return the default of an attribute with the sign before it; nothing if there is none."""
    if given is attrs.NOTHING:
        return ""
    return " = ..." if isinstance(given, attrs.Factory) else f" = {given!r}"  # type: ignore[arg-type]


if __name__ == "__main__":
    FILE.write_text(public_face(), encoding="utf-8")
