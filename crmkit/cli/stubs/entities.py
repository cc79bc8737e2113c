"""The class of an entity's records, and the values that commands take for it, as lines of a stub."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Final

from attrs import frozen

from crmkit.cli.stubs.kinds import clear, optional, types_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmkit.core.assemble.model import EntityModel, FieldModel, Model

OWN: Final = ("CRM", "SYSTEM", "Session")
"""Names of a stub's own that an entity's class doesn't take."""


@frozen(kw_only=True)
class Classes:
    """How the classes of a model's entities are called, and the module from which each can be imported, if it can."""

    names: Mapping[str, str]
    homes: Mapping[str, str]

    @classmethod
    def of(cls, model: Model) -> Classes:
        """Name the classes of a model."""
        declared = {name: entity.declared.declared for name, entity in model.entities.items()}
        names = {name: f"{each.__name__}{'Record' * (each.__name__ in OWN)}" for name, each in declared.items()}
        return cls(names=names, homes={name: home_of(each) for name, each in declared.items() if home_of(each)})


def home_of(declared: type) -> str:
    """Return the module from which a class can be imported; nothing for one of a plugin that is a single file."""
    module = declared.__module__
    if module.startswith("crmkit."):
        return "crmkit"
    return "" if module.startswith("crmkit_file_") or "." in declared.__qualname__ else module


def entity_lines(model: Model, entity: EntityModel, classes: Classes) -> Iterator[str]:
    """Yield the values of commands, and the class."""
    name = classes.names[entity.name]
    fields = {each: field for each, field in entity.writable.items() if not keyword.iskeyword(each)}
    pipelines = ", ".join(repr(each.name) for each in model.pipelines_of(entity.name))
    text = clear("str", fields)
    yield f"class _New{name}(_t.TypedDict, total=False):"
    yield f"    idempotency_key: {text} | None"
    if entity.staged:
        yield f"    pipeline: _t.Literal[{pipelines}]"
        yield f"    stage: {text}"
        yield f"    stage_since: _dt.datetime | {text}"
    yield from given_lines(fields, classes, new=True)
    yield f"class _{name}Changes(_t.TypedDict, total=False):"
    yield f"    idempotency_key: {text} | None"
    yield from given_lines(fields, classes, new=False)
    if entity.staged:
        yield f"class _{name}Move(_{name}Changes, total=False):"
        yield f"    pipeline: _t.Literal[{pipelines}]"
    yield from class_lines(entity, name, fields, classes)


def given_lines(fields: Mapping[str, FieldModel], classes: Classes, *, new: bool) -> Iterator[str]:
    """Yield a line for each value that may be given; a new record must have those without a default."""
    for name, field in fields.items():
        shown = clear(types_of(field, classes.names).given, fields)
        if not field.declared.required:
            shown = optional(shown)
        elif new and field.declared.default is None:
            shown = f"_t.Required[{shown}]"
        yield f"    {name}: {shown}"


def class_lines(entity: EntityModel, name: str, fields: Mapping[str, FieldModel], classes: Classes) -> Iterator[str]:
    """Yield the class of the records: what was declared, with the fields of everybody who extended it."""
    staged = "_crmkit.Staged" if entity.staged else "_crmkit.Record"
    declared = (entity.declared.declared, *entity.extensions)
    bases = [f"{imported(home_of(each))}.{each.__name__}" for each in declared if home_of(each)]
    yield f"class {name}({', '.join(bases if classes.homes.get(entity.name) else [staged, *bases])}):"
    yield f"    def __init__(self, **values: _t.Unpack[_New{name}]) -> None: ..."
    yield f"    def _changed(self, **values: _t.Unpack[_{name}Changes]) -> {name}: ..."
    if entity.staged:
        yield f"    def _moved(self, **values: _t.Unpack[_{name}Move]) -> {name}: ..."
    yield "    @_builtins.property"
    yield f"    def ref(self) -> _crmkit.Ref[{name}]: ..."
    yield "    __getattr__: None  # type: ignore[assignment, misc]"
    for each, field in fields.items():
        shown = clear(types_of(field, classes.names).read, fields)
        yield f"    {each}: {shown if field.declared.required else optional(shown)}"


def imported(module: str) -> str:
    """Return the name by which a stub imports a module."""
    return f"_{module.replace('.', '_')}"
