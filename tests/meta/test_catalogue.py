"""The page about the catalogue says what the tests say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    """Return the module that makes the page."""
    specification = importlib.util.spec_from_file_location("catalogue", Path(__file__).with_name("catalogue.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_is_current(catalogue: ModuleType) -> None:
    """`make catalogue` would change nothing."""
    assert catalogue.PAGE.read_text("utf-8") == catalogue.page_of(catalogue.shown_by_tests())


def test_every_mark_names_a_row(catalogue: ModuleType) -> None:
    """A test is marked with a row of this release or the next; another name is a slip."""
    known = catalogue.ROWS.keys() | catalogue.NEXT.keys()
    assert [each for each in catalogue.shown_by_tests() if set(each.rows) - known] == []


def test_marks_of_modules_classes_and_functions_count(catalogue: ModuleType) -> None:
    """A test shows the rows of its own marks, of its class's and of its module's."""
    source = '''
import pytest
pytestmark = [pytest.mark.row("A4"), pytest.mark.slow]
@pytest.mark.row("B1")
class TestBoth:
    @pytest.mark.row("B3")
    def test_one(self):
        """One
        rule.

        More."""
def test_other():
    pass
'''
    found = [(each.rows, each.rule) for each in catalogue.shown_in(source, "x.py")]
    assert found == [(("A4", "B1", "B3"), "One rule."), (("A4",), "test other")]


def test_a_row_without_tests_is_open(catalogue: ModuleType) -> None:
    """The page says which rows no test is marked with."""
    shown = [catalogue.Shown(rows=("A4",), rule="A rule.", file="tests/test_x.py")]
    page = catalogue.page_of(shown)
    assert "## A4: Contacts lead to their customers\n\n- A rule. ([test_x.py](../../tests/test_x.py))\n" in page
    assert "## A14: Status, type, level and times of every step\n\nOpen:" in page
