"""Plugins on the command line: planned, enabled, disabled and purged."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


def listed() -> list[str]:
    """Return the plugins on the edition's list."""
    found: list[str] = tomllib.loads(Path("crmkit.toml").read_text("utf-8"))["crm"]["plugins"]
    return found


def states(crmkit: CommandLine) -> dict[str, tuple[str, int]]:
    """Return the state of every plugin that the database knows, with what it keeps."""
    found = json.loads(crmkit("plugins", "status", "--format", "json").stdout)["plugins"]
    return {each["name"]: (each["state"], each["rows"]) for each in found if each["state"] != "available"}


@pytest.mark.row("M7", "M8")
def test_a_plugin_is_planned_enabled_disabled_and_purged(filled: CommandLine) -> None:
    """A plan shows it first and writes nothing; then each step does it, in the database and on the list."""
    edition = Path("crmkit.toml").read_text("utf-8")
    shown = filled("plugins", "plan", "--enable", "sales").stdout
    assert "+ enable plugin sales" in shown
    assert "+ add column crm_opportunity.lost_reason" in shown
    assert Path("crmkit.toml").read_text("utf-8") == edition
    assert "sales" not in states(filled)
    filled("plugins", "enable", "sales")
    assert listed() == ["./extra.py", "sales"]
    assert states(filled)["sales"] == ("enabled", 0)
    filled("move", "opportunity:1", "lost", "lost_reason=price")
    assert states(filled)["sales"] == ("enabled", 2)
    assert "o disable plugin sales" in filled("plugins", "plan", "--disable", "sales").stdout
    filled("plugins", "disable", "sales")
    assert listed() == ["./extra.py"]
    assert states(filled)["sales"] == ("disabled", 2)
    assert "price" not in filled("show", "opportunity:1").stdout
    refused = filled("plugins", "purge", "sales", code=3)
    assert "- drop field opportunity.lost_reason with 1 value" in refused.stdout
    assert "--destructive" in refused.stderr
    assert states(filled)["sales"] == ("disabled", 2)
    filled("plugins", "purge", "sales", "--destructive", "--export", "kept")
    assert "sales" not in states(filled)
    (row,) = Path("kept/sales/crm_opportunity.jsonl").read_text("utf-8").splitlines()
    assert json.loads(row)["lost_reason"] == "price"
    assert "nothing to do" in filled("plugins", "plan").stdout


def test_a_plan_that_was_read_is_the_one_that_is_done(filled: CommandLine) -> None:
    """A fingerprint makes sure that what was shown is what happens."""
    made = json.loads(filled("plugins", "plan", "--enable", "sales", "--format", "json").stdout)
    assert (made["destructive"], made["problems"]) == (False, [])
    assert "Make a new one" in filled("plugins", "apply", "--enable", "sales", "--plan", "f00", code=3).stderr
    assert listed() == ["./extra.py"]
    done = filled("plugins", "apply", "--enable", "sales", "--plan", made["fingerprint"], "--format", "json").stdout
    assert json.loads(done)["done"] == [each["text"] for each in made["steps"]]
    assert listed() == ["./extra.py", "sales"]


def test_a_plugin_that_is_gone_is_purged_by_what_the_database_knows(filled: CommandLine) -> None:
    """The file of the plugin isn't there any more, and all it left goes."""
    filled("update", "customer:1", "recall_months=6")
    Path("crmkit.toml").write_text(Path("crmkit.toml").read_text("utf-8").replace('"./extra.py"', ""), encoding="utf-8")
    Path("extra.py").unlink()
    filled("plugins", "purge", "extra", "--destructive")
    assert "extra" not in states(filled)
    assert "recall" not in filled("show", "customer:1").stdout


def test_mistakes_change_nothing(filled: CommandLine) -> None:
    """Unknown names are told with the nearest one, and the list stays as it is."""
    before = Path("crmkit.toml").read_text("utf-8")
    assert "sales" in filled("plugins", "enable", "sails", code=2).stderr
    assert "./extra.py" in filled("plugins", "disable", "extra", code=2).stderr
    assert "extra" in filled("plugins", "purge", "extro", "--destructive", code=2).stderr
    assert Path("crmkit.toml").read_text("utf-8") == before


def test_a_plugin_that_hides_records_is_not_disabled_by_accident(filled: CommandLine) -> None:
    """Its restriction is named, in the plan and by the refusal, and the list stays; `--lift-restrictions` lifts it."""
    Path("closing.py").write_text(
        "from crmkit import Restriction, hookimpl\n\n\n"
        "@hookimpl\ndef crmkit_declare():\n"
        '    yield Restriction(name="mine", entity="customer", where="owner == me()")\n',
        encoding="utf-8",
    )
    filled("plugins", "enable", "./closing.py")
    shown = filled("plugins", "plan", "--disable", "./closing.py").stdout
    assert "! lift the restriction customer.mine" in shown
    for command in (("disable", "./closing.py"), ("apply", "--disable", "./closing.py")):
        assert "--lift-restrictions" in filled("plugins", *command, code=3).stderr
    assert listed() == ["./extra.py", "./closing.py"]
    filled("plugins", "disable", "./closing.py", "--lift-restrictions")
    assert listed() == ["./extra.py"]
