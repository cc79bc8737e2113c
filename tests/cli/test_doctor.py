"""The doctor: every sickness, really brought about, is named together with what to do."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

FAILING = """
from crmkit import Handler


def fail(session, occurrence):
    raise RuntimeError("no ink")


@hookimpl
def crmkit_declare(former=crmkit_declare):
    yield from former()
    yield Handler(name="print_letter", events=("customer.created",), run=fail)
"""
NEWER = """
from crmkit import Manifest, UpgradeStep

manifest = Manifest(name="extra", version="1.1")


def fail(session, cursor):
    raise RuntimeError("the power went")


@hookimpl
def crmkit_declare(former=crmkit_declare):
    yield from former()
    yield UpgradeStep(name="fill", run=fail)
"""


def sick(filled: CommandLine, name: str, *options: str, code: int = 0) -> list[tuple[str, str, str]]:
    """Return state, text and advice of the checks of a name that are not well; advice is one sentence."""
    answer = json.loads(filled(*options, "doctor", "--format", "json", code=code).stdout)
    assert answer["healthy"] == (code == 0)
    found = [each for each in answer["checks"] if each["state"] != "ok"]
    for each in found:
        assert each["advice"].endswith("."), each
    return [(each["state"], each["text"], each["advice"]) for each in found if each["name"] == name]


def one(found: list[tuple[str, str, str]], state: str, text: str, advice: str) -> None:
    """Check that there is one finding, of this state, with these words."""
    assert len(found) == 1, found
    assert found[0][0] == state
    assert text in found[0][1]
    assert advice in found[0][2]


def tamper(*statements: str) -> None:
    """Run statements in the database, past everything that would refuse them."""
    with closing(sqlite3.connect("crm.db", isolation_level=None)) as connection:
        for each in statements:
            connection.execute(each)


def add(code: str) -> None:
    """Add code to the plugin."""
    path = Path("extra.py")
    path.write_text(path.read_text("utf-8") + code, encoding="utf-8")


def test_a_database_that_is_not_there(filled: CommandLine) -> None:
    """A server that doesn't answer is to be started."""
    found = sick(filled, "Database", "--database", "postgresql://root@127.0.0.1:1/crm", code=3)
    one(found, "problem", "can't be reached", "Start it, or correct the URL.")


def test_a_database_of_a_newer_plugin(filled: CommandLine) -> None:
    """Which versions are to be installed is said, and nothing is changed."""
    tamper("UPDATE crm_plugin SET version = '9.0' WHERE name = 'core'")
    one(sick(filled, "Database", code=3), "problem", "core 9.0", "Install at least these versions")


def test_an_upgrade_that_stopped_halfway(filled: CommandLine) -> None:
    """The step that is not finished is named, and goes on with the next upgrade."""
    add(NEWER)
    assert "the power went" in filled("upgrade", code=1).stderr
    one(sick(filled, "Schema", code=3), "problem", "'fill' of the plugin 'extra' is not finished", "goes on where it")


def test_a_plugin_that_is_gone(filled: CommandLine) -> None:
    """Off the list, it is to come back or to be disabled; disabled, its data are named, with the way to drop them."""
    filled("update", "customer:1", "recall_months=6")
    edition = Path("crmkit.toml")
    edition.write_text(edition.read_text("utf-8").replace('"./extra.py"', ""), encoding="utf-8")
    one(sick(filled, "Schema", code=3), "problem", "plugin 'extra' is gone", "Put extra on the list of plugins again")
    filled("upgrade")
    one(sick(filled, "Plugins"), "warning", "extra is disabled, its code isn't installed, and 1 record", "purge extra")


def test_a_handler_that_fails(filled: CommandLine) -> None:
    """It is a warning while it is tried again, a problem once it was given up, and each says what it raised."""
    filled("worker", "--once")  # what is due in every minute
    add(FAILING)
    filled("upgrade")
    filled("create", "customer", "name=New")
    assert sick(filled, "Outbox") == []
    tamper("UPDATE crm_event SET at = '2020-01-01 00:00:00'")
    one(sick(filled, "Outbox"), "warning", "due since 2020-01-01 00:00 UTC", "Run crmkit worker.")
    filled("worker", "--once")
    one(sick(filled, "Outbox"), "warning", "handler:extra.print_letter fails", "Correct the plugin, or what it calls.")
    tamper("UPDATE crm_work SET tries = 76, due_at = '2020-01-01 00:00:00' WHERE problem IS NOT NULL")
    filled("worker", "--once")
    one(sick(filled, "Outbox", code=1), "problem", "RuntimeError: no ink", "then run crmkit outbox replay.")


def test_work_that_waits_for_a_plugin_that_is_gone(filled: CommandLine) -> None:
    """What nobody declares any more is named."""
    add(FAILING)
    filled("upgrade")
    filled("create", "customer", "name=New")
    filled("worker", "--once")
    path = Path("extra.py")
    path.write_text(path.read_text("utf-8").replace(FAILING, ""), encoding="utf-8")
    filled("upgrade")
    one(sick(filled, "Outbox"), "warning", "handler:extra.print_letter, which no plugin", "Enable its plugin again")


@pytest.mark.parametrize(("module", "extra"), [("vl_convert", "charts"), ("psycopg", "postgresql")])
def test_an_optional_package_that_is_missing(
    filled: CommandLine, monkeypatch: pytest.MonkeyPatch, module: str, extra: str
) -> None:
    """What can't be done without it is said, and the command that installs it."""
    monkeypatch.setitem(sys.modules, module, None)
    one(sick(filled, "Optional packages"), "warning", extra, f"`pip install 'crmkit[{extra}]'`")


def test_a_file_that_is_damaged(filled: CommandLine) -> None:
    """An index that doesn't agree with its table is found, and the latest backup is to be restored."""
    tamper(
        "CREATE INDEX crm_by_city ON crm_customer (city)",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, '(city)', '(country)') WHERE name = 'crm_by_city'",
    )
    one(sick(filled, "Integrity", code=3), "problem", "crm_by_city", "restore the latest backup")


def test_rows_that_refer_to_nothing(filled: CommandLine) -> None:
    """A customer whose owner isn't there is found, whoever took the owner away."""
    tamper("UPDATE crm_customer SET owner_id = 999 WHERE id = 1")
    one(sick(filled, "Integrity", code=1), "problem", "crm_customer > crm_user", "crmkit verify")


def test_a_clock_that_is_behind(filled: CommandLine) -> None:
    """Changes that are still to come are found."""
    tamper("UPDATE crm_change SET at = '2999-01-01 00:00:00' WHERE id = 2")
    one(sick(filled, "Clock"), "warning", "2999-01-01 00:00 UTC, which is still to come", "by one time server.")


def test_a_plugin_that_is_translated_in_part(filled: CommandLine) -> None:
    """In the language of the CRM, texts without a translation are counted; in English there is nothing to translate."""
    filled("translate", "extra", "zh_CN")
    assert sick(filled, "Translations") == []
    edition = Path("crmkit.toml")
    edition.write_text(edition.read_text("utf-8") + 'locale = "zh_CN"\n', encoding="utf-8")
    filled("upgrade")
    found = sick(filled, "Translations")
    one(found, "warning", "texts of extra are not translated into zh_CN", "Run crmkit translate extra zh_CN")


def test_seals_that_are_behind(filled: CommandLine) -> None:
    """Once there are seals, changes that stay under none for an hour are counted."""
    filled("update", "customer:1", "city=Nice")
    tamper("UPDATE crm_change SET at = '2020-01-01 00:00:00'")
    assert sick(filled, "Seals") == []
    filled("audit", "seal")
    assert sick(filled, "Seals") == []
    filled("update", "customer:1", "city=Lyon")
    tamper("UPDATE crm_change SET at = '2020-01-01 00:00:00' WHERE id = (SELECT max(id) FROM crm_change)")
    one(
        sick(filled, "Seals"),
        "warning",
        "1 change is under no seal, since 2020-01-01 00:00 UTC",
        "audit seal regularly",
    )
