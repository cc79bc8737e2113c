"""Modes on the command line: listed, suggested, enabled and disabled; presets."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import CommandLine

MODE = """
from crmkit import Mode

MODE = Mode(
    name="rental",
    purpose="Things go out and come back.",
    suits="Rental",
    suited_by={"buying": {"counter": 2}, "duration": {"years": -3}},
)
"""
PLUGIN = """
from crmkit import AddStage, Customer, Manifest, Report, Stage, Table, Column, extend, hookimpl, text
from crmkit_rental.mode import MODE

manifest = Manifest(name="rental", version="1.0")


@extend(Customer)
class Licence:
    driving_licence: str | None = text(max=40)


def rented(session):
    return Table([Column("a", "A")], [], title="Rented")


@hookimpl
def crmkit_declare():
    yield MODE
    yield Licence
    yield AddStage("opportunity", Stage("reserved"), before="won", on_remove="map:proposal")
    yield Report(name="rented", run=rented, reads=("customer",))
"""
ENTRY_POINTS = """
[crmkit.plugins]
rental = crmkit_rental.plugin
[crmkit.modes]
rental = crmkit_rental.mode:MODE
"""


@pytest.fixture
def rental(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution that brings the mode `rental`, as long as the test runs."""
    site = tmp_path / "site"
    for name, content in {
        "crmkit_rental/__init__.py": "",
        "crmkit_rental/mode.py": MODE,
        "crmkit_rental/plugin.py": PLUGIN,
        "crmkit_rental-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: crmkit-rental\nVersion: 1.0\n",
        "crmkit_rental-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
    }.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content, encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "crmkit_rental"]:
        del sys.modules[name]


def plugins() -> list[str]:
    """Return the plugins in the list of the edition."""
    found: list[str] = tomllib.loads(Path("crmkit.toml").read_text("utf-8"))["crm"]["plugins"]
    return found


@pytest.mark.row("N25")
@pytest.mark.usefixtures("rental")
def test_an_installed_mode_is_listed_and_says_what_it_brings_once_enabled(filled: CommandLine) -> None:
    """What is installed is known by its own declaration; what it brings is read off the model."""
    (before,) = json.loads(filled("modes", "--format", "json").stdout)["modes"]
    assert (before["name"], before["enabled"], before["stages"]) == ("rental", False, None)
    assert "Things go out" in filled("modes").stdout
    filled("modes", "enable", "rental")
    (after,) = json.loads(filled("modes", "--format", "json").stdout)["modes"]
    assert (after["enabled"], after["needs"], after["entities"]) == (True, [], [])
    assert (after["fields"], after["stages"]) == (["customer.driving_licence"], ["opportunity.reserved"])
    assert after["reports"] == ["rented"]


@pytest.mark.row("N25")
@pytest.mark.usefixtures("rental")
def test_enabling_and_disabling_changes_only_the_list_of_plugins(filled: CommandLine) -> None:
    """Everything else in the edition stays as it is written, comments and all."""
    path = Path("crmkit.toml")
    path.write_text(path.read_text("utf-8") + "# a remark with plugins = [] in it\n", encoding="utf-8")
    before = path.read_text("utf-8")
    assert "upgrade" in filled("modes", "enable", "rental").stdout
    assert plugins() == ["./extra.py", "rental"]
    filled("upgrade")
    filled("update", "customer:1", "driving_licence=B-17")
    filled("modes", "disable", "rental")
    assert path.read_text("utf-8") == before
    filled("upgrade")
    assert "B-17" not in filled("show", "customer:1").stdout
    filled("modes", "enable", "rental")
    filled("upgrade")
    assert "B-17" in filled("show", "customer:1").stdout


@pytest.mark.usefixtures("rental")
def test_an_edition_that_would_not_fit_is_left_as_it_is(filled: CommandLine) -> None:
    """The edition is assembled with the new list before it is written."""
    path = Path("crmkit.toml")
    clash = '\n[fields.customer.driving_licence]\nkind = "integer"\n'
    path.write_text(path.read_text("utf-8") + clash, encoding="utf-8")
    before = path.read_text("utf-8")
    assert "driving_licence" in filled("modes", "enable", "rental", code=2).stderr
    assert "rental" in filled("modes", "enable", "rentel", code=2).stderr
    assert "extra" in filled("modes", "disable", "./extra.pi", code=2).stderr
    assert path.read_text("utf-8") == before


def test_a_list_that_is_not_understood_is_left_alone(filled: CommandLine) -> None:
    """A key written as `crm.plugins` is valid TOML, and nothing that is edited here."""
    Path("crmkit.toml").write_text('crm.plugins = ["./extra.py"]\n', encoding="utf-8")
    assert 'plugins = ["./extra.py", "sales", "activities"]' in filled("modes", "preset", "start_up", code=2).stderr
    assert Path("crmkit.toml").read_text("utf-8") == 'crm.plugins = ["./extra.py"]\n'


@pytest.mark.row("N25")
@pytest.mark.usefixtures("rental")
def test_modes_are_suggested_by_answers(filled: CommandLine) -> None:
    """A mode is suggested if the weights of the answers are above 0 in all."""
    assert "Rental (rental)" in filled("modes", "suggest", "buying=counter").stdout
    told = json.loads(filled("modes", "suggest", "buying=counter", "--format", "json").stdout)
    assert told["suggested"] == [{"name": "rental", "weight": 2}]
    assert {each["name"] for each in told["questions"]} >= {"customers", "buying", "duration"}
    assert "No installed mode" in filled("modes", "suggest", "buying=counter", "duration=years").stdout
    assert "counter" in filled("modes", "suggest", "buying=conter", code=2).stderr
    assert "buying" in filled("modes", "suggest", "byuing=counter", code=2).stderr


@pytest.mark.row("N27")
def test_a_preset_adds_its_plugins_and_takes_none_away(filled: CommandLine) -> None:
    """Growing keeps what there is; what is not installed is named."""
    result = filled("modes", "preset", "growth")
    assert "marketing" in result.stderr
    assert plugins() == ["./extra.py", "sales", "activities", "workflow"]
    told = json.loads(filled("modes", "preset", "--format", "json").stdout)["presets"]
    held = {each["name"]: set(each["plugins"]) for each in told}
    assert held["start_up"] < held["growth"] < held["regrowth"]


@pytest.mark.row("N25", "N27")
@pytest.mark.usefixtures("rental")
def test_a_crm_begins_with_a_preset_and_modes(crmkit: CommandLine) -> None:
    """`init` takes both, beside plugins."""
    crmkit("init", "--preset", "start_up", "--mode", "rental")
    assert plugins() == ["sales", "activities", "rental"]
    assert "rental" in crmkit("--edition", "x.toml", "init", "--mode", "rentel", code=2).stderr
