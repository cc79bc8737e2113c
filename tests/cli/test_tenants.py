"""Tenants on the command line: each command works in the one that is chosen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.fixture
def hosting(crmkit: CommandLine) -> CommandLine:
    """A CRM with the tenants acme and bold, each with a customer of its name."""
    crmkit("init", "--plugins", "")
    for name in ("acme", "bold"):
        crmkit("tenants", "create", name, "--admin", "ann")
        crmkit("--tenant", name, "--as", "ann", "create", "customer", f"name=Of {name}")
    return crmkit


def names(crmkit: CommandLine, *options: str) -> list[str]:
    """Return the names of all customers."""
    found = crmkit(*options, "--as", "ann", "find", "customer", "--fields", "name", "--format", "json").stdout
    return [each["name"] for each in json.loads(found)["records"]]


@pytest.mark.row("M15")
def test_every_command_works_in_the_chosen_tenant(hosting: CommandLine, tmp_path: object) -> None:
    """Reading and writing, plugins, backups and the doctor, whether an option or the environment chooses."""
    assert (names(hosting, "--tenant", "acme"), names(hosting, "--tenant", "bold")) == (["Of acme"], ["Of bold"])
    assert "acme.db" in hosting("--tenant", "acme", "--as", "ann", "doctor").stdout
    hosting("--tenant", "acme", "backup", f"{tmp_path}/acme.zip")
    hosting("--tenant", "bold", "restore", f"{tmp_path}/acme.zip", "--replace")
    assert names(hosting, "--tenant", "bold") == ["Of acme"]
    hosting("find", "customer", code=3)  # the CRM itself was never upgraded


def test_the_life_of_a_tenant(hosting: CommandLine, tmp_path: object) -> None:
    """Listed, suspended, resumed, exported, restored under another name, upgraded and dropped."""
    assert [each["name"] for each in json.loads(hosting("tenants", "--format", "json").stdout)["tenants"]] == [
        "acme",
        "bold",
    ]
    hosting("tenants", "suspend", "acme")
    assert "suspended" in hosting("tenants").stdout
    assert "suspended" in hosting("--tenant", "acme", "--as", "ann", "find", "customer", code=1).stderr
    hosting("tenants", "resume", "acme")
    hosting("tenants", "export", "acme", f"{tmp_path}/acme.zip")
    hosting("tenants", "restore", "copy", f"{tmp_path}/acme.zip")
    assert names(hosting, "--tenant", "copy") == ["Of acme"]
    assert "3 tenants are up to date" in hosting("tenants", "upgrade", "--parallel", "3").stdout
    assert "--confirm" in hosting("tenants", "drop", "copy", code=1).stderr
    hosting("tenants", "drop", "copy", "--confirm", "copy")
    assert "copy" not in hosting("tenants").stdout


def test_mistakes_have_exit_codes(hosting: CommandLine) -> None:
    """A wrong name is a wrong call; a name that is taken is refused; the tenants themselves belong to no tenant."""
    hosting("--tenant", "nobody", "--as", "ann", "find", "customer", code=2)
    hosting("tenants", "create", "Bad Name", code=2)
    hosting("tenants", "create", "acme", code=1)
    assert "--tenant" in hosting("--tenant", "acme", "tenants", code=2).stderr
    said = hosting("--tenant", "acme", "plugins", "enable", "sales", code=2).stderr
    assert "Leave out --tenant" in said
