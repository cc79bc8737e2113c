"""What a CRM says about itself: model, reports, commands of plugins, the shell."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.mark.row("A14")
def test_the_model_can_be_read_by_programs(filled: CommandLine) -> None:
    """The schema tells of every main entity its status, type, level, times, roles and process, and who said it."""
    model = json.loads(filled("model", "--format", "json").stdout)
    assert set(model) >= {"plugins", "entities", "pipelines", "reports", "roles", "settings", "commands", "events"}
    for name in ("customer", "contact", "opportunity", "order"):
        entity = model["entities"][name]
        assert {"type", "level", "owner", "stage", "stage_since", "created_at"} <= set(entity["fields"])
        assert entity["pipelines"] == [name]
        assert model["pipelines"][name]["stages"]
        assert entity["fields"]["level"]["choices"]
    assert model["entities"]["customer"]["fields"]["recall_months"]["provider"] == "extra"
    trial = next(each for each in model["pipelines"]["opportunity"]["stages"] if each["name"] == "trial")
    assert (trial["provider"], trial["label"], trial["requires"]) == ("extra", "On trial", ["amount"])
    assert "multi_customer_contacts" in {each["name"] for each in model["settings"]}


def test_the_schema_of_an_entity_is_json_schema(filled: CommandLine) -> None:
    """Each entity has a JSON schema: required fields, nullable ones, read-only ones, and choices."""
    found = json.loads(filled("model", "customer", "--format", "json").stdout)
    schema = found["entity"]["json_schema"]
    assert schema["required"] == ["name", "type"]
    assert schema["properties"]["recall_months"]["anyOf"] == [
        {"type": "integer", "minimum": 1, "maximum": 60},
        {"type": "null"},
    ]
    assert schema["properties"]["id"]["readOnly"] is True
    assert set(found["pipelines"]) == {"customer"}


def test_people_see_who_said_what(filled: CommandLine) -> None:
    """The model in text names the provider of fields, stages, reports and commands."""
    everything = filled("model").stdout
    assert "trial [extra]" in everything
    assert "cities" in everything
    one = filled("model", "customer").stdout
    assert [line.split()[-1] for line in one.splitlines() if line.strip().startswith("recall_months")] == ["extra"]


def test_reports_are_listed_with_their_parameters(filled: CommandLine) -> None:
    """Without a name, all reports and what they take."""
    assert "minimum=1" in filled("report").stdout
    (found,) = (
        each for each in json.loads(filled("report", "--format", "json").stdout)["reports"] if each["name"] == "cities"
    )
    assert (found["provider"], found["parameters"][0]["default"]) == ("extra", 1)


def test_a_report_comes_in_every_form(filled: CommandLine) -> None:
    """Text, JSON, CSV, HTML and XLSX, to the screen or to a file whose name says the form."""
    assert "Cities" in filled("report", "cities").stdout
    rows = json.loads(filled("report", "cities", "--format", "json").stdout)["rows"]
    assert rows == [{"city": "Lyon", "number": 1}, {"city": "Paris", "number": 1}]
    assert json.loads(filled("report", "cities", "minimum=2", "--format", "json").stdout)["rows"] == []
    assert list(csv.reader(filled("report", "cities", "--format", "csv").stdout.splitlines()))[1] == ["Lyon", "1"]
    filled("report", "cities", "--output", "cities.html")
    assert "<table" in Path("cities.html").read_text()
    filled("--language", "zh_CN", "report", "pipeline", "--output", "pipeline.html")
    assert "阶段" in Path("pipeline.html").read_text(encoding="utf-8")
    filled("report", "cities", "--output", "cities.xlsx")
    assert Path("cities.xlsx").read_bytes().startswith(b"PK")


def test_a_csv_of_a_report_holds_no_formulas(filled: CommandLine) -> None:
    """A city that a spreadsheet would run as a formula is made harmless."""
    filled("create", "customer", "name=X", "city==1+1")
    assert "'=1+1" in filled("report", "cities", "--format", "csv").stdout


def test_commands_of_plugins_are_commands(filled: CommandLine) -> None:
    """A declared command takes its parameters as options and prints what it returns: text, record or table."""
    assert filled("greet", "--name", "Ann").stdout == "Hello Ann, there are 2 customers.\n"
    assert filled("newest").stdout == "customer:2 Bolt\n"
    assert json.loads(filled("newest", "--format", "json").stdout)["record"]["name"] == "Bolt"
    assert "Lyon" in filled("cities").stdout
    assert "Only cities with so many. Default: 1." in filled("cities", "--help").stdout
    assert "Missing option '--name'" in filled("greet", code=2).stderr
    assert "minimum: 'x' is not a number." in filled("cities", "--minimum", "x", code=1).stderr


def test_commands_of_plugins_come_from_what_is_chosen(
    filled: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edition that --edition names elsewhere, or a --plugin without any, is asked for its commands."""
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    edition = str((tmp_path / "crmkit.toml").rename(tmp_path / "chosen.toml"))
    assert filled("--edition", edition, "greet", "--name", "Ann").stdout == "Hello Ann, there are 2 customers.\n"
    chosen = ("--plugin", str(tmp_path / "extra.py"), "--database", f"sqlite:///{tmp_path / 'crm.db'}")
    assert "Greet somebody." in filled(*chosen, "greet", "--help").stdout


def test_commands_of_plugins_are_for_their_roles(filled: CommandLine) -> None:
    """Who has none of a command's roles is refused."""
    filled("create", "user", "name=Ann", "external_id=ann", "roles=member")
    assert "Ann may not run this command greet." in filled("--as", "ann", "greet", "--name", "x", code=1).stderr


def test_the_shell_keeps_what_was_done(filled: CommandLine) -> None:
    """The entities, the CRM and a session are names in the prompt; leaving it keeps the work."""
    out = filled("shell", stdin='session.create(Customer, name="From the shell")\nprint(crm.model.setting)\n').stdout
    assert "bound method" in out
    assert "From the shell" in filled("find", "customer").stdout
    filled("shell", stdin='session.create(Customer, name="And another")\nexit()\n')
    assert "And another" in filled("find", "customer").stdout


def test_the_shell_undoes_what_was_done(filled: CommandLine) -> None:
    """undo() leaves and keeps nothing."""
    filled("shell", stdin='session.create(Customer, name="Undone")\nundo()\n')
    assert "Undone" not in filled("find", "customer").stdout


def test_what_somebody_may_do_is_explained(filled: CommandLine) -> None:
    """A user's rights on a record, each with the role that gives it; as JSON with hidden fields, too."""
    text = filled("explain", "customer:1", "--user", "admin").stdout
    assert "role admin: update all" in text
    found = json.loads(filled("explain", "customer:1", "--user", "admin", "--format", "json").stdout)
    assert (found["record"], found["roles"], found["whole"]) == ("customer:1", ["admin"], None)
    assert all(each["is_allowed"] for each in found["actions"])
