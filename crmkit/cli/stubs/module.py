"""The two files: what programs import, and what type checkers read beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.cli.stubs.entities import OWN, Classes, entity_lines, home_of, imported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.assemble.model import Model

FIRST: Final = '''\
"""The records and the session of one CRM, typed. Written by `crmkit stubs`: write it anew, and don't edit it."""
# ruff: noqa
# fmt: off
'''
STUB: Final = """
_P = _t.ParamSpec("_P")
_T = _t.TypeVar("_T")
_R = _t.TypeVar("_R")
_R_co = _t.TypeVar("_R_co", covariant=True)

class _Changeable(_t.Protocol[_P, _R_co]):
    def _changed(self, *given: _P.args, **values: _P.kwargs) -> _R_co: ...

class _Movable(_t.Protocol[_P, _R_co]):
    def _moved(self, *given: _P.args, **values: _P.kwargs) -> _R_co: ...

class Session(_crmkit.Session):
    @property
    def elevated(self) -> Session: ...
    def create(self, entity: _t.Callable[_P, _R], /, *given: _P.args, **values: _P.kwargs) -> _R: ...
    def update(  # type: ignore[override]
        self, record: _Changeable[_P, _R], /, *given: _P.args, **changes: _P.kwargs
    ) -> _R: ...
    def move(  # type: ignore[override]
        self, record: _Movable[_P, _R], to: str, /, *given: _P.args, **values: _P.kwargs
    ) -> _R: ...

class CRM(_crmkit.CRM):
    def session(
        self,
        *,
        actor: str | _crmkit.Record | _System,
        connection: _sa.Connection | None = None,
        readonly: bool = False,
        reason: str = "",
    ) -> Session: ...
    def tenant(self, name: str, /) -> CRM: ...
    def run(self, function: _t.Callable[[Session], _T], /, *, actor: str | _crmkit.Record | _System) -> _T: ...
"""


def stub_of(model: Model) -> str:
    """Return what type checkers read."""
    classes = Classes.of(model)
    entities = ("\n".join(entity_lines(model, each, classes)) for each in model.entities.values())
    return "\n".join([FIRST + "\n".join(imports(model, classes)), STUB, *(f"{each}\n" for each in entities)])


def imports(model: Model, classes: Classes) -> Iterator[str]:
    """Yield the imports of a stub."""
    yield "import builtins as _builtins"
    yield "import datetime as _dt"
    yield "import typing as _t"
    yield "from decimal import Decimal as _Decimal"
    yield "import sqlalchemy as _sa"
    extensions = (each for entity in model.entities.values() for each in entity.extensions)
    for home in sorted({*classes.homes.values(), *map(home_of, extensions)} - {""}):
        yield f"import {home} as {imported(home)}"
    yield "from crmkit import SYSTEM as SYSTEM"
    yield "from crmkit.core.reading.permission import System as _System"


def module_of(model: Model) -> str:
    """Return what programs import: the same names as they are at run time.

    A class of a plugin that is a single file can't be imported; its entity's name stands for it in every command.
    """
    classes = Classes.of(model)
    lines = [f"from crmkit import {name} as {name}" for name in OWN]
    for name, shown in classes.names.items():
        declared = model.entities[name].declared.declared.__name__
        home = classes.homes.get(name)
        lines.append(f"from {home} import {declared} as {shown}" if home else f'{shown} = "{name}"')
    return FIRST + "\n".join(lines) + "\n"
