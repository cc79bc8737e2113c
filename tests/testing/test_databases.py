"""Databases for tests of plugins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crmkit.testing.databases import find_postgresql

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_without_the_driver_there_is_no_postgresql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who has installed crmkit without `crmkit[postgresql]` gets tests that are skipped, not tests that fail."""
    monkeypatch.setenv("CRMKIT_TEST_POSTGRESQL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert find_postgresql(tmp_path) is not None
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert find_postgresql(tmp_path) is None
