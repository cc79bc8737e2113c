"""From nothing to a CRM: init, upgrade, plugins, doctor."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit.app import CRM

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory
    from tests.cli.conftest import CommandLine


def test_init_writes_an_edition_that_works(crmkit: CommandLine) -> None:
    """The commands that init names next work as they are."""
    out = crmkit("init", "--plugins", "").stdout
    commands = [shlex.split(line) for line in out.splitlines() if line.startswith("  ")]
    assert len(commands) == 3
    for words in commands:
        crmkit(*words[words.index("crmkit.cli" if "-m" in words else words[0]) + 1 :])
    assert "Acme" in crmkit("find", "customer").stdout


def test_every_example_in_a_new_edition_is_right(crmkit: CommandLine) -> None:
    """With all its comments taken off, the edition that init writes is one."""
    crmkit("init", "--plugins", "")
    path = Path("crmkit.toml")
    text = "\n".join(line.removeprefix("# ") for line in path.read_text().splitlines()[1:])
    path.write_text(text, encoding="utf-8")
    model = CRM.from_edition(path).model
    assert "recall_months" in model.entities["customer"].fields
    assert "clerk" in model.roles


def test_init_takes_answers_by_options(crmkit: CommandLine) -> None:
    """What an option says is not asked for, and quotes in it do no harm."""
    name = 'A "quoted" \\ name\x7f'
    crmkit(
        "init",
        "--name",
        name,
        "--currency",
        "USD",
        "--time-zone",
        "Asia/Shanghai",
        "--locale",
        "zh_Hans_CN",
        "--plugins",
        "",
    )
    written = tomllib.loads(Path("crmkit.toml").read_text())["crm"]
    assert written["name"] == name
    assert (written["currency"], written["time_zone"], written["locale"]) == ("USD", "Asia/Shanghai", "zh_Hans_CN")


def test_init_takes_plugins_with_spaces_between(crmkit: CommandLine) -> None:
    """Names that are no path are taken apart at spaces, too."""
    crmkit("init", "--plugins", "activities workflow, sales")
    found = json.loads(crmkit("plugins", "--format", "json").stdout)["plugins"]
    assert {"activities", "workflow", "sales"} <= {each["name"] for each in found if each["enabled"]}


def test_init_never_overwrites(crmkit: CommandLine) -> None:
    """An edition that is there stays as it is."""
    Path("crmkit.toml").write_text("# mine\n", encoding="utf-8")
    assert "exists already" in crmkit("init", code=2).stderr
    assert Path("crmkit.toml").read_text() == "# mine\n"


def test_init_writes_nothing_that_is_wrong(crmkit: CommandLine) -> None:
    """An answer that can't be used is an error, and no file is left behind."""
    result = crmkit("init", "--currency", "EURO", "--time-zone", "Mars", "--plugins", "", code=2)
    assert len(result.stderr.splitlines()) == 3
    assert not Path("crmkit.toml").exists()


def test_init_writes_where_it_is_told(crmkit: CommandLine) -> None:
    """--edition names the file, and what comes next names it, too."""
    out = crmkit("--edition", "my.toml", "init", "--plugins", "", "--database", "env:NOT_SET_YET").stdout
    assert Path("my.toml").is_file()
    assert "--edition my.toml upgrade" in out


def test_upgrade_says_what_it_did_and_who_is_missing(crmkit: CommandLine) -> None:
    """The first run makes tables, the second has nothing to do; without a user, it says how to make one."""
    crmkit("init", "--plugins", "")
    first = crmkit("upgrade").stdout
    assert "create table crm_customer" in first
    assert "upgrade --admin admin" in first
    assert crmkit("upgrade", "--admin", "admin").stdout.startswith("make admin an administrator")
    assert crmkit("upgrade").stdout == "There was nothing to do.\n"
    assert json.loads(crmkit("upgrade", "--format", "json").stdout) == {"done": []}


def test_plugins_lists_enabled_ones_in_order(filled: CommandLine) -> None:
    """Every enabled plugin is listed with its place, version and source."""
    found = json.loads(filled("plugins", "--format", "json").stdout)["plugins"]
    enabled = [(each["order"], each["name"]) for each in found if each["enabled"]]
    assert enabled == [(1, "core"), (2, "extra"), (3, "edition")]
    assert set(found[0]) == {"name", "enabled", "order", "version", "summary", "source"}
    assert "extra" in filled("plugins").stdout


def test_plugins_works_without_an_edition(crmkit: CommandLine) -> None:
    """What is installed can be listed anywhere."""
    assert "core" in crmkit("plugins").stdout


def test_a_healthy_crm_passes(filled: CommandLine) -> None:
    """The doctor finds nothing, and counts the records."""
    found = json.loads(filled("doctor", "--format", "json").stdout)
    assert found["healthy"] is True
    assert {each["state"] for each in found["checks"]} == {"ok"}
    assert {"Edition", "Plugins", "Database", "Journal", "Schema", "Administrators", "You"} <= {
        each["name"] for each in found["checks"]
    }
    assert found["counts"]["customer"] == 2
    assert "2 customer" in filled("doctor").stdout


def test_the_doctor_names_what_is_wrong_and_what_to_do(filled: CommandLine) -> None:
    """An upgrade that is due, a wrong edition and a missing administrator each have their advice and exit code."""
    edition = Path("crmkit.toml")
    before = edition.read_text()
    edition.write_text(before + '[fields.customer.shoe]\nkind = "text"\n', encoding="utf-8")
    assert "Run crmkit upgrade" in filled("doctor", code=3).stdout
    edition.write_text(before + "[nonsense]\n", encoding="utf-8")
    assert "no section 'nonsense'" in filled("doctor", code=2).stdout
    edition.write_text(before, encoding="utf-8")
    filled("update", "user:1", "roles=member")
    assert "there is none" in filled("doctor", code=1).stdout


def test_the_doctor_finds_expressions_that_cannot_be_read(filled: CommandLine) -> None:
    """A rule whose filter is wrong is found before somebody's work is refused by it."""
    rule = '[[rules]]\nname = "r"\nentity = "customer"\nwhen = "cty == 3"\nmessage = "m"\n'
    Path("crmkit.toml").write_text(Path("crmkit.toml").read_text() + rule, encoding="utf-8")
    assert "the rule 'r' of customer can't be read" in filled("doctor", code=2).stdout


def test_the_doctor_finds_records_whose_stage_is_gone(filled: CommandLine) -> None:
    """Records in a stage that no plugin declares any more are warned of, and nothing else is wrong."""
    filled("move", "opportunity:1", "proposal")
    filled("move", "opportunity:1", "trial")
    extra = Path("extra.py")
    extra.write_text(extra.read_text().replace("    yield AddStage(", "    AddStage("), encoding="utf-8")
    filled("upgrade")
    assert "Of opportunities, 1 is in opportunity.trial, which no plugin declares." in filled("doctor").stdout


def test_the_doctor_survives_a_broken_database(filled: CommandLine) -> None:
    """A file that is no database is a problem with advice."""
    Path("crm.db").unlink()
    Path("crm.db").write_text("no database " * 500, encoding="utf-8")
    assert "file is not a database" in filled("doctor", code=3).stdout


@pytest.mark.parametrize("command", ["upgrade", "doctor"])
def test_both_databases_work(crmkit: CommandLine, make_crm: CRMFactory, command: str) -> None:
    """The command line works on SQLite and on PostgreSQL, in the schema that the edition names."""
    url, schema = make_crm.database()
    where = f'database = "{url}"\n' + (f'schema = "{schema}"\n' if schema else "")
    Path("crmkit.toml").write_text(f"[crm]\n{where}", encoding="utf-8")
    crmkit("upgrade", "--admin", "admin")
    crmkit("create", "customer", "name=Acme")
    assert crmkit(command).stdout
    assert "Acme" in crmkit("find", "customer").stdout
