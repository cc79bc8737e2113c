"""Attributes that are made when they are first asked for, once, even if several threads ask at the same time."""

from __future__ import annotations

from functools import cached_property
from threading import RLock
from typing import Any, Self, TypeVar, cast, overload

T = TypeVar("T")


class Maker:
    """What has attributes that are made once; they are forgotten together."""

    def __init__(self) -> None:
        self.making = RLock()

    def _begin_anew(self) -> None:
        """Forget all attributes that were made."""
        self.making = RLock()
        for each in type(self).__mro__:
            for name, found in vars(each).items():
                if isinstance(found, cached_property):
                    vars(self).pop(name, None)


class made_once(cached_property[T]):  # noqa: N801  (used as a decorator)
    """A cached property of a `Maker` that is made by one thread at a time, and once.

    That of the standard library lets two threads make two since Python 3.12; before, one thread waits for another that
    makes the attribute of another object.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | T:
        if instance is None:
            return self
        name, made = str(self.attrname), vars(instance)
        with cast("Maker", instance).making:
            if name not in made:
                made[name] = self.func(instance)
        return cast("T", made[name])
