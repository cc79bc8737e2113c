"""`crmkit lookup` shows what other systems know."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

PLUGIN = """
from crmkit import ExternalSource, SqlReader, hookimpl

@hookimpl
def crmkit_declare():
    reader = SqlReader(url="sqlite:///old.db", statement="SELECT no, firm FROM debtor WHERE no IN :ids", key="no")
    yield ExternalSource(name="old", label="Old books", read=reader, reads=("customer",))
"""


def test_lookup_reads_another_system(filled: CommandLine, tmp_path: Path) -> None:
    """By its own id, or all systems by the external ids of a record."""
    (tmp_path / "old.py").write_text(PLUGIN, encoding="utf-8")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("CREATE TABLE debtor (no TEXT, firm TEXT)")
        connection.execute("INSERT INTO debtor VALUES ('7', 'ACME SARL')")
    connection.close()
    with_old = ("--plugin", "./old.py")
    filled(*with_old, "upgrade")
    filled(*with_old, "create", "external_id", "record=customer:1", "system=old", "value=7")
    filled(*with_old, "create", "external_id", "record=customer:1", "system=old", "value=8")
    assert "ACME SARL" in filled(*with_old, "lookup", "old", "7").stdout
    shown = filled(*with_old, "lookup", "customer:Acme").stdout
    assert "Old books 7" in shown
    assert "no such record" in shown
    found = json.loads(filled(*with_old, "lookup", "customer:1", "--format", "json").stdout)["records"]
    assert found[0] == {"system": "old", "id": "7", "state": "found", "values": {"no": "7", "firm": "ACME SARL"}}
    assert "No other system" in filled(*with_old, "lookup", "customer:2").stdout
    assert "old 9" in filled(*with_old, "lookup", "old", "9", code=1).stderr
    assert "old" in filled(*with_old, "lookup", "oldd", "9", code=2).stderr
