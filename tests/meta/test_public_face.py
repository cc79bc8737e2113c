"""What a user imports from crmkit is described."""

from __future__ import annotations

import inspect

import crmkit


def described(thing: object) -> bool:
    """Tell whether a class or function has a docstring of its own, or a value one from its class."""
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)
    return bool(own and own.strip())


def test_every_public_name_exists_and_has_a_docstring() -> None:
    """Every name in `crmkit.__all__` can be imported and says what it is."""
    names = [name for name in crmkit.__all__ if not name.startswith("__")]
    assert [name for name in names if not described(getattr(crmkit, name))] == []


def test_every_public_name_is_listed_by_dir() -> None:
    """Names that are loaded lazily are completed by editors and shells, too."""
    assert set(crmkit.__all__) <= set(dir(crmkit))


def test_an_inherited_docstring_does_not_count() -> None:
    """A class without a docstring of its own is not described by that of its base."""

    class Described:
        """Say something."""

    class Silent(Described):
        pass

    assert described(Described)
    assert not described(Silent)
