"""`crmkit fields`: custom fields on the command line, and everywhere else where fields are named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.fixture
def sized(filled: CommandLine) -> CommandLine:
    """A folder whose customers have a tier."""
    filled("fields", "add", "customer", "tier", "--kind", "choice", "--choice", "gold=Gold!", "--choice", "basic")
    return filled


@pytest.mark.row("B1")
def test_a_field_is_added_used_hidden_and_brought_back(sized: CommandLine) -> None:
    """It is shown, filtered, listed and set by its name, like any other, until it is hidden."""
    assert "tier" in sized("fields", "list").stdout
    sized("update", "customer:Acme", "tier=gold")
    assert "Gold!" in sized("show", "customer:Acme").stdout
    assert "Acme" in sized("find", "customer", "tier == 'gold'", "--fields", "name,tier").stdout
    assert "tier" in sized("model", "customer", "--custom-fields").stdout
    assert "tier" not in sized("model", "customer").stdout
    sized("fields", "hide", "customer", "tier")
    assert "no field 'tier'" in sized("find", "customer", "tier == 'gold'", code=2).stderr
    (found,) = json.loads(sized("fields", "list", "customer", "--format", "json").stdout)["fields"]
    assert (found["name"], found["active"], found["promoted"]) == ("tier", False, False)
    assert "hidden" in sized("fields", "list").stdout
    sized("fields", "unhide", "customer", "tier")
    assert "Acme" in sized("find", "customer", "tier == 'gold'").stdout


def test_what_is_wrong_is_said(sized: CommandLine) -> None:
    """Without a traceback, and with the nearest known name."""
    assert "choices" in sized("fields", "add", "customer", "colour", "--kind", "choice", code=1).stderr
    assert "'tier'" in sized("fields", "hide", "customer", "tiers", code=2).stderr
    assert "'customer'" in sized("fields", "list", "customers", code=2).stderr
    assert "x y" in sized("fields", "add", "customer", "x y", "--kind", "text", code=1).stderr


def test_a_field_goes_out_and_comes_in(sized: CommandLine) -> None:
    """An export has its column, and an import sets it, by the column's name."""
    sized("update", "customer:Acme", "tier=gold")
    sized("export", "customer", "all.csv")
    sized("update", "customer:Acme", "tier=basic")
    sized("import", "all.csv", "--entity", "customer")
    assert "Gold!" in sized("show", "customer:Acme").stdout
    assert "gold" in sized("report", "records", "entity=customer", "fields=name,tier").stdout


@pytest.mark.row("M7")
def test_a_field_is_indexed_promoted_and_purged(sized: CommandLine) -> None:
    """What it holds is the same throughout; purging must be said to be meant."""
    sized("update", "customer:Acme", "tier=gold")
    sized("fields", "index", "customer", "tier")
    sized("fields", "promote", "customer", "tier")
    assert "indexed, promoted" in sized("fields", "list").stdout
    assert "Acme" in sized("find", "customer", "tier == 'gold'").stdout
    assert "--destructive" in sized("fields", "purge", "customer", "tier", code=3).stderr
    assert "with 1 value." in sized("fields", "purge", "customer", "tier", "--destructive").stdout
    assert "tier" not in sized("show", "customer:Acme").stdout
    assert "'tier'" in sized("fields", "promote", "customer", "tier", code=2).stderr
