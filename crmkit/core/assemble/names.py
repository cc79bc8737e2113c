"""Names: one for each declaration of a sort, and none that nobody declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crmkit.core.declare.names import nearest
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crmkit.core.assemble.model import Model

T = TypeVar("T")


def each_named(model: Model, declaration: type[T], subject: Callable[[T], str]) -> Iterator[tuple[T, str, str]]:
    """Yield every declaration of a type, with its plugin and what errors call it, which no other one may be called.

    Raises:
        ClashError: if two that are called the same differ; naming both plugins.
    """
    known: dict[str, tuple[T, str]] = {}
    for each, plugin in model.of(declaration):
        called = subject(each)
        other, owner = known.setdefault(called, (each, plugin))
        if other != each:
            raise ClashError(subject=called, plugins=(owner, plugin))
        yield each, plugin, called


def check_names(subject: str, plugin: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a name that isn't known.

    Raises:
        DeclarationError: naming the subject, its plugin and the nearest known name.
    """
    listed = list(known)
    for name in names:
        if name not in listed:
            close = nearest(name, listed)
            hint = _(" Did you mean {close!r}?", close=close) if close else ""
            problem = _("there is no {name!r}.{hint}", name=name, hint=hint)
            raise DeclarationError(subject=subject, problem=problem, plugin=plugin)
