"""Loading crmkit is cheap: the heavy libraries are imported where they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from crmkit.cli import main
sys.argv = ["crmkit", *{arguments}]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
PLUGINS = sorted(file.parent.name for file in Path(__file__).parents[2].glob("plugins/*/pyproject.toml"))
DATABASE = {"sqlalchemy", "alembic", "psycopg"}


def packages_after(code: str, root: Path) -> set[str]:
    """Return the top-level packages that a fresh interpreter has imported after `code`."""
    report = "\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code + report]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return {name.partition(".")[0] for name in result.stderr.splitlines()[-1].split()}


def test_importing_crmkit_imports_no_heavy_library(root: Path) -> None:
    """`import crmkit` imports neither SQLAlchemy nor click nor Babel."""
    assert packages_after("import crmkit", root) & {"sqlalchemy", "click", "rich_click", "rich", "babel"} == set()


def test_help_imports_no_database_library(root: Path) -> None:
    """`crmkit --help` answers without importing SQLAlchemy."""
    assert packages_after(RUN.format(arguments=["--help"]), root) & DATABASE == set()


def test_help_loads_no_plugin(root: Path) -> None:
    """`crmkit --help` lists the commands of plugins without importing any."""
    loaded = packages_after(RUN.format(arguments=["--help"]), root)
    assert {f"crmkit_{each}" for each in PLUGINS} & loaded == set()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_loading_a_plugin_imports_no_database_library(plugin: str, root: Path) -> None:
    """`crmkit model` loads a plugin of ours, and shows what it declares, without importing SQLAlchemy."""
    loaded = packages_after(RUN.format(arguments=["--plugin", plugin, "model"]), root)
    assert f"crmkit_{plugin}" in loaded
    assert loaded & DATABASE == set()


def test_what_is_imported_is_seen(root: Path) -> None:
    """The check sees an import of SQLAlchemy when there is one."""
    assert "sqlalchemy" in packages_after("import sqlalchemy.sql", root)
