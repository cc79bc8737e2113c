"""Fixtures and rules for all tests of the project, the plugins' included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crmkit.testing.refusing import check_refusals

pytest_plugins = ["crmkit.testing.fixtures"]


@pytest.fixture(autouse=True)
def _refusals_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that is refused, in any test, leaves every table as it was (on SQLite)."""
    check_refusals(monkeypatch)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is thorough to `make slow` on PostgreSQL; on SQLite it always runs."""
    if os.environ.get("CRMKIT_SLOW"):
        return
    left = [each for each in items if each.get_closest_marker("thorough") and each.get_closest_marker("postgres")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [each for each in items if each not in left]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real data sets, which `CRMKIT_DATA` names; tests that ask for it are skipped without it."""
    named = os.environ.get("CRMKIT_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("CRMKIT_DATA does not name the folder of the data sets")
    return Path(named)
