"""A user's mistake is a clear line on the standard error and an exit code, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crmkit.cli.program import program

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["fnd"], 2, "There is no command 'fnd'. Did you mean 'find'?"),
        (["find", "custmer"], 2, "There is no entity 'custmer'. Did you mean 'customer'?"),
        (["find", "customer", "cty == 'x'"], 2, "Did you mean 'city'?"),
        (["find", "customer", "__import__('os')"], 2, "At character 1"),
        (["find", "customer", "--fields", "name,owner.nam"], 2, "owner.nam"),
        (["find", "customer", "--order", "nam"], 2, "nam"),
        (["find", "customer", "--after", "rubbish"], 1, "cursor"),
        (["show", "customer"], 2, "name a record by its entity and id, like customer:5"),
        (["show", "customer:99"], 1, "There is no customer 99."),
        (["show", "custmer:1"], 2, "Did you mean 'customer'?"),
        (["show", "customer:9999999999999999999"], 1, "There is no customer"),
        (["create", "customer", "name"], 2, "write it like field=value"),
        (["create", "customer", "=x"], 2, "write it like field=value"),
        (["create", "customer", "name=a", "name=b"], 2, "the field 'name' is given twice"),
        (["create", "customer", "nam=a"], 1, "nam: There is no such field. Did you mean 'name'?"),
        (["create", "customer", "city=Rome"], 1, "name: A value is required."),
        (
            ["create", "customer", "name=Boom"],
            1,
            "Plugin 'extra' failed in crmkit_before_create: RuntimeError: it broke",
        ),
        (["create", "opportunity", "name=x", "amount=lots"], 1, "'lots' is not an amount of money"),
        (["create", "customer", "name=x", "id=5"], 1, "id: The system sets this field."),
        (["update", "customer:1", "version=9"], 1, "version: The system sets this field."),
        (["move", "opportunity:1", "wonn"], 1, "stage: There is no stage 'wonn'. Did you mean 'won'?"),
        (["move", "customer:1", "won"], 1, "There is no stage 'won'."),
        (["report", "citys"], 2, "There is no report 'citys'. Did you mean 'cities'?"),
        (["report", "cities", "minimun=2"], 1, "minimun: There is no such parameter. Did you mean 'minimum'?"),
        (["report", "cities", "minimum=x"], 1, "minimum: 'x' is not a number."),
        (["report", "cities", "--format", "svg"], 1, "has no chart"),
        (["report", "cities", "--output", "no/such/folder.csv"], 2, "can't be written: No such file or directory"),
        (["model", "custmer"], 2, "Did you mean 'customer'?"),
        (["--as", "nobody", "find", "customer"], 2, "There is no active user 'nobody'."),
        (["--plugin", "nosuch", "find", "customer"], 2, "Plugin 'nosuch', wanted by the list, is not installed."),
        (["--plugin", "./nosuch.py", "find", "customer"], 2, "there is no such file"),
        (["--database", "crm.db", "find", "customer"], 2, "is not the URL of a database"),
        (["--database", "mysql://x/y", "find", "customer"], 3, "mysql"),
        (["--database", "sqlite:////no/such/folder/crm.db", "find", "customer"], 3, "unable to open database file"),
        (["--database", "sqlite://", "find", "customer"], 3, "Run `crmkit upgrade`."),
        (["--database", "postgresql://nobody@127.0.0.1:1/none", "find", "customer"], 3, "can't be reached"),
        (["--database", "postgresql://host:port/x", "find", "customer"], 3, "The URL of the database can't be used"),
        (["--edition", "none.toml", "find", "customer"], 2, "The file can't be read: No such file or directory."),
        (["import"], 2, "Say either a MAPPING or --revert ID."),
        (["import", "m.toml", "--revert", "1"], 2, "Say either a MAPPING or --revert ID."),
    ],
)
def test_a_mistake_is_a_line_and_an_exit_code(filled: CommandLine, arguments: list[str], code: int, words: str) -> None:
    """2 for a wrong call or edition, 1 for a refusal, 3 for a database that can't be used."""
    result = filled(*arguments, code=code)
    assert words in result.stderr
    assert result.stdout == ""


def test_a_wrong_edition_lists_every_problem_on_its_line(crmkit: CommandLine) -> None:
    """An edition with several mistakes gives a line for each."""
    Path("crmkit.toml").write_text('[crm]\nnam = "x"\n[labels]\ncustmer = "x"\n', encoding="utf-8")
    for command in (["find", "customer"], ["model"], ["plugins"], ["upgrade"], ["unknown"]):
        lines = crmkit(*command, code=2).stderr.splitlines()
        assert lines[0].endswith("crmkit.toml can't be used.")
        assert len(lines) == 3


def test_without_an_edition_the_way_out_is_named(crmkit: CommandLine) -> None:
    """Where nothing says which CRM is meant, the error says what to do."""
    assert "Run `crmkit init`" in crmkit("find", "customer", code=2).stderr
    assert "There is no command 'nonsense'" in crmkit("nonsense", code=2).stderr


def test_a_database_that_needs_an_upgrade_says_so(filled: CommandLine) -> None:
    """A changed edition is noticed, and `upgrade` repairs it."""
    edition = Path("crmkit.toml")
    edition.write_text(edition.read_text() + '[fields.customer.shoe]\nkind = "text"\n', encoding="utf-8")
    assert "Run `crmkit upgrade`." in filled("find", "customer", code=3).stderr
    assert "shoe" in filled("upgrade").stdout
    filled("update", "customer:1", "shoe=42")


def test_a_file_that_is_no_database_is_no_bug(filled: CommandLine) -> None:
    """A text file in the place of the database is named, not traced."""
    Path("crm.db").unlink()
    Path("crm.db").write_text("This is not a database, but a long text. " * 100, encoding="utf-8")
    assert "file is not a database" in filled("find", "customer", code=3).stderr


def test_a_bug_shows_its_traceback(filled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that crmkit didn't foresee is not hidden behind a line."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("crmkit.cli.showing.record_pairs", broken)
    with pytest.raises(ZeroDivisionError):
        filled("show", "customer:1")


def test_the_edition_is_found_in_a_folder_above(filled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest edition upward from the working directory is used, and its database lies beside it."""
    Path("a/b").mkdir(parents=True)
    monkeypatch.chdir("a/b")
    assert "Acme" in filled("find", "customer").stdout
    assert not list(Path().iterdir())


def test_edition_and_actor_may_come_from_the_environment(
    filled: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CRMKIT_EDITION and CRMKIT_ACTOR stand in for the options."""
    filled("create", "user", "name=Ann", "external_id=ann", "roles=viewer")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    monkeypatch.setenv("CRMKIT_EDITION", str(tmp_path / "crmkit.toml"))
    monkeypatch.setenv("CRMKIT_ACTOR", "ann")
    assert "Acme" in filled("find", "customer").stdout
    assert "ann may not create" in filled("create", "customer", "name=x", code=1).stderr.lower()


def test_a_further_plugin_and_another_database_by_options(filled: CommandLine) -> None:
    """--plugin adds to the edition's plugins, --database replaces its database."""
    code = "from crmkit import Customer, extend, hookimpl, text\n\n@extend(Customer)\nclass More:\n"
    code += "    shoe: str | None = text()\n\n"
    Path("more.py").write_text(code + "@hookimpl\ndef crmkit_declare():\n    yield More\n", encoding="utf-8")
    options = ("--plugin", "./more.py", "--database", "sqlite:///other.db")
    filled(*options, "upgrade", "--admin", "admin")
    filled(*options, "create", "customer", "name=Only there", "shoe=42")
    assert "Only there" in filled(*options, "find", "customer").stdout
    assert "Only there" not in filled("find", "customer").stdout
    assert Path("other.db").is_file()


def test_every_summary_in_the_help_is_its_commands_own() -> None:
    """The help lists commands without importing them, so its words are checked against theirs."""
    import click

    from crmkit.cli.program import SECTIONS

    context = click.Context(program)
    for _, commands in SECTIONS:
        for name, _, summary in commands:
            command = program.get_command(context, name)
            assert command is not None
            assert (command.help or "").splitlines()[0].rstrip() == summary, name
            assert command.name == name


def test_nothing_is_left_open(filled: CommandLine) -> None:
    """Commands close the database, so that the write-ahead log is gone when they end."""
    filled("find", "customer")
    assert not os.path.exists("crm.db-wal")  # noqa: PTH110  (the name is the database's)
