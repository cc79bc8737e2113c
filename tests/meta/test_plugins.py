"""Every folder under plugins/ is a distribution of the same shape."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from crmkit.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

TYPED = "py.typed"


def project(folder: Path) -> dict[str, object]:
    """Return the `[project]` table of a distribution."""
    table: dict[str, object] = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    return table


def test_every_folder_under_plugins_is_a_distribution(root: Path, kept: list[Path], plugins: list[Path]) -> None:
    """A folder under plugins/ has a pyproject.toml of its own."""
    folders = {root / file.parts[0] / file.parts[1] for file in kept if file.parts[0] == "plugins"}
    assert folders - set(plugins) == set()


def test_every_plugin_is_described_and_tested(plugins: list[Path]) -> None:
    """A plugin has a README, a typed package and tests."""
    for folder in plugins:
        assert (folder / "README.md").is_file(), folder.name
        assert (folder / f"crmkit_{folder.name}" / TYPED).is_file(), folder.name
        assert list(folder.glob("tests/**/test_*.py")), folder.name


def test_every_plugin_is_found_by_its_entry_point(plugins: list[Path]) -> None:
    """A plugin is announced in the group crmkit.plugins under its folder's name, by a module that exists."""
    for folder in plugins:
        groups = project(folder)["entry-points"]
        assert isinstance(groups, dict)
        module = groups["crmkit.plugins"][folder.name]
        assert (folder / (module.replace(".", "/") + ".py")).is_file(), module


def test_all_distributions_share_name_version_and_licence(root: Path, plugins: list[Path]) -> None:
    """Distributions are released in lockstep, are named for their folders, and have one licence."""
    core = project(root)
    assert core["version"] == VERSION
    for folder in plugins:
        plugin = project(folder)
        assert plugin["name"] == f"crmkit-{folder.name.replace('_', '-')}"
        assert (plugin["version"], plugin["license"]) == (core["version"], core["license"])


def test_every_plugin_stands_on_a_storey(root: Path, plugins: list[Path]) -> None:
    """The import contracts know every plugin's package, so that they hold for it."""
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    storeys = json.dumps(next(contract["layers"] for contract in linter["contracts"] if contract["id"] == "storeys"))
    packages = [f"crmkit_{folder.name}" for folder in plugins]
    assert [name for name in packages if name not in linter["root_packages"] or name not in storeys] == []


@pytest.mark.parametrize("name", ["LICENSE", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_the_repository_says_what_a_user_must_know(root: Path, name: str) -> None:
    """Licence, introduction, rules for contributors, security policy and changes stand at the top."""
    assert (root / name).read_text().strip()


def test_the_licence_is_the_whole_apache_licence(root: Path) -> None:
    """LICENSE holds the full text of the Apache License 2.0, from its title to its appendix."""
    text = (root / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "APPENDIX: How to apply the Apache License to your work" in text


def test_the_core_is_typed(root: Path) -> None:
    """The core tells type checkers that its annotations count."""
    assert (root / "crmkit" / TYPED).is_file()
