"""Fixtures and rules for all tests of the project, the plugins' included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["crmkit.testing.fixtures"]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the real data sets, which `CRMKIT_DATA` names; tests that ask for it are skipped without it."""
    named = os.environ.get("CRMKIT_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("CRMKIT_DATA does not name the folder of the data sets")
    return Path(named)
