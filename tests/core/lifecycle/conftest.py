"""The core's own rules hold with a third party's plugin loaded, too: some modules run once more with one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

DENTAL = Path(__file__).parents[3] / "examples" / "single_file_plugin.py"
TWICE = {"test_deleting", "test_moving"}
"""The modules whose tests run with and without the plugin, which adds a field and a stage."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some modules with and without the plugin."""
    if metafunc.module.__name__.rpartition(".")[2] in TWICE and "third_party" in metafunc.fixturenames:
        metafunc.parametrize("third_party", [[], [str(DENTAL)]], ids=["alone", "with_plugin"])


@pytest.fixture
def third_party() -> list[str]:
    """The plugins beside the core."""
    return []


@pytest.fixture
def crm(make_crm: CRMFactory, third_party: list[str]) -> CRM:
    """A CRM of the core and, in some tests, a third party's plugin."""
    return make_crm(third_party)
