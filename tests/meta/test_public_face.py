"""What others build on is described, and changes only where a review sees it."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path

import crmkit

SCRIPT = Path(__file__).with_name("public_face.py")


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


def test_the_public_face_is_what_was_written_down() -> None:
    """A change of a name, signature, hook, declaration, noun, error, option or key shows in public_face.txt.

    Is the change wanted, and do old uses still work as docs/explanation/compatibility.md promises? Then `make face`.
    """
    specification = importlib.util.spec_from_file_location("public_face", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.public_face().splitlines() == module.FILE.read_text("utf-8").splitlines()
